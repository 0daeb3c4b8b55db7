"""Huge revisions as chunk messages, written to a file first: what feeds a room must not count as its memory."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from contracts.base import CHUNK_ROWS, Chunk, canonical


class Parts:
    """The parts of one revision; iterating gives the bodies as they travel, once.

    Rows have every field of their model.
    """

    def __init__(self, cls: type[Chunk], *, stream_id: str, revision: int = 1, **fields: Any) -> None:
        self.cls = cls
        self._fields = {"stream_id": stream_id, "revision": revision, **fields}
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the parts
        self._sizes: list[int] = []
        self._digest = hashlib.sha256()
        self._page: list[bytes] = []

    def add(self, rows: Iterable[Mapping[str, Any]]) -> "Parts":
        """Further rows; `end` after the last ones."""
        for row in rows:
            text = canonical(row)
            self._digest.update(text + b"\n")
            self._page.append(text)
            if len(self._page) == CHUNK_ROWS:
                self._write(self._page)
                self._page = []
        return self

    def end(self) -> "Parts":
        """No more rows; none at all is one empty part."""
        if self._page or not self._sizes:
            self._write(self._page)
            self._page = []
        return self

    def _write(self, page: list[bytes]) -> None:
        text = b"[" + b",".join(page) + b"]"
        self._sizes.append(len(text))
        self._file.write(text)

    @property
    def key(self) -> str:
        """The key that all parts travel under."""
        return str(self._fields[self.cls.KEY])

    def __iter__(self) -> Iterator[bytes]:
        """The bodies, once: the file is gone after the last one."""
        digest = self._digest.hexdigest()
        with self._file:
            self._file.seek(0)
            for index, size in enumerate(self._sizes):
                head = {**self._fields, "index": index, "count": len(self._sizes), "digest": digest}
                rows = self._file.read(size)
                yield orjson.dumps(head)[:-1] + b',"' + self.cls.ROWS.encode() + b'":' + rows + b"}"

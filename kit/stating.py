"""A revision stated page by page: rows become bytes at once, so that a huge one is never in memory as models."""

import hashlib
from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import BaseModel, TypeAdapter

from contracts.base import CHUNK_ROWS, Chunk, canonical
from kit import chunks
from kit.db import Tx


class Statement:
    """`add` the rows in order, then `state` them once; the parts are the same as those of `chunks.state`."""

    def __init__(self, cls: type[Chunk]) -> None:
        self._cls = cls
        self._digest = hashlib.sha256()
        self._parts: list[bytes] = []
        self._page: list[bytes] = []
        self.rows = 0

    def add(self, rows: Iterable[BaseModel]) -> None:
        """The next rows."""
        for row in rows:
            text = canonical(row.model_dump(mode="json"))
            self._digest.update(text + b"\n")
            self._page.append(text)
            self.rows += 1
            if len(self._page) == CHUNK_ROWS:
                self._close()

    def _close(self) -> None:
        self._parts.append(b"[" + b",".join(self._page) + b"]")
        self._page = []

    async def state(
        self, tx: Tx, *, stream_id: str, revision: int, cause: str | None = None, **fields: Any
    ) -> None:
        """Emit all parts and mark the revision complete here; no row at all is one empty part."""
        if self._page or not self._parts:
            self._close()
        count, digest = len(self._parts), self._digest.hexdigest()
        for index in range(count):
            rows = _adapter(self._cls).validate_json(self._parts[index])
            self._parts[index] = b""  # the outbox holds it from here on
            message = self._cls(
                stream_id=stream_id,
                revision=revision,
                index=index,
                count=count,
                digest=digest,
                **{self._cls.ROWS: rows},
                **fields,
            )
            tx.emit(message, cause=cause)
        await chunks.mark(tx, stream_id, revision)


@cache
def _adapter(cls: type[Chunk]) -> TypeAdapter[Any]:
    return TypeAdapter[Any](cls.model_fields[cls.ROWS].annotation or Any)

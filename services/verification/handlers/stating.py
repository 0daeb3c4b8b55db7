"""Findings on their way out: kept as bytes until the digest over all of them is known."""

import hashlib
from typing import Any

from pydantic import TypeAdapter

from contracts.base import CHUNK_ROWS, canonical
from contracts.verification import FindingsStated, LineFinding
from kit import chunks
from kit.db import Tx

_FINDINGS = TypeAdapter(list[LineFinding])


class Findings:
    """Rows are added one by one and stated once, in parts; a million rows of models are never in memory."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._parts: list[bytes] = []
        self._rows: list[bytes] = []

    def add(self, finding: dict[str, Any]) -> None:
        """One line's finding, with every field of `LineFinding`."""
        row = canonical(finding)
        self._digest.update(row + b"\n")
        self._rows.append(row)
        if len(self._rows) == CHUNK_ROWS:
            self._close()

    def _close(self) -> None:
        self._parts.append(b"[" + b",".join(self._rows) + b"]")
        self._rows = []

    async def state(self, tx: Tx, stream_id: str, cause: str, **fields: Any) -> None:
        """Emit all parts; no finding at all is one empty part."""
        if self._rows or not self._parts:
            self._close()
        count, digest = len(self._parts), self._digest.hexdigest()
        for index, part in enumerate(self._parts):
            message = FindingsStated(
                stream_id=stream_id, revision=1, index=index, count=count, digest=digest,
                findings=_FINDINGS.validate_json(part), **fields,
            )  # fmt: skip
            self._parts[index] = b""
            tx.emit(message, cause=cause)
        await chunks.mark(tx, stream_id, 1)

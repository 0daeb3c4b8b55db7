"""Receipts as a client keeps them: one line per accepted request, on disk before the next step is taken.

The checker holds the system to them: what was answered with 2xx must be there in the end. Each line is
`{"kind", "id", "at"}`, ids only; kinds: project, reference, standard, quota, batch, application, roster, slices
(the id is `<batch>/<township>`), work_item, notice (`<notice>/<step>`), objection (`<objection>/<step>`), set,
and `injected` for poison that was put in on purpose (`<room>/<what>`).
"""

import json
import os
from pathlib import Path
from typing import Self

from kit.clock import wall_now

FILE = "journal.ndjson"


class Journal:
    """Append-only, fsynced line by line; a context manager."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / FILE
        self._file = self.path.open("a", encoding="utf-8")
        self.receipts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def note(self, kind: str, identity: str) -> None:
        """Keep a receipt."""
        line = {"kind": kind, "id": identity, "at": wall_now().isoformat()}
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.receipts += 1

"""I9: planted names and numbers of persons stand nowhere outside the vault, except where decisions §7 says so."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from checker.invariant import Invariant
from checker.sources import Sources

ALLOWED = {
    ("publicity", "notice_row", "posted"): "names",
    ("publicity", "notice_row", "masked"): "names",
}
"""Room, table, column → what may stand there: the names on a posted sheet. All else that decisions §7 allows
(rosters, bank files, photos) is encrypted, so nothing of it may be readable here either."""

TEXTUAL = "('text', 'character varying', 'character', 'jsonb', 'json', 'bytea', 'ARRAY', 'name')"
_DIGITS = re.compile(r"\d{6,}[0-9Xx]?")
_HAN = re.compile(r"[\u3400-\u9fff·]{2,}")
_PIECE = 1 << 22


class Canaries:
    """The planted strings; finds them inside runs of digits or of Han characters, wherever these stand."""

    def __init__(self, planted: Iterable[str]) -> None:
        self.numbers: dict[int, set[str]] = defaultdict(set)
        self.names: dict[int, set[str]] = defaultdict(set)
        for one in (text.strip() for text in planted):
            if len(one) >= 2:
                by_length = self.names if _HAN.fullmatch(one) else self.numbers
                by_length[len(one)].add(one.upper())

    def __len__(self) -> int:
        return sum(len(one) for group in (self.numbers, self.names) for one in group.values())

    def within(self, text: str) -> Iterator[str]:
        """Kind ("numbers" or "names") of each canary met in the text; never the canary itself."""
        for kind, pattern, by_length in (("numbers", _DIGITS, self.numbers), ("names", _HAN, self.names)):
            for match in pattern.finditer(text):
                run = match[0].upper()
                for length, known in by_length.items():
                    if any(run[at : at + length] in known for at in range(len(run) - length + 1)):
                        yield kind


async def canaries(found: Invariant, sources: Sources) -> None:
    """Databases (the outbox holds the value of every message), the broker's files, logs and answers."""
    planted = Canaries(sources.canaries)
    found.figures["canaries"] = len(planted)
    if not len(planted):
        found.fail("no canaries were given: nothing can be said")
        return
    for room in sources.rooms:
        await _database(found, sources, room, planted)
    for folder, what in ((sources.logs, "log"), (sources.topics, "topic"), (sources.responses, "answer")):
        for path in sorted(folder.rglob("*")) if folder else []:
            if path.is_file() and path.suffix not in (".index", ".timeindex"):
                _file(found, path, what, planted)


async def _database(found: Invariant, sources: Sources, room: str, planted: Canaries) -> None:
    columns: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in await sources.rows(
        room,
        "SELECT table_name, column_name, data_type FROM information_schema.columns "
        f"WHERE table_schema = 'public' AND data_type IN {TEXTUAL} ORDER BY 1, 2",
    ):
        columns[row["table_name"]].append((row["column_name"], row["data_type"]))
    for table, named in columns.items():
        chosen = ", ".join(f'"{name}"' if kind == "bytea" else f'"{name}"::text' for name, kind in named)
        async for record in sources.databases[room].cursor(f'SELECT {chosen} FROM "{table}"'):
            for (column, _), value in zip(named, record.values(), strict=True):
                if value is None:
                    continue
                found.checked += 1
                text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
                for kind in planted.within(text):
                    if ALLOWED.get((room, table, column)) == kind:
                        found.figures["allowed"] += 1
                    else:
                        found.fail(f"{kind} of a person in {room}.{table}.{column}")


def _file(found: Invariant, path: Path, what: str, planted: Canaries) -> None:
    found.checked += 1
    found.figures[f"{what}_files"] += 1
    with path.open("rb") as file:
        tail = b""
        while piece := file.read(_PIECE):
            for kind in planted.within((tail + piece).decode("utf-8", "replace")):
                found.fail(f"{kind} of a person in {what} {path.name}")
            tail = piece[-128:]

"""Where the checker reads: every room's database over SQL, and the bank simulator's own sqlite book."""

import json
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import orjson

Row = Mapping[str, Any]


@dataclass
class Sources:
    """Open databases by room, and the folders of the stack."""

    databases: dict[str, asyncpg.Connection]
    tables: dict[str, frozenset[str]]
    bank_book: Path
    key_dir: Path
    logs: Path | None = None
    topics: Path | None = None
    journal: list[dict[str, Any]] = field(default_factory=list)
    """Receipts as the client kept them: kind and id of whatever was answered with 2xx."""
    injected: list[dict[str, Any]] = field(default_factory=list)
    canaries: list[str] = field(default_factory=list)
    responses: Path | None = None
    heads: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Heads of the audit trails as they were kept elsewhere, by room."""

    @property
    def rooms(self) -> list[str]:
        """Rooms whose database is there, in a fixed order."""
        return sorted(self.databases)

    def has(self, room: str, table: str) -> bool:
        """Whether the room exists and has the table."""
        return table in self.tables.get(room, frozenset())

    async def rows(self, room: str, sql: str, *args: Any) -> list[Row]:
        """Rows of one room. Raises LookupError when the room has no database: unread is not unharmed."""
        if room not in self.databases:
            raise LookupError(f"no database of {room}")
        return list(await self.databases[room].fetch(sql, *args))

    async def value(self, room: str, sql: str, *args: Any) -> Any:
        """The first value of the first row."""
        return next(iter((await self.rows(room, sql, *args))[0].values()))

    def bank(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the bank's own book, opened for reading alone. Raises FileNotFoundError without a book."""
        if not self.bank_book.exists():
            raise FileNotFoundError(self.bank_book.name)
        with closing(sqlite3.connect(f"file:{self.bank_book}?mode=ro", uri=True)) as book:
            return book.execute(sql).fetchall()


@asynccontextmanager
async def opened(stack: Mapping[str, Any]) -> AsyncIterator[Sources]:
    """Connect to everything that `stack.json` names; each connection reads one unchanging state."""
    databases: dict[str, asyncpg.Connection] = {}
    tables: dict[str, frozenset[str]] = {}
    try:
        for room, dsn in stack["dsns"].items():
            connection = await asyncpg.connect(dsn)
            databases[room] = connection
            await connection.set_type_codec(
                "jsonb",
                schema="pg_catalog",
                encoder=lambda value: orjson.dumps(value).decode(),
                decoder=orjson.loads,
            )
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            found = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            tables[room] = frozenset(row["tablename"] for row in found)
        data = Path(stack["data_dir"])
        yield Sources(
            databases,
            tables,
            bank_book=Path(stack.get("bank_book") or data / "simulators" / "bank" / "bank.sqlite"),
            key_dir=Path(stack["key_dir"]),
            logs=Path(stack["logs"]) if stack.get("logs") else None,
            topics=data / "kafka" if (data / "kafka").is_dir() else None,
        )
    finally:
        for connection in databases.values():
            await connection.close(timeout=5)


def read_lines(path: Path | None) -> list[dict[str, Any]]:
    """Objects of an ndjson file; no path gives none. A last line cut by a crash is left out."""
    if path is None:
        return []
    lines = path.read_bytes().splitlines()
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(json.loads(line))
        except ValueError:
            if number < len(lines):
                raise
    return found

"""PostgreSQL: the pool, and `Tx`, the one transaction that saves state, inbox, outbox and audit together."""

import hashlib
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import asyncpg
import orjson
from sqlmodel import SQLModel

from contracts.base import Message
from kit import audit, clock, outbox, rows, traces
from kit.envelope import Envelope


@dataclass
class Tx:
    """One transaction. Handlers and routes read, decide and write through it, and emit into its outbox."""

    connection: asyncpg.Connection
    now: datetime
    """Business clock, UTC."""
    wall: datetime
    """Wall clock, UTC: audit and leases only."""
    cause: Envelope | None = None
    actor: str = "system"
    """Who acts: `sub` of the caller in a route, `system` in handlers and workers."""
    apart: frozenset[int] | None = None
    """Rows of the revision being completed that are set apart in this transaction (kit.bisect)."""
    rows_seen: int = 0
    completed: list[tuple[str, int]] = field(default_factory=list)
    """Streams that became complete in this transaction; the bus hands out what waited for them."""
    wakes: list[Callable[..., Any]] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)
    """Commands handled in this transaction, with their traces."""
    _outgoing: list[outbox.Outgoing] = field(default_factory=list)
    _audit: list[audit.Entry] = field(default_factory=list)

    @property
    def today(self) -> date:
        """Business date, in China's time."""
        return self.now.astimezone(clock.CHINA).date()

    async def execute(self, sql: str, *args: Any) -> int:
        """Run a statement; returns the number of rows it touched."""
        status: str = await self.connection.execute(sql, *args)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def executemany(self, sql: str, args: Iterable[Sequence[Any]]) -> None:
        await self.connection.executemany(sql, args)

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        return list(await self.connection.fetch(sql, *args))

    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None:
        return await self.connection.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        return await self.connection.fetchval(sql, *args)

    async def copy(self, table: str, columns: Sequence[str], records: Iterable[Sequence[Any]]) -> None:
        """COPY records into a table: the fast way for more than a few hundred rows."""
        await self.connection.copy_records_to_table(table, columns=list(columns), records=records)

    async def insert(self, *models: SQLModel) -> None:
        """Insert table models of one class as one statement per row batch."""
        if not models:
            return
        table = type(models[0]).metadata.tables[str(type(models[0]).__tablename__)]
        columns = [column.name for column in table.columns if column.identity is None]
        marks = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        sql = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"
        await self.connection.executemany(sql, [[getattr(one, name) for name in columns] for one in models])

    def as_room(self) -> AbstractAsyncContextManager[None]:
        """For a moment beyond the actor's rows: what they cause without seeing it, e.g. that a set is complete."""
        return rows.left(self.connection)

    def emit(
        self,
        message: Message,
        *,
        cause: str | None = None,
        id: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> str:
        """Put a message into the outbox; returns its id. `cause` defaults to the message being handled.

        With `attributes` it is for the world outside: it carries these, and neither cause nor trace.
        """
        causation = cause if cause is not None else (self.cause.id if self.cause else None)
        outgoing = outbox.outgoing(message, causation, id, attributes)
        self._outgoing.append(outgoing)
        return outgoing.id

    def audit(self, action: str, resource: str, actor: str | None = None, **detail: Any) -> None:
        """Add a row to the hash-chained audit; `detail` holds codes and counts, never a person's data."""
        entry = audit.Entry(actor=actor or self.actor, action=action, resource=resource, detail=detail)
        self._audit.append(entry)

    def wake(self, worker: Callable[..., Any]) -> None:
        """Run a worker soon after the commit instead of at its next tick."""
        self.wakes.append(worker)

    async def flush(self) -> None:
        """Write the outbox and audit rows; called once, just before the commit."""
        if self._audit:
            await audit.append_many(self.connection, self._audit, at=self.wall)
            self._audit = []
        if self.taken:
            await traces.keep(self.connection, self.taken, self._outgoing, self.wall)
        if self._outgoing:
            sent = await traces.continued(self.connection, self.taken, self._outgoing)
            await outbox.write(self.connection, sent, self.wall)
            self._outgoing = []


class Database:
    """A room's database: one pool, one role, transactions by `tx()`."""

    def __init__(self, dsn: str, pool_size: int = 8) -> None:
        self._dsn, self._size = dsn, pool_size
        self._pool: asyncpg.Pool | None = None
        self.on_wake: Callable[[list[Callable[..., Any]]], None] = lambda _workers: None

    async def open(self) -> None:
        self._pool = await asyncpg.create_pool(self._dsn, min_size=1, max_size=self._size, init=_codecs)

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()

    @property
    def pool(self) -> asyncpg.Pool:
        assert self._pool is not None, "open() first"
        return self._pool

    @asynccontextmanager
    async def tx(self, cause: Envelope | None = None) -> AsyncIterator[Tx]:
        """A transaction that commits at the end of the block, with everything emitted and audited in it.

        In a request it sees and changes only rows of the region of whom the request acts for (kit.rows).
        """
        async with self.pool.acquire() as connection:
            async with connection.transaction():
                tx = Tx(connection, now=clock.business_now(), wall=clock.wall_now(), cause=cause)
                if (actor := rows.acting.get()) is not None:
                    await rows.enter(connection, actor)
                yield tx
                await tx.flush()
            if tx.wakes:
                self.on_wake(tx.wakes)


async def _codecs(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + orjson.dumps(value, default=str),
        decoder=lambda data: orjson.loads(data[1:]),
        format="binary",
    )


_NAME = re.compile(r"^\d{4}_[a-z0-9_]+\.sql$")


async def migrate(database: Database, sources: Sequence[tuple[str, Any]]) -> None:
    """Apply every not yet applied `NNNN_name.sql` of each (owner, folder), in order, under one lock.

    A file that was applied and has changed since is an error: migrations are history.
    """
    async with database.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(7204001)")
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS migration (owner text, name text, sha256 text NOT NULL, "
            "at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (owner, name))"
        )
        await connection.execute(audit.DDL)
        done = {
            (row["owner"], row["name"]): row["sha256"]
            for row in await connection.fetch("SELECT owner, name, sha256 FROM migration")
        }
        for owner, folder in sources:
            for path in sorted(folder.iterdir(), key=lambda one: str(one.name)):
                if not _NAME.match(path.name):
                    continue
                text = path.read_text(encoding="utf-8")
                digest = hashlib.sha256(text.encode()).hexdigest()
                known = done.get((owner, path.name))
                if known == digest:
                    continue
                if known is not None:
                    raise RuntimeError(f"{owner}/{path.name} was applied and has changed since")
                await connection.execute(text)
                await connection.execute(
                    "INSERT INTO migration (owner, name, sha256) VALUES ($1, $2, $3)",
                    owner,
                    path.name,
                    digest,
                )
        await rows.put_up(connection)

"""Two tiny rooms for the bus suite: `batch` states lines, `verification` awaits and answers them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from contracts.batch import LinesStated, SliceOpened
from contracts.orchestrator import ProjectDeployed
from contracts.verification import SliceVerified, VerifySlice
from kit import chunks
from kit.bus import Consumer
from kit.db import Database, Tx, migrate
from kit.handlers import Handlers
from kit.relay import Relay
from kit.settings import Settings
from kit.workers import Leader

KIT = Path(__file__).parent.parent / "migrations"


def verifying() -> Handlers:
    """Counts every slice it hears of, and verifies a revision once its lines are here."""
    on = Handlers()
    on.collect(LinesStated)

    @on(ProjectDeployed)
    async def project_deployed(message: ProjectDeployed, tx: Tx) -> None:
        await chunks.mark(tx, f"project:{message.version}", 1)

    @on(SliceOpened)
    async def slice_opened(message: SliceOpened, tx: Tx) -> None:
        if message.kind == "poison":
            raise ValueError("cannot be handled")
        await tx.execute("INSERT INTO seen VALUES ($1, $2)", message.slice_id, message.number)

    @on(VerifySlice)
    async def verify_slice(message: VerifySlice, tx: Tx) -> None:
        lines = await tx.fetchval(
            "SELECT count(*) FROM chunk_rows($1, $2)", message.slice_id, message.revision
        )
        tx.emit(
            SliceVerified(
                slice_id=message.slice_id,
                revision=message.revision + 1,
                passed=lines,
                warned=0,
                intercepted=0,
            )
        )

    return on


class Running:
    """A room's database, relay and consumer, without HTTP."""

    def __init__(self, room: str, dsn: str, handlers: Handlers, **settings: Any) -> None:
        self.settings = Settings(profile="development", dsn=dsn, **settings)
        self.database = Database(dsn)
        self.consumer = Consumer(room, self.database, handlers, self.settings)
        relay = Relay(room, self.database, self.settings)
        self._leader = Leader(dsn, relay.run, handlers.workers, self)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.database.open()
        await migrate(self.database, [("kit", KIT)])
        await self.database.pool.execute(
            "CREATE TABLE IF NOT EXISTS seen (slice_id text, number int, at timestamptz DEFAULT now())"
        )
        self._task = asyncio.create_task(self._leader.run())
        await self.consumer.start()

    async def stop(self) -> None:
        await self.consumer.stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.database.close()


@asynccontextmanager
async def running(room: str, dsn: str, handlers: Handlers, **settings: Any) -> AsyncIterator[Running]:
    one = Running(room, dsn, handlers, **settings)
    await one.start()
    try:
        yield one
    finally:
        await one.stop()


def opened(slice_id: str, number: int = 1, kind: str = "first") -> SliceOpened:
    return SliceOpened(
        slice_id=slice_id,
        batch_id="b",
        project="11810",
        period="202305",
        county="539901",
        township="539901101",
        category="destitute",
        number=number,
        kind=kind,
        publicity_done=False,
        revision=1,
        lines=0,
    )

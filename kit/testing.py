"""A room under test: its real database, handlers and routes, with messages delivered by hand.

No broker is needed for handlers: what the bus does between two rooms has its own suite. Every message goes
through the same inbox, chunks, waiting and outbox code as in production.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI
from sqlalchemy import Table

from contracts.base import REGISTRY, Chunk, Message, rows_digest
from kit import auth
from kit.auth import Actor, DevelopmentIssuer, Kind, Role, TokenReader
from kit.clock import wall_now
from kit.db import migrate
from kit.dispatch import Dispatcher
from kit.envelope import Envelope
from kit.handlers import Handlers
from kit.ids import new_id
from kit.inbox import Raw
from kit.issuer import DEVELOPMENT_ISSUER, service_actor
from kit.service import Room, migration_sources
from kit.settings import Settings

M = TypeVar("M", bound=Message)


@dataclass(frozen=True)
class Sent:
    """A message that the room emitted."""

    message: Message
    id: str
    cause: str | None


class RoomHarness:
    """`await RoomHarness.create("batch", "services.batch", handlers, app, dsn, tmp_path)`."""

    def __init__(
        self, room: Room, handlers: Handlers, app: FastAPI | None, issuer: DevelopmentIssuer
    ) -> None:
        self.room, self.handlers, self.app = room, handlers, app
        self._issuer = issuer
        self.dispatcher = Dispatcher(room.name, room.database, handlers)
        self._sequences: Counter[tuple[str, str, str]] = Counter()
        self._read = 0

    @classmethod
    async def create(
        cls,
        name: str,
        package: str,
        handlers: Handlers,
        app: FastAPI | None,
        dsn: str,
        key_dir: Path,
        **settings: Any,
    ) -> "RoomHarness":
        """Open and migrate the database, and prepare the application without starting a consumer."""
        issuer = DevelopmentIssuer(key_dir)
        room = Room(
            name,
            Settings(
                profile="development",
                dsn=dsn,
                kafka_bootstrap="127.0.0.1:1",
                key_dir=str(key_dir),
                **settings,
            ),
        )
        await room.database.open()
        await migrate(room.database, migration_sources(package))
        harness = cls(room, handlers, app, issuer)
        if app is not None:
            app.state.room = room
            app.state.dispatcher = harness.dispatcher
            auth.install(app, TokenReader(issuer.jwks(), DEVELOPMENT_ISSUER))
        return harness

    async def close(self) -> None:
        await self.room.http.aclose()
        await self.room.database.close()

    def raw(
        self, message: Message, *, sender: str | None = None, cause: str | None = None, id: str | None = None
    ) -> Raw:
        """The record that carries a message, with the next sequence of its sender, topic and key."""
        who = sender or (message.ROOM if message.KIND == "events" else "orchestrator")
        place = (who, message.topic, message.key)
        self._sequences[place] += 1
        envelope = Envelope(
            id=id or new_id(),
            type=message.TYPE,
            sender=who,
            topic=message.topic,
            key=message.key,
            sequence=self._sequences[place],
            generation=1,
            causation_id=cause,
            traceparent=None,
            time=wall_now().isoformat(),
        )
        return Raw(envelope, message.model_dump_json().encode(), 0, self._sequences.total())

    async def deliver(
        self,
        *messages: Message,
        cause: str | None = None,
        id: str | None = None,
        sender: str | None = None,
        twice: bool = True,
    ) -> list[Sent]:
        """Deliver messages (each one twice by default, as a broker may) and return what the room emitted.

        Raises AssertionError when a message was parked.
        """
        for message in messages:
            record = self.raw(message, cause=cause, id=id, sender=sender)
            for _ in range(2 if twice else 1):
                await self.dispatcher.handle([record])
        async with self.room.tx() as tx:
            parked = await tx.fetch("SELECT reason FROM parked WHERE state = 'parked'")
        assert not parked, [row["reason"] for row in parked]
        return await self.emitted()

    async def emitted(self) -> list[Sent]:
        """Every message to rooms emitted since the last call; what goes to other agencies is no such message."""
        async with self.room.tx() as tx:
            rows = await tx.fetch(
                "SELECT * FROM outbox WHERE seq > $1 AND attributes IS NULL ORDER BY seq", self._read
            )
        self._read = max([self._read, *(row["seq"] for row in rows)])
        return [
            Sent(REGISTRY[row["type"]].model_validate_json(row["body"]), row["id"], row["cause"])
            for row in rows
        ]

    async def work(self, worker: Callable[..., Any]) -> list[Sent]:
        """Run a worker until it has nothing to do (100 rounds at most); returns what the room emitted."""
        for _ in range(100):
            if not await worker(self.room):
                break
        return await self.emitted()

    def client(self, actor: Actor | None = None) -> httpx.AsyncClient:
        """An HTTP client into the room's application, as `actor`."""
        assert self.app is not None
        headers = {}
        if actor is not None:
            headers["authorization"] = f"Bearer {self._issuer.mint(actor, timedelta(minutes=10))}"
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://room", headers=headers)


async def check_columns(room: Room, table: Table) -> None:
    """A table's class names the columns that the migrations made, and which of them may be empty."""
    async with room.tx() as tx:
        rows = await tx.fetch(
            "SELECT column_name AS name, is_nullable = 'YES' AS nullable "
            "FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1",
            table.name,
        )
    assert {(one.name, one.nullable) for one in table.columns} == {
        (row["name"], row["nullable"]) for row in rows
    }, table.name


def official(
    role: Role, region: str, *, sub: str | None = None, projects: frozenset[str] = frozenset({"*"})
) -> Actor:
    """An official of one role in a region."""
    return Actor(
        sub=sub or f"{role}@{region}",
        kind=Kind.OFFICIAL,
        roles=frozenset({role}),
        region=region,
        projects=projects,
    )


def citizen(subject_id: str) -> Actor:
    return Actor(
        sub=f"citizen:{subject_id}", kind=Kind.CITIZEN, roles=frozenset({Role.CITIZEN}), subject_id=subject_id
    )


def service(room: str) -> Actor:
    return service_actor(room)


def sealed(message: Message) -> Message:
    """A chunk with the digest of its own rows, as if it were the only part; other messages as they are."""
    if not isinstance(message, Chunk):
        return message
    return message.model_copy(update={"digest": rows_digest(getattr(message, message.ROWS))})


def only(sent: list[Sent], cls: type[M]) -> list[M]:
    """The emitted messages of one type."""
    return [one.message for one in sent if isinstance(one.message, cls)]

"""A room under load: its real handlers and workers on a real database, fed as the bus feeds it."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from bench.nodes.meter import Meter
from bench.nodes.parts import Parts
from contracts.base import Kind, Message, topic_of
from kit.auth import Actor
from kit.clock import wall_now
from kit.envelope import Envelope
from kit.ids import new_id
from kit.inbox import Raw
from kit.service import Room
from kit.testing import RoomHarness

POLL_BYTES = 8 * 1024 * 1024
"""What one poll brings of a partition at most, as the bus is set."""
PATIENCE_S = 1800.0
PAUSE_S = 0.05


class Desk:
    """One room: messages in, workers run, requests made. Nothing that it emits is read back into memory."""

    def __init__(self, harness: RoomHarness, meter: Meter) -> None:
        self.harness, self.meter = harness, meter
        self.room: Room = harness.room
        self._sequences: Counter[tuple[str, str, str]] = Counter()

    async def send(self, message: Message, *, id: str | None = None, cause: str | None = None) -> str:
        """Deliver one message; returns its id."""
        sender = message.ROOM if message.KIND is Kind.EVENT else "orchestrator"
        body = message.model_dump_json().encode()
        raw = self._raw(message.TYPE, sender, message.topic, message.key, body, id or new_id(), cause)
        await self.harness.dispatcher.handle([raw])
        await self._nothing_parked()
        return raw.envelope.id

    async def receive(self, parts: Parts, cause: str | None = None) -> None:
        """Deliver a revision, as many parts together as one poll brings."""
        cls = parts.cls
        group: list[Raw] = []
        size = 0
        for body in parts:
            if group and size + len(body) > POLL_BYTES:
                await self.harness.dispatcher.handle(group)
                group, size = [], 0
            topic = topic_of(cls.ROOM, cls.KIND)
            group.append(self._raw(cls.TYPE, cls.ROOM, topic, parts.key, body, new_id(), cause))
            size += len(body)
        await self.harness.dispatcher.handle(group)
        await self._nothing_parked()

    def _raw(
        self, type_: str, sender: str, topic: str, key: str, body: bytes, id: str, cause: str | None
    ) -> Raw:
        self._sequences[sender, topic, key] += 1
        envelope = Envelope(
            id=id, type=type_, sender=sender, topic=topic, key=key,
            sequence=self._sequences[sender, topic, key], generation=1, causation_id=cause, traceparent=None,
            time=wall_now().isoformat(),
        )  # fmt: skip
        return Raw(envelope, body, 0, self._sequences.total())

    async def work(self, done: Callable[[], Awaitable[bool]], *workers: Callable[..., Any]) -> None:
        """Run the workers in turn until `done`. Raises TimeoutError after half an hour."""
        end = time.monotonic() + PATIENCE_S
        while not await done():
            moved = False
            for worker in workers:
                while await worker(self.room):
                    moved = True
            if not moved:
                await asyncio.sleep(PAUSE_S)
            if time.monotonic() > end:
                raise TimeoutError("the node did not come to its end")

    async def call(self, actor: Actor, method: str, path: str, **content: Any) -> Any:
        """A successful request of an official; the answer's JSON."""
        async with self.harness.client(actor) as client:
            answer: httpx.Response = await client.request(method, path, timeout=PATIENCE_S, **content)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json()

    async def value(self, sql: str, *args: Any) -> Any:
        """One value of the database."""
        async with self.room.tx() as tx:
            return await tx.fetchval(sql, *args)

    async def answered(self, cls: type[Message]) -> bool:
        """Whether the room has emitted such a message."""
        return bool(await self.value("SELECT true FROM outbox WHERE type = $1 LIMIT 1", cls.TYPE))

    async def answer(self, cls: type[Message]) -> Any:
        """The newest message of this kind. Raises LookupError when there is none."""
        body = await self.value("SELECT body FROM outbox WHERE type = $1 ORDER BY seq DESC LIMIT 1", cls.TYPE)
        if body is None:
            raise LookupError(f"no {cls.TYPE}")
        return cls.model_validate_json(body)

    async def _nothing_parked(self) -> None:
        reason = await self.value("SELECT reason FROM parked WHERE state = 'parked' LIMIT 1")
        if reason:
            raise RuntimeError(f"parked: {reason}")

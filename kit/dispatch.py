"""From polled records to handlers: one transaction for the group, and record by record when that fails.

Nothing here knows Kafka. What cannot be handled is parked in PostgreSQL with its reason, and everything after
it of the same key with it, so that only that key suffers.
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from dataclasses import replace

import asyncpg
from pydantic import ValidationError

from contracts import catalogue
from contracts.base import REGISTRY, Chunk, Message
from kit import bisect, chunks, inbox, parking, telemetry
from kit.crashpoint import crashpoint
from kit.db import Database, Tx
from kit.envelope import MARKER_TYPE, Envelope
from kit.errors import RetryableError
from kit.handlers import Handlers, Incoming
from kit.inbox import Raw

log = logging.getLogger("daohu.dispatch")
ATTEMPTS = 5
UNREACHABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.InterfaceError,
    OSError,
)
"""The database itself is away: nothing may be parked, the group is delivered again."""
TRANSIENT = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, RetryableError, TimeoutError)

assert catalogue.DOORS, "the catalogue completes the registry of types"


class _RolledBack(Exception):
    """Ends a trial."""


class Dispatcher:
    """Hands records to a room's handlers, effectively once each."""

    def __init__(self, room: str, database: Database, handlers: Handlers) -> None:
        self.room, self._database, self._handlers = room, database, handlers

    async def handle(self, records: Sequence[Raw]) -> set[tuple[str, int]]:
        """Handle one poll; returns the partitions that must be read again from the beginning.

        Raises only when the database is unreachable.
        """
        with telemetry.STEP_SECONDS.time():
            try:
                return await self._transaction(records)
            except UNREACHABLE:
                raise
            except Exception as failure:
                if len(records) > 1:
                    log.info("group of %d failed (%s), one by one", len(records), type(failure).__name__)
            again: set[tuple[str, int]] = set()
            for record in records:
                again |= await self._alone(record)
            return again

    async def _alone(self, record: Raw) -> set[tuple[str, int]]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._transaction([record])
            except UNREACHABLE:
                raise
            except Exception as failure:
                transient = isinstance(failure, TRANSIENT)
                if not transient or attempt == ATTEMPTS:
                    # The text of an exception may quote a row; only its class and place are kept.
                    reason = reason_of(failure)
                    break
                await asyncio.sleep(0.05 * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311  (jitter)
        if await self._without_bad_rows(record):
            return set()
        log.error("parked %s of %s: %s", record.envelope.type, record.envelope.topic, reason)
        async with self._database.tx() as tx:
            sorted_ = await inbox.admit(tx, [record])
            if not sorted_.duplicates:
                await parking.park(tx, record, reason)
        return set()

    async def _without_bad_rows(self, record: Raw) -> bool:
        """Handle the revision that this chunk completes, less the rows that fail; False when none explains it."""
        cls = REGISTRY.get(record.envelope.type)
        if cls is None or not issubclass(cls, Chunk) or self._handlers.collected.get(cls) is None:
            return False
        rows = 0

        async def attempt(apart: frozenset[int], commit: bool = False) -> bool:
            nonlocal rows
            try:
                async with self._database.tx() as tx:
                    tx.apart = apart
                    if (await inbox.admit(tx, [record])).fresh:
                        await self.dispatch(tx, [(record.envelope, record.body)])
                    rows = tx.rows_seen
                    if not commit:
                        raise _RolledBack
            except _RolledBack:
                return True
            except UNREACHABLE:
                raise
            except Exception:
                return False
            return True

        if not await attempt(bisect.ALL_ROWS):
            return False
        try:
            bad = await bisect.bad_rows(rows, attempt)
        except bisect.NotByRows:
            return False
        log.error("%d rows of %s set apart", len(bad), record.envelope.type)
        return await attempt(bad, commit=True)

    async def _transaction(self, records: Sequence[Raw]) -> set[tuple[str, int]]:
        async with self._database.tx() as tx:
            again = await inbox.newer_generations(tx, [(one.envelope, one.partition) for one in records])
            kept = [
                one
                for one in records
                if one.envelope.type != MARKER_TYPE and (one.envelope.topic, one.partition) not in again
            ]
            sorted_ = await inbox.admit(tx, kept) if kept else inbox.Sorted([], [], [])
            for one in sorted_.duplicates:
                telemetry.DUPLICATES.labels(one.envelope.topic).inc()
            behind = await parking.blocked(tx, sorted_.fresh)
            came = {(one.key, one.envelope.sequence) for one in sorted_.fresh}
            for gap in sorted_.gaps:
                if (gap.key, gap.envelope.sequence) not in came:
                    await parking.park(tx, gap, parking.GAP)
            fresh = []
            for record in sorted_.fresh:
                if record.key in behind:
                    await parking.park(tx, record, "同键在前 (behind a parked message of its key)")
                else:
                    fresh.append(record)
            await self.dispatch(tx, [(one.envelope, one.body) for one in fresh])
            crashpoint("bus.before_commit")
        crashpoint("bus.after_commit")
        return again

    async def dispatch(self, tx: Tx, messages: Sequence[tuple[Envelope, bytes]]) -> None:
        """Hand messages to their handlers, then whatever these completed."""
        grouped: list[Incoming] = []
        for envelope, body in messages:
            cls = REGISTRY.get(envelope.type)
            if cls is None or cls not in self._handlers.types():
                continue
            with telemetry.span(envelope.type, envelope.traceparent, message_id=envelope.id):
                if cls in self._handlers.grouped:
                    # The handler takes them together, later: what it does for one of them belongs under this span.
                    here = replace(envelope, traceparent=telemetry.current_traceparent())
                    grouped.append((cls.model_validate_json(body), here))
                else:
                    await self._one(tx, cls, envelope, body)
                    await self._completed(tx)
            telemetry.HANDLED.labels(envelope.type).inc()
        if grouped:
            handler = self._handlers.grouped[type(grouped[0][0])]
            await handler(grouped, tx)
            await self._completed(tx)

    async def _one(self, tx: Tx, cls: type[Message], envelope: Envelope, body: bytes) -> None:
        tx.cause = envelope
        if issubclass(cls, Chunk):
            whole = await chunks.collect(tx, cls, body)
            handler = self._handlers.collected[cls]
            if whole is not None and tx.apart is not None:
                tx.rows_seen = await chunks.set_apart(tx, whole.stream_id, whole.revision, tx.apart)
            if whole is not None and handler is not None:
                await handler(whole, tx)
            return
        message = cls.model_validate_json(body)
        lacking = await chunks.missing(tx, message.awaits())
        if lacking:
            await chunks.wait(tx, envelope, body, lacking)
        else:
            await self._handlers.single[cls](message, tx)
            if cls.OUTCOMES and (trace := telemetry.current_traceparent()):
                tx.taken[envelope.id] = trace

    async def _completed(self, tx: Tx) -> None:
        while tx.completed:
            for envelope, body in await chunks.released(tx, *tx.completed.pop(0)):
                with telemetry.span(envelope.type, envelope.traceparent, message_id=envelope.id):
                    await self._one(tx, REGISTRY[envelope.type], envelope, body)


def reason_of(failure: Exception) -> str:
    """Class and place of a failure, never its text, which may quote a row."""
    if isinstance(failure, ValidationError):
        places = sorted({".".join(str(step) for step in error["loc"]) for error in failure.errors()})
        return f"字段不合格 (fields refused): {', '.join(places[:10])}"
    trace = failure.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace is not None else ""
    detail = str(failure) if type(failure).__module__.startswith("kit.") else ""
    return f"{type(failure).__name__}{where} {detail}".strip()

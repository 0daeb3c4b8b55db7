"""The relay: publishes pending outbox rows in order, and rebuilds the topics when the broker has lost them.

One relay per room at a time (the room's leader). At start and after every producer error it reads back the
last acknowledged record of each topic; a missing topic, no record or another id means a new broker. An
acknowledged offset that does not rise says the same. Then the bus generation rises, everything ever stated is
published again in order, and a marker record ends each partition; consumers that meet the higher generation
start over.
"""

import asyncio
import logging
import time
from collections import defaultdict
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition  # noqa: TID251  (kit speaks Kafka)
from aiokafka.errors import KafkaError  # noqa: TID251  (kit speaks Kafka)

from kit import telemetry
from kit.clock import wall_now
from kit.crashpoint import crashpoint
from kit.db import Database
from kit.envelope import MARKER_TYPE, headers_of
from kit.ids import new_id
from kit.kafka import client_options
from kit.outbox import CHANNEL
from kit.settings import Settings
from kit.topics import ensure_topics, missing_topics

log = logging.getLogger("daohu.relay")
BATCH = 2000
READ_BACK_SECONDS = 5.0
LOOK_SECONDS = 5.0


class NewBroker(Exception):
    """The broker no longer has what it acknowledged."""


class Relay:
    """Runs until cancelled; `run` may be called again after any failure."""

    def __init__(self, room: str, database: Database, settings: Settings) -> None:
        self._room, self._database, self._settings = room, database, settings
        self._wake = asyncio.Event()
        self._generation = 1
        self._marks: dict[tuple[str, int], int] = {}
        self._looked = time.monotonic()

    async def run(self) -> None:
        """Publish for ever; every failure leads back through the read-back check."""
        while True:
            try:
                await self._session()
            except asyncio.CancelledError:
                raise
            except Exception as failure:
                log.warning("relay starts over after %s", type(failure).__name__)
                await asyncio.sleep(0.5)

    async def _session(self) -> None:
        await ensure_topics(self._settings, await self._topics())
        await self._recognise()
        producer = AIOKafkaProducer(
            **client_options(self._settings),
            acks="all",
            enable_idempotence=self._settings.kafka_idempotent,
            linger_ms=2,
            max_request_size=8 * 1024 * 1024,
            max_batch_size=256 * 1024,
            request_timeout_ms=8_000,
        )
        listener = await asyncpg.connect(self._settings.dsn)
        try:
            await producer.start()
            await listener.add_listener(CHANNEL, lambda *_: self._wake.set())
            while True:
                self._wake.clear()
                if await self._publish(producer) < BATCH:
                    await self._finish_generation(producer)
                    await self._measure()
                    await self._look()
                    try:
                        await asyncio.wait_for(self._wake.wait(), timeout=1.0)
                    except TimeoutError:
                        continue
        except NewBroker:
            await self._raise_generation()
        finally:
            await listener.close(timeout=2)
            await producer.stop()

    async def _look(self) -> None:
        """Nothing to send is no reason not to notice that the broker has been replaced."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        if await missing_topics(self._settings, sorted({topic for topic, _ in self._marks})):
            raise NewBroker("a topic is gone")

    async def _topics(self) -> list[str]:
        rows = await self._database.pool.fetch("SELECT DISTINCT topic FROM outbox_key")
        return [row["topic"] for row in rows]

    async def _publish(self, producer: Any) -> int:
        """Publish the oldest pending rows in order; returns how many there were."""
        rows = await self._database.pool.fetch(
            "SELECT outbox.* FROM outbox JOIN pending USING (seq) ORDER BY seq LIMIT $1", BATCH
        )
        if not rows:
            return 0
        fresh = {row["topic"] for row in rows} - {topic for topic, _ in self._marks}
        if fresh:
            await ensure_topics(self._settings, sorted(fresh))
        sent = []
        for row in rows:
            headers = headers_of(
                id=row["id"],
                type=row["type"],
                sender=self._room,
                sequence=row["key_seq"],
                key=row["key"],
                generation=self._generation,
                time=row["at"].isoformat(),
                causation_id=row["cause"],
                traceparent=row["traceparent"],
                attributes=row["attributes"],
            )
            future = await producer.send(
                self._name(row["topic"]), value=row["body"], key=row["key"].encode(), headers=headers
            )
            sent.append((row, future))
        acked: list[int] = []
        marks: dict[tuple[str, int], tuple[int, str]] = {}
        failure: BaseException | None = None
        for row, future in sent:
            try:
                where = await future
            except KafkaError as error:
                failure = failure or error
                continue
            place = (row["topic"], where.partition)
            if where.offset >= 0:
                if where.offset <= self._marks.get(place, -1):
                    raise NewBroker(f"{place} went back to {where.offset}")
                self._marks[place] = where.offset
                marks[place] = (where.offset, (row["attributes"] or {}).get("id", row["id"]))
            acked.append(row["seq"])
            telemetry.PUBLISHED.labels(row["topic"]).inc()
            if telemetry.exporting() and row["traceparent"]:
                # How long the message lay in the outbox; the record itself carries the writer's trace.
                telemetry.past_span(f"publish {row['type']}", row["traceparent"], row["at"])
        crashpoint("relay.published_before_mark")
        await self._acknowledge(acked, marks)
        if failure is not None:
            raise failure
        return len(rows)

    async def _acknowledge(self, acked: list[int], marks: dict[tuple[str, int], tuple[int, str]]) -> None:
        async with self._database.pool.acquire() as connection, connection.transaction():
            await connection.execute("DELETE FROM pending WHERE seq = ANY($1::bigint[])", acked)
            await connection.executemany(
                "INSERT INTO relay_mark VALUES ($1, $2, $3, $4) ON CONFLICT (topic, partition) DO UPDATE "
                "SET record_offset = excluded.record_offset, id = excluded.id",
                [(topic, part, offset, id_) for (topic, part), (offset, id_) in sorted(marks.items())],
            )

    async def _recognise(self) -> None:
        """Read back the last acknowledged record of each topic; raise the generation for a new broker."""
        self._generation = await self._database.pool.fetchval("SELECT generation FROM relay_state")
        rows = await self._database.pool.fetch("SELECT * FROM relay_mark ORDER BY topic, partition")
        self._marks = {(row["topic"], row["partition"]): row["record_offset"] for row in rows}
        by_topic: dict[str, Any] = defaultdict(lambda: None)
        for row in rows:
            by_topic[row["topic"]] = row
        if not by_topic:
            return
        consumer = AIOKafkaConsumer(**client_options(self._settings), enable_auto_commit=False, group_id=None)
        await consumer.start()
        try:
            same = all([await self._stands(consumer, row) for row in by_topic.values()])
        finally:
            await consumer.stop()
        if not same:
            await self._raise_generation()

    def _name(self, topic: str) -> str:
        return self._settings.kafka_namespace + topic

    async def _stands(self, consumer: Any, row: Any) -> bool:
        place = TopicPartition(self._name(row["topic"]), row["partition"])
        consumer.assign([place])
        consumer.seek(place, row["record_offset"])
        try:
            record = await asyncio.wait_for(consumer.getone(place), timeout=READ_BACK_SECONDS)
        except (TimeoutError, KafkaError):
            return False
        same_id = dict(record.headers).get("ce_id") == row["id"].encode()
        return bool(record.offset == row["record_offset"] and same_id)

    async def _raise_generation(self) -> None:
        """Everything stated becomes pending again, under a higher generation."""
        async with self._database.pool.acquire() as connection, connection.transaction():
            last = await connection.fetchval("SELECT coalesce(max(seq), 0) FROM outbox")
            self._generation = await connection.fetchval(
                "UPDATE relay_state SET generation = generation + 1, marker_after = $1 RETURNING generation",
                last,
            )
            await connection.execute("DELETE FROM relay_mark")
            await connection.execute("INSERT INTO pending SELECT seq FROM outbox ON CONFLICT DO NOTHING")
        self._marks = {}
        log.warning("a new broker: generation %d, publishing everything again", self._generation)

    async def _finish_generation(self, producer: Any) -> None:
        """After a republication, end every partition of every topic with a marker record."""
        after = await self._database.pool.fetchval("SELECT marker_after FROM relay_state")
        if after is None:
            return
        for topic in await self._topics():
            for partition in sorted(await producer.partitions_for(self._name(topic))):
                headers = headers_of(
                    id=new_id(),
                    type=MARKER_TYPE,
                    sender=self._room,
                    sequence=0,
                    key="",
                    causation_id=None,
                    generation=self._generation,
                    time=wall_now().isoformat(),
                    traceparent=None,
                )
                await producer.send_and_wait(
                    self._name(topic), value=b"{}", key=b"", partition=partition, headers=headers
                )
        await self._database.pool.execute("UPDATE relay_state SET marker_after = NULL")

    async def _measure(self) -> None:
        row = await self._database.pool.fetchrow(
            "SELECT count(*) AS pending, coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0) AS age, "
            "(SELECT count(*) FROM parked WHERE state = 'parked') AS parked FROM pending JOIN outbox USING (seq)"
        )
        telemetry.OUTBOX_PENDING.set(row["pending"])
        telemetry.OUTBOX_AGE.set(float(row["age"]))
        telemetry.PARKED.set(row["parked"])

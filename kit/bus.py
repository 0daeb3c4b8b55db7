"""The consumer side of the bus: FastStream drives the group, our parser and decoder read every record.

FastStream's defaults lose messages (acknowledge first, `latest`), so everything is explicit: NACK_ON_ERROR,
`earliest`, never auto-commit, range assignor so that one key's commands and events meet in one owner. The
parser never raises and returns an acknowledgeable message; a record that cannot be read is parked, neither
lost nor in the way.
"""

import asyncio
import logging
import time
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition  # noqa: TID251  (kit speaks Kafka)
from aiokafka.coordinator.assignors.range import RangePartitionAssignor  # noqa: TID251  (kit speaks Kafka)
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage

from kit import parking, telemetry
from kit.db import Database
from kit.dispatch import UNREACHABLE, Dispatcher
from kit.envelope import Malformed, read
from kit.handlers import Handlers
from kit.inbox import Raw
from kit.kafka import broker_security
from kit.settings import Settings
from kit.topics import answers, ensure_topics, missing_topics

__all__ = ["Consumer", "Handlers"]
log = logging.getLogger("daohu.bus")
LOOK_SECONDS = 3.0
HANDLING_SECONDS = 900.0
"""How long one group may be under way before the room is taken for stuck."""
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


class Consumer:
    """A room's one subscriber over all the topics that its handlers need."""

    def __init__(self, room: str, database: Database, handlers: Handlers, settings: Settings) -> None:
        self._room, self._database, self._settings = room, database, settings
        self._topics = handlers.topics()
        self.dispatcher = Dispatcher(room, database, handlers)
        self._broker: Any = None
        self._subscriber: Any = None
        self._keeper: asyncio.Task[None] | None = None
        self._progress = time.monotonic()
        self._handling = False
        self._behind = False
        self._away = False
        self._stuck = False

    async def start(self) -> None:
        """Create the topics, then consume; a room that handles nothing has no consumer."""
        if not self._topics:
            return
        try:
            await ensure_topics(self._settings, self._topics)
            await self._open()
        except Exception as failure:
            # The rest of the room works without a broker; what is stated meanwhile waits in the outbox.
            log.warning("no broker yet (%s): not ready, trying again", type(failure).__name__)
            self._away = True
        self._keeper = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        """Join the group anew whenever the broker was away or has lost a topic.

        The client would go on committing to topics that are gone, and never subscribe to their successors.
        """
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not await answers(self._settings.kafka_bootstrap):
                self._away = True
                continue
            try:
                lost = await asyncio.wait_for(missing_topics(self._settings, self._topics), 10)
                if lost or self._away:
                    log.warning("the broker was %s: joining anew", "emptied" if lost else "away")
                    await ensure_topics(self._settings, self._topics)
                    await self._leave()
                    await self._open()
                self._away = False
            except Exception as failure:
                # A broker that is only slow is no reason to leave the group.
                log.info("could not look at the broker: %s", type(failure).__name__)

    async def _leave(self) -> None:
        """Stop the old client; one that cannot be stopped could hold its partitions for ever."""
        if self._broker is None:
            return
        try:
            await asyncio.wait_for(self._broker.stop(), 10)
        except Exception as failure:
            log.critical("the old consumer does not stop: %s", type(failure).__name__)
            self._stuck = True

    async def _open(self) -> None:
        self._broker = KafkaBroker(
            self._settings.kafka_bootstrap,
            security=broker_security(self._settings),
            client_id=f"daohu-{self._room}",
            logger=None,
            acks="all",
            enable_idempotence=self._settings.kafka_idempotent,
            allow_auto_create_topics=False,
        )
        self._subscriber = self._broker.subscriber(
            *(self._settings.kafka_namespace + topic for topic in self._topics),
            batch=True,
            group_id=self._settings.kafka_namespace + self._room,
            group_instance_id=None,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            max_records=self._settings.poll_records,
            batch_timeout_ms=100,
            fetch_max_wait_ms=500,  # a record ends the wait at once; each empty answer costs every partition
            max_partition_fetch_bytes=8 * 1024 * 1024,
            session_timeout_ms=self._settings.kafka_session_timeout_ms,
            heartbeat_interval_ms=max(500, self._settings.kafka_session_timeout_ms // 4),
            partition_assignment_strategy=(RangePartitionAssignor,),
            parser=self._parse,
            decoder=_decode,
            no_reply=True,
        )
        self._subscriber(self._consume)
        await self._broker.start()

    async def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._broker is not None:
            await self._broker.stop()

    async def _parse(self, records: tuple[ConsumerRecord[Any, Any], ...]) -> KafkaAckableMessage:
        return KafkaAckableMessage(body=b"", raw_message=records, consumer=self._subscriber.consumer)

    async def _consume(self, records: Any) -> None:
        """Handle one poll; raising (only when the database is away) rewinds every partition of it."""
        self._handling, self._progress = True, time.monotonic()
        try:
            readable, unreadable = self._sort(records)
            if unreadable:
                async with self._database.tx() as tx:
                    for record, why in unreadable:
                        await parking.park_unreadable(
                            tx, record.topic, record.partition, record.offset, record.value, why
                        )
            again = await self.dispatcher.handle(readable) if readable else set()
        except UNREACHABLE:
            await asyncio.sleep(1.0)
            raise
        finally:
            self._handling = False
        for topic, partition in again:
            log.warning("%s/%d has a new generation: reading it again", topic, partition)
            place = TopicPartition(self._settings.kafka_namespace + topic, partition)
            await self._subscriber.consumer.seek_to_beginning(place)
        self._progress = time.monotonic()

    @property
    def joined(self) -> bool:
        """Whether a broker answers; a room that handles nothing needs none."""
        return not self._away

    async def lag(self) -> int:
        """Records not yet consumed, also set as metrics; feeds the watchdog."""
        consumer = getattr(self._subscriber, "consumer", None)
        if consumer is None:
            return 0
        total = 0
        for place in consumer.assignment():
            end, at = consumer.highwater(place), consumer.last_stable_offset(place)
            position = await consumer.position(place)
            behind = max(0, (end or at or position) - position)
            telemetry.LAG.labels(place.topic, str(place.partition)).set(behind)
            total += behind
        return total

    async def stalled(self) -> bool:
        """True when there is lag and nothing has moved for too long: the supervisor must restart us.

        aiokafka can stop silently after a broker restart without any public signal. Handling a large group may
        take long: leaving then would only mean to begin it again, for ever.
        """
        if self._stuck:
            return True
        behind = await self.lag() > 0
        if not behind or not self._behind:
            self._behind, still = behind, False
        else:
            patience = HANDLING_SECONDS if self._handling else self._settings.consumer_stall_seconds
            still = time.monotonic() - self._progress > patience
        return still

    def _sort(self, records: Any) -> tuple[list[Raw], list[tuple[Any, str]]]:
        readable: list[Raw] = []
        unreadable: list[tuple[Any, str]] = []
        for record in records:
            topic = record.topic.removeprefix(self._settings.kafka_namespace)
            envelope = read(topic, record.key, record.headers)
            if isinstance(envelope, Malformed):
                unreadable.append((record, envelope.reason))
            else:
                readable.append(Raw(envelope, record.value or b"", record.partition, record.offset))
        return readable, unreadable


async def _decode(message: KafkaAckableMessage) -> Any:
    return list(message.raw_message)

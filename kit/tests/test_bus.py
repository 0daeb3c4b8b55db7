"""The bus between rooms on a real broker and a real PostgreSQL; the same suite on each kind of broker."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiokafka import AIOKafkaProducer  # noqa: TID251  (a foreign producer is the point of these tests)

from contracts.batch import Line, LinesStated, LineState
from contracts.orchestrator import ProjectDeployed
from contracts.verification import SliceVerified, VerifySlice
from kit import chunks, parking
from kit.db import Tx
from kit.handlers import Handlers
from kit.tests.bus_rooms import Running, opened, running, verifying
from stack.brokers import CAPABILITIES, Broker
from stack.testing import unique

Factory = Callable[[], str]


async def until(check: Callable[[], Awaitable[bool]], seconds: float = 60.0) -> None:
    """Wait for something that has no event of its own; fails the test when it never comes."""
    async with asyncio.timeout(seconds):
        while not await check():  # noqa: ASYNC110  (a database row, not an event)
            await asyncio.sleep(0.1)


def settings(broker: Broker) -> dict[str, object]:
    return {
        "kafka_bootstrap": broker.bootstrap,
        "kafka_namespace": unique("ns") + ".",
        "kafka_idempotent": "idempotent_producer" in CAPABILITIES[broker.kind],
        "kafka_partitions": 3,
        "kafka_session_timeout_ms": 6000,
    }


def line(number: int) -> Line:
    return Line(
        line_id=f"l{number}",
        rev=1,
        application_id=f"a{number}",
        subject_id=f"s{number}",
        payee_id=f"s{number}",
        village="539901101201",
        state=LineState.NORMAL,
        entitlement_period="202305",
    )


async def count(room: Running, sql: str) -> int:
    return int(await room.database.pool.fetchval(sql))


async def test_a_command_waits_for_all_it_names_and_is_answered_once(
    broker: Broker, postgres_dsn_factory: Factory
) -> None:
    shared = settings(broker)
    heard: list[tuple[int, str | None]] = []
    listening = Handlers()

    @listening(SliceVerified)
    async def verified(message: SliceVerified, tx: Tx) -> None:
        assert tx.cause is not None
        heard.append((message.passed, tx.cause.causation_id))

    async with (
        running("batch", postgres_dsn_factory(), listening, **shared) as batch,
        running("verification", postgres_dsn_factory(), verifying(), **shared) as verification,
        running("orchestrator", postgres_dsn_factory(), Handlers(), **shared) as orchestrator,
    ):
        async with orchestrator.database.tx() as tx:
            command = tx.emit(
                VerifySlice(slice_id="s1", revision=1, project="11810", period="202305", project_version="v")
            )
        await until(lambda: _is(verification, "SELECT count(*) FROM waiting", 1))
        async with batch.database.tx() as tx:
            await chunks.state(
                tx,
                LinesStated,
                [line(number) for number in range(2500)],
                stream_id="s1",
                revision=1,
                batch_id="b",
                project="11810",
                period="202305",
                county="539901",
                township="539901101",
                category="destitute",
            )
        await until(lambda: _is(verification, "SELECT count(*) FROM chunk", 3))
        assert heard == []
        async with orchestrator.database.tx() as tx:
            tx.emit(ProjectDeployed(project="11810", version="v", manifest={}, rules={}, form_schema={}))
        await until(lambda: _heard(heard))
        assert heard == [(2500, command)]
        assert await count(verification, "SELECT count(*) FROM waiting") == 0


async def _heard(heard: list[tuple[int, str | None]]) -> bool:
    return bool(heard)


async def _is(room: Running, sql: str, wanted: int) -> bool:
    return await count(room, sql) == wanted


async def test_a_poison_message_stops_only_its_key_and_can_be_retried(
    broker: Broker, postgres_dsn_factory: Factory
) -> None:
    shared = settings(broker)
    async with (
        running("batch", postgres_dsn_factory(), Handlers(), **shared) as batch,
        running("verification", postgres_dsn_factory(), verifying(), **shared) as verification,
    ):
        async with batch.database.tx() as tx:
            tx.emit(opened("bad", 1, "poison"))
            tx.emit(opened("bad", 2))
            for number in range(20):
                tx.emit(opened(f"good{number}"))
        await until(lambda: _is(verification, "SELECT count(*) FROM seen", 20))
        await until(lambda: _is(verification, "SELECT count(*) FROM parked", 2))
        async with verification.database.tx() as tx:
            first, second = await parking.listing(tx)
            assert "ValueError" in first["reason"]
            assert "behind" in second["reason"]
            dropped = await parking.take(tx, first["number"], "dropped", "operator")
            assert dropped is not None
            retried = await parking.take(tx, second["number"], "retried", "operator")
            assert retried is not None
            await verification.consumer.dispatcher.dispatch(tx, retried)
        assert await count(verification, "SELECT count(*) FROM seen WHERE slice_id = 'bad'") == 1


async def test_what_cannot_be_read_is_parked_and_the_rest_of_the_poll_arrives(
    broker: Broker, postgres_dsn_factory: Factory
) -> None:
    shared = settings(broker)
    async with (
        running("batch", postgres_dsn_factory(), Handlers(), **shared) as batch,
        running("verification", postgres_dsn_factory(), verifying(), **shared) as verification,
    ):
        producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap)
        await producer.start()
        topic = f"{shared['kafka_namespace']}subsidy.batch.events"
        header = [
            ("ce_type", b"subsidy.batch.slice_opened.v1"),
            ("ce_id", b"x"),
            ("ce_sender", b"stranger"),
            ("ce_sequence", b"1"),
            ("ce_generation", b"1"),
        ]
        await producer.send_and_wait(topic, b"{}", headers=[("ce_id", b"\xff\xfe")])
        await producer.send_and_wait(topic, b"not json", key=b"k", headers=header)
        newer = [*header[1:], ("ce_type", b"subsidy.batch.slice_painted.v9")]
        await producer.send_and_wait(topic, b"{}", key=b"other", headers=newer)
        await producer.stop()
        async with batch.database.tx() as tx:
            for number in range(20):
                tx.emit(opened(f"good{number}"))
        await until(lambda: _is(verification, "SELECT count(*) FROM seen", 20))
        await until(lambda: _is(verification, "SELECT count(*) FROM parked", 2))


async def test_a_broker_that_comes_back_empty_is_filled_again_and_nothing_happens_twice(
    own_broker: Callable[[str], Broker], broker: Broker, postgres_dsn_factory: Factory
) -> None:
    own = own_broker(broker.kind)
    shared = settings(own)
    async with (
        running("batch", postgres_dsn_factory(), Handlers(), **shared) as batch,
        running("verification", postgres_dsn_factory(), verifying(), **shared) as verification,
    ):
        async with batch.database.tx() as tx:
            for number in range(50):
                tx.emit(opened(f"s{number % 10}", number))
        await until(lambda: _is(verification, "SELECT count(*) FROM seen", 50))
        await asyncio.to_thread(own.kill)
        await asyncio.to_thread(own.wipe)
        async with batch.database.tx() as tx:
            for number in range(50, 60):
                tx.emit(opened(f"s{number % 10}", number))
        await asyncio.to_thread(own.start)
        await until(lambda: _is(verification, "SELECT count(DISTINCT number) FROM seen", 60), 120)
        async with batch.database.tx() as tx:
            tx.emit(opened("s0", 60))
        await until(lambda: _is(verification, "SELECT count(*) FROM seen", 61))
        assert await count(batch, "SELECT generation FROM relay_state") >= 2
        assert await count(verification, "SELECT count(*) FROM parked") == 0
        await until(lambda: _is(batch, "SELECT count(*) FROM pending", 0))


@pytest.mark.parametrize("kill_at", ["consumer", "relay"])
async def test_two_processes_of_a_room_share_the_work_and_take_over(
    kill_at: str, broker: Broker, postgres_dsn_factory: Factory
) -> None:
    if "quick_rebalance" not in CAPABILITIES[broker.kind]:
        pytest.skip("not run: the wheel broker gives a second member its partitions only after 23 s")
    shared = settings(broker)
    sending, receiving = postgres_dsn_factory(), postgres_dsn_factory()
    async with running("batch", sending, Handlers(), **shared) as batch:
        first = Running("verification", receiving, verifying(), **shared)
        second = Running("verification", receiving, verifying(), **shared)
        await first.start()
        await second.start()
        for number in range(30):
            async with batch.database.tx() as tx:
                tx.emit(opened(f"s{number % 7}", number))
            if number == 10 and kill_at == "consumer":
                await first.stop()
        await until(lambda: _is(second, "SELECT count(*) FROM seen", 30))
        assert await count(second, "SELECT count(DISTINCT number) FROM seen") == 30
        await second.stop()
        if kill_at != "consumer":
            await first.stop()

"""The servers keep what they acknowledged, also over SIGKILL; the wheel broker says it does not."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer  # noqa: TID251 - tests the bare broker, below the kit
from aiokafka.admin import AIOKafkaAdminClient, NewTopic  # noqa: TID251 - as above

from stack import pg_account
from stack.brokers import Broker, capabilities
from stack.postgres import Postgres
from stack.testing import TestServer, unique


async def produce(bootstrap: str, topic: str, values: list[bytes], *, idempotent: bool) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 3, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=idempotent)
    await producer.start()
    await asyncio.gather(*[await producer.send(topic, value, partition=0) for value in values])
    await producer.stop()


async def consume(bootstrap: str, topic: str, *, wait: float) -> list[bytes]:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id=unique("g"), auto_offset_reset="earliest"
    )
    await consumer.start()
    got: list[bytes] = []
    until = time.monotonic() + wait
    while time.monotonic() < until and len(got) < 500:
        batch = await consumer.getmany(timeout_ms=200)
        got += [record.value for records in batch.values() for record in records]
    await consumer.stop()
    return got


VALUES = [b"%d" % number for number in range(500)]


async def test_round_trip_on_both_brokers(broker: Broker) -> None:
    topic = unique("topic")
    idempotent = "idempotent_producer" in capabilities(broker.kind)
    await produce(broker.bootstrap, topic, VALUES, idempotent=idempotent)
    assert await consume(broker.bootstrap, topic, wait=20) == VALUES


async def test_kafka_keeps_what_it_acknowledged_over_sigkill(own_broker: Callable[[str], Broker]) -> None:
    broker = own_broker("kafka")
    address, topic = broker.bootstrap, unique("topic")
    await produce(address, topic, VALUES, idempotent=True)
    broker.kill()
    assert not broker.running
    started = time.monotonic()
    assert broker.start() == address
    assert time.monotonic() - started < 20
    assert await consume(address, topic, wait=20) == VALUES


async def test_a_wiped_kafka_comes_back_empty(own_broker: Callable[[str], Broker]) -> None:
    broker = own_broker("kafka")
    topic = unique("topic")
    await produce(broker.bootstrap, topic, VALUES, idempotent=True)
    broker.wipe()
    broker.start()
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    assert topic not in await admin.list_topics()
    await admin.close()


async def test_the_wheel_broker_forgets_and_says_so(own_broker: Callable[[str], Broker]) -> None:
    broker = own_broker("wheel")
    topic = unique("topic")
    await produce(broker.bootstrap, topic, VALUES, idempotent=False)
    broker.kill()
    broker.start()
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    assert topic not in await admin.list_topics()
    await admin.close()
    assert "durable" not in capabilities(broker.kind)


async def test_a_room_cannot_open_another_rooms_database(postgres: TestServer) -> None:
    one, other = unique("room"), unique("room")
    dsn = postgres.create_database(one)
    postgres.create_database(other)
    connection = await asyncpg.connect(dsn)
    assert await connection.fetchval("select current_user") == one
    await connection.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(dsn.rpartition("/")[0] + f"/{other}")


KINDS = ["namespace", "nobody"] if os.geteuid() == 0 else ["direct"]


@pytest.mark.parametrize("kind", KINDS)
async def test_postgres_keeps_its_rows_over_sigkill(tmp_path: Path, kind: str) -> None:
    if kind == "namespace" and pg_account.choose(tmp_path / "probe").prefix == ():
        pytest.skip("user namespaces are not allowed here: not run")
    server = Postgres(tmp_path / "data", account=kind)
    try:
        dsn = server.start()
        connection = await asyncpg.connect(dsn)
        await connection.execute("create table kept (n int)")
        await connection.execute("insert into kept select generate_series(1, 1000)")
        server.kill()
        await connection.close(timeout=1)
        assert server.start() == dsn
        connection = await asyncpg.connect(dsn)
        assert await connection.fetchval("select count(*) from kept") == 1000
        await connection.close()
    finally:
        server.wipe()


def test_nothing_outlives_a_killed_command(tmp_path: Path) -> None:
    """SIGKILL to the command itself: the server, its sessions and its lock on the port go too."""
    code = (
        "import sys; from pathlib import Path; from stack.postgres import Postgres; "
        "server = Postgres(Path(sys.argv[1]) / 'data', fast=True); server.start(); "
        "print(server._process.pid, flush=True); sys.stdin.read()"
    )
    command = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with command:
        assert command.stdout is not None
        server = int(command.stdout.readline())
        assert Path(f"/proc/{server}").exists()
        command.send_signal(signal.SIGKILL)
    until = time.monotonic() + 10
    while _alive(server) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _alive(server)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

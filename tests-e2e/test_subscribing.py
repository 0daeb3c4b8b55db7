"""What another agency's developer does: the code of docs/subscribing.md as it is printed there, with stock packages,
against a real broker that has an authorizer. The agency reads its own topic and is refused every other one."""

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer  # noqa: TID251  (an agency's stock client)
from aiokafka.errors import KafkaError  # noqa: TID251  (the test speaks to the broker itself)

from contracts.batch import BatchClosed
from kit.db import Database, migrate
from kit.relay import Relay
from kit.service import migration_sources
from kit.settings import Settings
from services.registry.ports import AgencyTokens
from stack import kafka
from stack.kafka import Kafka
from stack.paths import free_port

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "subscribing.md").read_text(encoding="utf-8")
CODE = {
    block.partition("\n")[0].removeprefix("# "): block
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.S)
}
pytestmark = pytest.mark.timeout(300)
PASSWORDS = {"agency-civil": "civil-word", "agency-banks": "banks-word"}
TERMS: dict[str, Any] = {
    "types": ["batch_closed", "payment_made"],
    "projects": ["11810"],
    "regions": ["539901"],
    "purpose": "低保对象核对",
    "valid_from": "2023-01-01",
}
PATIENCE_S = 150
"""Until the rooms are ready; a busy machine is slow."""
CLOSED = BatchClosed(batch_id="b1", project="11810", period="202305", county="539901", paid=3, paid_fen=24000)


@dataclass
class System:
    """A broker with users, the portal, the exchange, and somebody who states what batch states."""

    broker: Kafka
    portal: str
    batch: Database
    http: httpx.AsyncClient
    programs: list[subprocess.Popen[str]] = field(default_factory=list)

    async def call(self, who: str, method: str, path: str, body: object = None, expected: int = 200) -> Any:
        """As a demo login, or as an agency."""
        door, key = ("token", "username") if "@" in who else ("agency", "agency")
        token = (await self.http.post(f"/auth/dev/{door}", json={key: who})).json()["access_token"]
        headers = {"authorization": f"Bearer {token}"}
        answer = await self.http.request(method, f"/api/exchange/v1{path}", json=body, headers=headers)
        assert answer.status_code == expected, answer.text
        return answer.json()

    async def agree(self, code: str) -> str:
        """From nothing to an agreement in force; its id."""
        who = {"code": code, "name": "民政局", "legal_basis": "社会救助暂行办法", "contact": "数据科"}
        await self.call("operator@5399", "POST", "/agencies", who, 201)
        one = await self.call("operator@5399", "POST", f"/agencies/{code}/agreements", TERMS, 201)
        await self.call("operator.2@5399", "POST", f"/agreements/{one['agreement_id']}:approve")
        return str(one["agreement_id"])

    async def state(self, message: BatchClosed) -> None:
        """As batch does."""
        async with self.batch.tx() as tx:
            tx.emit(message)

    def run(self, name: str, folder: Path, **env: str) -> subprocess.Popen[str]:
        """Run a block of the page as a program."""
        (folder / name).write_text(CODE[name], encoding="utf-8")
        program = subprocess.Popen(
            [sys.executable, "-I", name], cwd=folder, text=True, stdout=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "AGENCY": "civil", **env},
        )  # fmt: skip
        self.programs.append(program)
        return program


def line_of(stream: IO[str] | None) -> Any:
    assert stream is not None
    return json.loads(stream.readline())


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """Apache Kafka with an authorizer and two agencies as users."""
    if lacking := kafka.available():
        pytest.skip(f"Apache Kafka cannot be had here: not run: {lacking}")
    one = Kafka(tmp_path_factory.mktemp("secured") / "data", users=PASSWORDS)
    one.start()
    yield one
    one.wipe()


def room(name: str, folder: Path, port: int, **env: str) -> subprocess.Popen[str]:
    """A room's process."""
    environment = {
        "PATH": os.environ["PATH"], "DAOHU_PROFILE": "development", "DAOHU_PORT": str(port),
        "DAOHU_KEY_DIR": str(folder / "keys"), **env,
    }  # fmt: skip
    with (folder / f"{name}.log").open("w") as log:
        return subprocess.Popen(
            [sys.executable, "-m", f"services.{name}.app"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            text=True,
        )


@pytest.fixture(scope="module")
async def system(
    broker: Kafka, tmp_path_factory: pytest.TempPathFactory, postgres_dsn_factory: Callable[[], str]
) -> AsyncIterator[System]:
    """Everything, ready."""
    folder = tmp_path_factory.mktemp("subscribing")
    (folder / "keys").mkdir()
    ports = {name: free_port() for name in ("exchange", "portal")}
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    common = {
        "DAOHU_KAFKA_BOOTSTRAP": broker.bootstrap, "DAOHU_ROOM_URLS": json.dumps(urls), "DAOHU_KAFKA_PARTITIONS": "2"
    }  # fmt: skip
    dsn = postgres_dsn_factory()
    batch = Database(dsn)
    await batch.open()
    await migrate(batch, migration_sources("services.batch"))
    settings = Settings(dsn=dsn, kafka_bootstrap=broker.bootstrap, kafka_partitions=2)
    relay = asyncio.create_task(Relay("batch", batch, settings).run())
    rooms = [
        room(name, folder, port, DAOHU_DSN=postgres_dsn_factory(), DAOHU_KAFKA_ACLS="true", **common)
        for name, port in ports.items()
    ]
    programs: list[subprocess.Popen[str]] = []
    try:
        async with httpx.AsyncClient(base_url=urls["portal"], trust_env=False, timeout=30) as http:
            until = time.monotonic() + PATIENCE_S
            for name, url in urls.items():
                while True:
                    with suppress(httpx.HTTPError):
                        if (await http.get(f"{url}/health/ready")).status_code == 200:
                            break
                    assert time.monotonic() < until, (folder / f"{name}.log").read_text()[-3000:]
                    await asyncio.sleep(0.1)
            yield System(broker, urls["portal"], batch, http, programs)
    finally:
        for program in (*programs, *rooms):
            program.terminate()
        for program in (*programs, *rooms):
            program.wait(20)
            if program.stdout is not None:
                program.stdout.close()
        relay.cancel()
        with suppress(asyncio.CancelledError):
            await relay
        await batch.close()


def test_the_page_has_the_programs_that_are_run_here() -> None:
    assert set(CODE) == {"receive.py", "pull.py", "webhook.py", "make_tokens.py"}


async def refused(broker: Kafka, user: str, topic: str, group: str | None) -> str | None:
    """The error's name when this user reads this topic with this group; None when it may."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=broker.agencies, group_id=group, auto_offset_reset="earliest", **login(user)
    )
    try:
        async with asyncio.timeout(20):
            await consumer.start()
            await consumer.getone()
    except KafkaError as error:
        return type(error).__name__
    finally:
        await consumer.stop()
    return None


def login(user: str) -> dict[str, str]:
    return {
        "security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": user, "sasl_plain_password": PASSWORDS[user],
    }  # fmt: skip


async def test_from_agreement_to_first_event_and_no_further(system: System, tmp_path: Path) -> None:
    """The three ways give the same event; the broker refuses internal topics, other agencies' topics, and writing."""
    agreement = await system.agree("civil")
    await system.agree("banks")
    await system.state(CLOSED)
    receiving = system.run(
        "receive.py",
        tmp_path,
        BOOTSTRAP=system.broker.agencies,
        SECURITY="SASL_PLAINTEXT",
        PASSWORD="civil-word",
    )
    # The topic comes with the first event, the allowance with the approval: a client retries until both are there.
    received = await asyncio.wait_for(asyncio.to_thread(line_of, receiving.stdout), 60)
    assert received == [
        "subsidy.public.batch_closed.v1",
        None,
        {
            "agency": "civil",
            "project": "11810",
            "county": "539901",
            "period": "202305",
            "paid": 3,
            "paid_fen": 24000,
        },
    ]

    pulling = system.run("pull.py", tmp_path, DAOHU=system.portal)
    assert await asyncio.to_thread(line_of, pulling.stdout) == received

    port, secret = free_port(), tmp_path / "secret"
    hooked = system.run("webhook.py", tmp_path, PORT=str(port), SECRET_FILE=str(secret))
    body = {name: TERMS[name] for name in ("types", "projects", "regions")}
    body |= {"endpoint": f"http://127.0.0.1:{port}/", "after": 0}
    for _ in range(50):
        answer = await asyncio.to_thread(_connects, port)
        if answer:
            break
        await asyncio.sleep(0.1)
    opened = await system.call("civil", "POST", "/public/subscriptions/webhooks", body, 201)
    secret.write_text(opened["secret"], encoding="utf-8")
    # A call that came before the secret was written was answered with an error, and comes again in 5 s.
    assert await asyncio.wait_for(asyncio.to_thread(line_of, hooked.stdout), 60) == received

    for topic in ("subsidy.batch.events", "subsidy.public.banks"):
        assert (
            await refused(system.broker, "agency-civil", topic, "civil.x") == "TopicAuthorizationFailedError"
        )
        assert await refused(system.broker, "agency-civil", topic, None) == "TopicAuthorizationFailedError"
    assert await refused(system.broker, "agency-banks", "subsidy.public.banks", "banks.x") is None
    foreign = await refused(system.broker, "agency-civil", "subsidy.public.civil", "banks.x")
    assert foreign == "GroupAuthorizationFailedError"
    producer = AIOKafkaProducer(bootstrap_servers=system.broker.agencies, **login("agency-civil"))
    await producer.start()
    try:
        with pytest.raises(KafkaError):
            await producer.send_and_wait("subsidy.public.civil", b"{}")
    finally:
        await producer.stop()

    await system.call("operator@5399", "POST", f"/agreements/{agreement}:revoke", {"reason": "期满"})
    for _ in range(100):
        gone = await refused(system.broker, "agency-civil", "subsidy.public.civil", None)
        if gone:
            break
    assert gone == "TopicAuthorizationFailedError"
    await system.call("civil", "GET", "/public/events", expected=403)
    assert await refused(system.broker, "agency-banks", "subsidy.public.banks", "banks.y") is None


def test_a_token_is_what_the_registry_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    number = "539901195003070031"
    made = AgencyTokens(tmp_path, "civil").of(number)
    (tmp_path / "make_tokens.py").write_text(CODE["make_tokens.py"], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "make_tokens.py"], cwd=tmp_path, input=number, capture_output=True, text=True,
        check=True, env={"TOKEN_KEY": str(tmp_path / "tokencivil1.key")},
    )  # fmt: skip
    assert done.stdout.strip() == made


async def test_a_replay_comes_with_the_same_ids(system: System) -> None:
    consumer = AIOKafkaConsumer(
        "subsidy.public.banks", bootstrap_servers=system.broker.agencies, group_id="banks.replay",
        auto_offset_reset="earliest", **login("agency-banks"),
    )  # fmt: skip
    await consumer.start()
    try:
        first = dict((await asyncio.wait_for(consumer.getone(), 20)).headers)
        await system.call("banks", "POST", "/public/replays", {"since": "2023-01-01T00:00:00Z"}, 202)
        again = dict((await asyncio.wait_for(consumer.getone(), 20)).headers)
    finally:
        await consumer.stop()
    assert again["ce_id"] == first["ce_id"]
    assert (int(first["ce_sequence"]), int(again["ce_sequence"])) == (1, 2)
    assert "ce_replayid" in again and "ce_replayid" not in first
    assert not {"ce_causationid", "traceparent", "ce_traceparent"} & first.keys()


async def test_a_broker_that_was_emptied_is_filled_again(system: System) -> None:
    """Topic and ACL come back by themselves; the events have their ids, under a higher generation."""
    system.broker.wipe()
    await asyncio.to_thread(system.broker.start)
    seen: list[dict[str, bytes]] = []
    until = time.monotonic() + 90
    while len(seen) < 2:
        assert time.monotonic() < until, "the topic did not come back"
        await asyncio.sleep(0.5)
        consumer = AIOKafkaConsumer(
            "subsidy.public.banks", bootstrap_servers=system.broker.agencies, group_id=None,
            auto_offset_reset="earliest", **login("agency-banks"),
        )  # fmt: skip
        with suppress(KafkaError, TimeoutError):
            await asyncio.wait_for(consumer.start(), 20)
            seen = []
            while len(seen) < 2:
                headers = dict((await asyncio.wait_for(consumer.getone(), 5)).headers)
                # Each partition ends with a marker of the new generation, which is no event.
                seen += [headers] if headers["ce_type"].startswith(b"subsidy.public.") else []
        await consumer.stop()
    assert len({one["ce_id"] for one in seen}) == 1
    assert [int(one["ce_sequence"]) for one in seen] == [1, 2]
    assert {int(one["ce_generation"]) for one in seen} == {2}


def _connects(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False

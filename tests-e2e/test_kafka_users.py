"""Each room as its own Kafka user, with exactly the allowances that are deployed: the system runs with them on a live
authorizer, and the broker refuses every other topic, group and act."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import kafka_users
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic  # noqa: TID251  (the broker's own answers)
from aiokafka.client import AIOKafkaClient, CoordinationType  # noqa: TID251
from aiokafka.errors import GroupAuthorizationFailedError  # noqa: TID251
from aiokafka.protocol.fetch import FetchRequest  # noqa: TID251
from aiokafka.protocol.produce import ProduceRequest  # noqa: TID251
from aiokafka.record.default_records import DefaultRecordBatchBuilder  # noqa: TID251
from kafka_users import Secured, may
from living import (
    COUNTY,
    FOLDER,
    HANDLER,
    OPERATOR,
    PERIOD,
    PROJECT,
    VILLAGE_NAME,
    Living,
    person,
    roster,
)

from contracts.batch import BatchClosed
from engine.folder import read_folder
from kit.db import Database
from stack import kafka
from stack.rooms import ROOMS
from stack.supervisor import ends_cleanly

pytestmark = pytest.mark.timeout(300)  # everything is started; a busy machine is slow
PUBLIC = "subsidy.public.civil"
FINE, TOPIC_REFUSED, CLUSTER_REFUSED = 0, 29, 31
TERMS = {
    "types": ["batch_closed"], "projects": [PROJECT], "regions": [COUNTY], "purpose": "低保对象核对",
    "valid_from": "2023-01-01",
}  # fmt: skip


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Broker, database and every room; no room is anybody but itself."""
    if lacking := kafka.available():
        pytest.skip(f"Apache Kafka cannot be had here: not run: {lacking}")
    folder = tmp_path_factory.mktemp("users")
    with (
        ends_cleanly(),
        Secured(
            data_dir=folder / "data",
            run_dir=folder / "run",
            business_now=datetime(2023, 5, 8, 1, tzinfo=UTC),
            fast=True,
            simulators=(),
        ) as running,
    ):
        yield running


@pytest.fixture(scope="module")
async def living(secured: Secured) -> AsyncIterator[Living]:
    """The same, with a project that the rooms know."""
    async with httpx.AsyncClient(base_url=secured.urls["portal"], timeout=60, trust_env=False) as http:
        one = Living(secured, http)
        await one.ok(OPERATOR, "POST", "/api/orchestrator/v1/projects", json={"files": read_folder(FOLDER)})
        for room, table in (
            ("application", "project"),
            ("batch", "project"),
            ("verification", "project_version"),
        ):
            known = partial(one.fetch, room, f"SELECT 1 FROM {table}")
            await one.until(f"{room} knows the project", known)
        yield one


async def test_the_rooms_work_together_as_their_own_users(living: Living, secured: Secured) -> None:
    """An application, a roster and a fact for another agency, from room to room."""
    applicant, listed = person(811), person(812)
    who = await living.citizen(applicant["id_no"], applicant["name"])
    answer = await living.apply(who, applicant)
    assert answer.status_code == 201, answer.text
    application = answer.json()["application_id"]
    batch = await living.open_batch(PERIOD)
    row = [listed["name"], listed["id_no"], listed["phone"], VILLAGE_NAME, "低保", ""]
    upload = await living.upload(HANDLER, f"/api/batch/v1/batches/{batch}/rosters", roster(row))
    assert upload.status_code == 201 and upload.json()["accepted"] == 1, upload.text
    await agreed(living)
    await state(
        secured, BatchClosed(batch_id="b1", project=PROJECT, period=PERIOD, county=COUNTY, paid=1, paid_fen=1)
    )

    async def decided() -> bool:
        found = await living.ok(who, "GET", f"/api/application/v1/applications/{application}")
        return found["state"] in ("listed", "refused", "enrolled")

    await living.until("the application is decided", decided)
    # What the broker has acknowledged to whom, and what came to whom.
    for room, topics in {
        "application": {"subsidy.application.events"},
        "batch": {"subsidy.batch.events", "subsidy.application.commands"},
        "exchange": {PUBLIC},
        "orchestrator": {"subsidy.orchestrator.events", "subsidy.verification.commands"},
    }.items():
        await told(living, room, "relay_mark", topics)
    for room, topics in {
        "application": {"subsidy.application.commands", "subsidy.orchestrator.events"},
        "batch": {"subsidy.application.events", "subsidy.orchestrator.events"},
        "exchange": {"subsidy.application.events", "subsidy.batch.events"},
        "supervision": {"subsidy.application.events", "subsidy.batch.events", "subsidy.orchestrator.events"},
        "verification": {"subsidy.verification.commands"},
    }.items():
        await told(living, room, "inbox", topics)


async def told(living: Living, room: str, table: str, topics: set[str]) -> None:
    """Wait until the room's table names at least these topics."""

    async def named() -> bool:
        rows = await living.fetch(room, f"SELECT DISTINCT topic FROM {table}")
        return topics <= {row["topic"] for row in rows}

    await living.until(f"{room}: {table} has {sorted(topics)}", named)


async def agreed(living: Living) -> None:
    """An agreement with another agency, whose topic the exchange then makes by itself."""
    root = "/api/exchange/v1"
    who = {"code": "civil", "name": "民政局", "legal_basis": "社会救助暂行办法", "contact": "数据科"}
    await living.ok("operator@5399", "POST", f"{root}/agencies", json=who)
    one = await living.ok("operator@5399", "POST", f"{root}/agencies/civil/agreements", json=TERMS)
    await living.ok("operator.2@5399", "POST", f"{root}/agreements/{one['agreement_id']}:approve")


async def state(secured: Secured, message: BatchClosed) -> None:
    """As batch does; its own relay publishes it."""
    database = Database(secured.dsns["batch"])
    await database.open()
    try:
        async with database.tx() as tx:
            tx.emit(message)
    finally:
        await database.close()


@pytest.mark.parametrize("room", ROOMS)
async def test_every_room_is_ready_and_was_refused_nothing(
    room: str, living: Living, secured: Secured
) -> None:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        ready = await http.get(f"{secured.urls[room]}/health/ready")
    assert ready.status_code == 200, ready.text
    assert ready.json()["parked"] == 0
    log = secured.log(room).read_text(encoding="utf-8")
    assert re.findall(r"\w*AuthorizationFailed\w*", log) == []


@asynccontextmanager
async def client_of(secured: Secured, room: str) -> AsyncIterator[tuple[AIOKafkaClient, int]]:
    """A client of the room's user, and the one broker's number."""
    client = AIOKafkaClient(**secured.client(room))
    await client.bootstrap()
    try:
        yield client, next(iter(client.cluster.brokers())).nodeId
    finally:
        await client.close()


def refusals(topics: Any) -> dict[str, int]:
    """Topic → the broker's code for its first partition."""
    return {topic: partitions[0][1] for topic, partitions in topics}


def record() -> bytes:
    """A batch of one record that no room reads as a message (the rooms are down by then)."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1024)
    builder.append(0, None, b"key", b"{}", [])
    return bytes(builder.build())


@pytest.fixture(scope="module")
async def silent(living: Living, secured: Secured) -> Secured:
    """The broker alone, so that records of this test come to nobody."""
    del living
    await asyncio.to_thread(secured.supervisor.stop_all)
    return secured


@pytest.mark.parametrize("room", ROOMS)
async def test_the_broker_refuses_every_other_topic(room: str, silent: Secured) -> None:
    """Its own answer to a fetch and a produce, for each topic there is; without asking for metadata first."""
    topics = [*kafka_users.topics(), PUBLIC]
    async with client_of(silent, room) as (client, node):
        read = await client.send(node, FetchRequest(0, 0, 1024, 0, [(one, [(0, 0, 1024)]) for one in topics]))
        sent = await client.send(
            node, ProduceRequest(None, -1, 5000, [(one, [(0, record())]) for one in topics])
        )
    wanted = {
        operation: {one: FINE if may(room, operation, one) else TOPIC_REFUSED for one in topics}
        for operation in ("Read", "Write")
    }
    assert refusals(read.topics) == wanted["Read"]
    assert refusals(sent.topics) == wanted["Write"]
    assert TOPIC_REFUSED in wanted["Write"].values()


@pytest.mark.parametrize("room", ROOMS)
async def test_nobody_joins_anothers_group_or_changes_topics(room: str, silent: Secured) -> None:
    async with client_of(silent, room) as (client, _):
        open_to = set()
        for group in ROOMS:
            try:
                await client.coordinator_lookup(CoordinationType.GROUP, group)
            except GroupAuthorizationFailedError:
                continue
            open_to.add(group)
    reads = any(may(room, "Read", one) and not may(room, "Write", one) for one in kafka_users.topics())
    assert open_to == ({room} if reads else set())
    admin = AIOKafkaAdminClient(**silent.client(room))
    await admin.start()
    try:
        new = [f"subsidy.{room}.other", f"subsidy.public.{room.replace('_', '-')}"]
        made = await admin.create_topics([NewTopic(name, 1, 1) for name in new])
        gone = await admin.delete_topics([*kafka_users.topics(), PUBLIC])
    finally:
        await admin.close()
    codes = {topic: code for topic, code, *_ in made.topic_errors}
    assert codes[new[0]] in (TOPIC_REFUSED, CLUSTER_REFUSED)
    assert (codes[new[1]] == FINE) is (room == "exchange")
    assert {code for _, code in gone.topic_error_codes} == {TOPIC_REFUSED}

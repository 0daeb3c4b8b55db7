"""Health, readiness and metrics of every room; and a poison message seen, retried and dropped by an operator."""

import asyncio
import re

import httpx
import pytest
from aiokafka import AIOKafkaProducer  # noqa: TID251  (a stranger on the bus: that is the point)
from living import HANDLER, OPERATOR, PROJECT, TOWNSHIP, Living, refused, until

from contracts.application import ApplicationRefused
from kit.envelope import headers_of
from kit.ids import new_id
from stack.rooms import ROOMS

TOPIC = "subsidy.application.events"
PARKED = "/api/verification/v1/parked"
METRICS = {
    "daohu_parked_open",
    "daohu_outbox_pending",
    "daohu_outbox_age_seconds",
    "daohu_handle_seconds_count",
    "daohu_http_requests_total",
}


@pytest.mark.parametrize("room", ROOMS)
async def test_every_room_tells_how_it_is(living: Living, room: str) -> None:
    async with httpx.AsyncClient(base_url=living.stack.urls[room], trust_env=False) as http:
        assert (await http.get("/health/live")).json() == {"live": True}
        ready = await http.get("/health/ready")
        assert ready.status_code == 200
        told = ready.json()
        assert told["room"] == room and told["ready"] is True and told["leading"] is True
        assert all(isinstance(told[name], int) for name in ("parked", "pending", "waiting", "lag"))
        text = (await http.get("/metrics")).text
    found = set(re.findall(r"^(daohu_\w+)", text, re.MULTILINE))
    assert found >= METRICS
    consumes = room not in ("portal", "registry")
    assert ("daohu_consumer_lag" in found) == consumes, "every consumer shows its lag, partition by partition"
    # None of it is reachable from outside.
    for path in ("/health/ready", "/metrics", "/internal/v1/persons:resolve"):
        answer = await living.call(None, "GET", f"/api/{room}/v1/..{path}")
        assert answer.status_code in (400, 404)


async def test_open_work_items_are_a_metric(living: Living) -> None:
    async def shown() -> bool:
        async with httpx.AsyncClient(base_url=living.stack.urls["orchestrator"], trust_env=False) as http:
            text = (await http.get("/metrics")).text
        rows = await living.fetch(
            "orchestrator",
            "SELECT node, count(*) AS n FROM work_item WHERE kind = 'act' AND state IN ('open', 'claimed') GROUP BY 1",
        )
        told = re.findall(r'^daohu_work_items\{node="(\w+)",overdue="\w+"\} ([0-9.]+)', text, re.MULTILINE)
        return sorted((node, int(float(n))) for node, n in told) == sorted(
            (row["node"], row["n"]) for row in rows
        )

    await until("the metric agrees with the table", shown, 20)


async def test_a_poison_message_is_seen_retried_and_dropped(living: Living) -> None:
    key = f"poison-{new_id()}"
    good = ApplicationRefused(application_id=key, project=PROJECT, township=TOWNSHIP, reasons=["R00"])
    bodies = [b'{"application_id": 1, "reasons": "x"}', good.model_dump_json().encode()]
    await send(living, key, bodies)

    async def parked() -> list[dict[str, str]]:
        found = (await living.ok(OPERATOR, "GET", PARKED))["parked"]
        mine = [one for one in found if one["key"] == key]
        return mine if len(mine) == 2 else []

    poison, behind = await until("both are parked", parked, 20)
    assert "字段不合格" in poison["reason"] and "application_id" in poison["reason"]
    assert "同键在前" in behind["reason"]
    assert poison["type"] == ApplicationRefused.TYPE

    # Nobody else sees it, or can do anything about it.
    for who, status, slug in ((HANDLER, 403, "forbidden"), (None, 401, "unauthorized")):
        refused(await living.call(who, "GET", PARKED), status, slug, key)
        refused(await living.call(who, "POST", f"{PARKED}/{poison['number']}:drop"), status, slug, key)

    again = await living.call(OPERATOR, "POST", f"{PARKED}/{poison['number']}:retry")
    refused(again, 409, "parked-again")
    assert await parked(), "a failed retry leaves everything parked"

    assert (await living.ok(OPERATOR, "POST", f"{PARKED}/{poison['number']}:drop")) == {"dropped": 1}
    refused(await living.call(OPERATOR, "POST", f"{PARKED}/{poison['number']}:drop"), 404, "not-found")
    assert (await living.ok(OPERATOR, "POST", f"{PARKED}/{behind['number']}:retry")) == {"retried": 1}
    left = (await living.ok(OPERATOR, "GET", PARKED))["parked"]
    assert not [one for one in left if one["key"] == key]
    audited = await living.fetch(
        "verification", "SELECT action FROM audit WHERE action LIKE 'parked.%' AND actor = $1", OPERATOR
    )
    assert {row["action"] for row in audited} == {"parked.drop", "parked.retry"}


async def test_what_cannot_be_read_is_parked_and_the_rest_arrives(living: Living) -> None:
    await send(living, "", [b"not json"], headers=[("ce_id", b"\xff")])

    async def parked() -> dict[str, str] | None:
        found = (await living.ok(OPERATOR, "GET", PARKED))["parked"]
        return next((one for one in found if one["type"] is None), None)

    one = await until("the unreadable record is parked", parked, 20)
    refused(await living.call(OPERATOR, "POST", f"{PARKED}/{one['number']}:retry"), 409, "parked-unreadable")
    await living.ok(OPERATOR, "POST", f"{PARKED}/{one['number']}:drop")
    # Other rooms that read the topic parked it too; each has its own decision.
    for room in ("batch", "orchestrator", "verification"):
        path = f"/api/{room}/v1/parked"
        for rest in (await living.ok(OPERATOR, "GET", path))["parked"]:
            await living.ok(OPERATOR, "POST", f"{path}/{rest['number']}:drop")


async def send(
    living: Living, key: str, bodies: list[bytes], headers: list[tuple[str, bytes]] | None = None
) -> None:
    """Put records on the bus with a plain client, as a sender nobody knows."""
    producer = AIOKafkaProducer(bootstrap_servers=living.stack.broker.bootstrap)
    await producer.start()
    try:
        for sequence, body in enumerate(bodies, 1):
            own = headers_of(
                id=new_id(), type=ApplicationRefused.TYPE, sender="stranger", sequence=sequence, generation=1,
                time="2023-05-08T01:00:00+00:00", causation_id=None, traceparent=None, key=key,
            )  # fmt: skip
            await producer.send_and_wait(TOPIC, body, key=key.encode(), headers=headers or own)
    finally:
        await producer.stop()
    await asyncio.sleep(0)

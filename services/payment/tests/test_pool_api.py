"""The pool's doors: documents, expected townships, reservations, carrying over, and who may."""

from typing import Any

import httpx
import pytest

from kit.auth import Actor, Role
from kit.testing import official
from services.payment.tests.test_pool import EAST, SOUTH, WEST, begin, calculate, fields, of, sign
from services.payment.tests.world import API, COUNTY, HANDLER, PAYER, PROJECT, REVIEWER, World

BODY = {
    "project": PROJECT,
    "county": COUNTY,
    "year": 2023,
    "amount_fen": 30000,
    "document_no": "云财农〔2023〕7号",
}


async def send(
    world: World, method: str, path: str, actor: Actor, body: dict[str, Any] | None = None
) -> httpx.Response:
    async with world.harness.client(actor) as client:
        return await client.request(method, API + path, json=body)


async def opened(world: World) -> str:
    await begin(world, 0)
    made = await send(world, "POST", "/pools", REVIEWER, BODY)
    assert made.status_code == 201
    return f"/pools/{made.json()['pool_id']}"


async def test_a_document_counts_once_and_another_adds(world: World) -> None:
    pool = await opened(world)
    assert (await send(world, "POST", "/pools", REVIEWER, BODY)).status_code == 200
    assert (await send(world, "POST", "/pools", REVIEWER, BODY | {"amount_fen": 1})).status_code == 409
    added = await send(world, "POST", "/pools", REVIEWER, BODY | {"document_no": "8号", "amount_fen": 5})
    assert (added.status_code, added.json()["granted_fen"]) == (201, 30005)
    assert (await send(world, "GET", pool, PAYER)).json() == added.json()
    listed = await send(world, "GET", f"/pools?project={PROJECT}&county={COUNTY}", HANDLER)
    assert listed.json() == [added.json()]


async def test_the_county_decides_for_a_late_township_and_carries_the_rest_over(world: World) -> None:
    pool = await opened(world)
    await world.harness.deliver(*of(EAST, "sl1", fields("sl1", ["20"])))
    named = await send(world, "PUT", f"{pool}/townships", HANDLER, {"townships": [WEST, SOUTH]})
    assert named.json()["townships"] == [WEST, SOUTH]
    for township in (WEST, SOUTH):
        body = {"township": township, "area": "5", "reason": "道路中断"}
        assert (await send(world, "POST", f"{pool}/reservations", HANDLER, body)).status_code == 201
    await calculate(world, "sl1", id="c1")
    await sign(world)
    seen = (await send(world, "GET", pool, HANDLER)).json()
    assert [seen[name] for name in ("price", "area", "charged_fen", "remainder_fen")] == [
        "10.00000000",
        "30.00000000",
        20000,
        0,
    ]
    assert [one["held_fen"] for one in seen["reservations"]] == [5000, 5000]
    more = {"township": WEST, "area": "6", "reason": "补报"}
    refused = await send(world, "POST", f"{pool}/reservations", HANDLER, more)
    assert refused.status_code == 409 and (await send(world, "GET", pool, HANDLER)).json() == seen
    freed = await send(world, "POST", f"{pool}/reservations/{SOUTH}:release", HANDLER)
    assert freed.json()["remainder_fen"] == 5000
    assert (await send(world, "POST", f"{pool}/reservations/{SOUTH}:release", HANDLER)).status_code == 404
    assert (await send(world, "POST", f"{pool}/reservations", HANDLER, more)).json()["remainder_fen"] == 4000
    next_year = await send(world, "POST", "/pools", REVIEWER, BODY | {"year": 2024})
    path = f"/pools/{next_year.json()['pool_id']}:carry"
    carried = await send(world, "POST", path, REVIEWER, {"from_year": 2023})
    assert (carried.status_code, carried.json()["granted_fen"]) == (200, 34000)
    assert (await send(world, "POST", path, REVIEWER, {"from_year": 2023})).status_code == 409
    assert (await send(world, "POST", path, REVIEWER, {"from_year": 2024})).status_code == 422
    left = (await send(world, "GET", pool, HANDLER)).json()
    assert (left["granted_fen"], left["remainder_fen"]) == (26000, 0)
    acts = await world.rows("SELECT DISTINCT action FROM audit WHERE action LIKE 'payment.%' ORDER BY 1")
    assert {
        "payment.add_to_pool",
        "payment.reserve_area",
        "payment.release_area",
        "payment.carry_pool",
        "payment.freeze_pool",
    } <= {row["action"] for row in acts}


@pytest.mark.parametrize(
    ("method", "path", "body", "actor", "status"),
    [
        ("POST", "/pools", BODY, HANDLER, 403),
        ("POST", "/pools", BODY, official(Role.FINANCE_REVIEWER, "539902"), 404),
        ("POST", "{pool}/reservations", {"township": WEST, "area": "1", "reason": "x"}, PAYER, 403),
        (
            "POST",
            "{pool}/reservations",
            {"township": WEST, "area": "1", "reason": "x"},
            official(Role.COUNTY_HANDLER, "539902"),
            404,
        ),
        ("POST", "{pool}/reservations", {"township": "539902101", "area": "1", "reason": "x"}, HANDLER, 422),
        ("POST", "{pool}/reservations", {"township": WEST, "area": "0", "reason": "x"}, HANDLER, 422),
        ("POST", "{pool}/reservations", {"township": WEST, "area": "1e3", "reason": "x"}, HANDLER, 422),
        ("PUT", "{pool}/townships", {"townships": ["539902101"]}, HANDLER, 422),
        ("POST", "{pool}:carry", {"from_year": 2022}, REVIEWER, 409),
        ("POST", "{pool}:carry", {"from_year": 2022}, HANDLER, 403),
        ("GET", "{pool}", None, official(Role.FINANCE_PAYER, "539902"), 404),
        ("GET", "/pools/none", None, HANDLER, 404),
    ],
)
async def test_others_and_other_things_are_refused(
    world: World, method: str, path: str, body: dict[str, Any] | None, actor: Actor, status: int
) -> None:
    pool = await opened(world)
    answer = await send(world, method, path.format(pool=pool), actor, body)
    assert answer.status_code == status, answer.text

"""The doors: who may what, refusals, the ledger that balances by eye."""

from typing import Any

import httpx
import pytest

from kit.auth import Actor, Role, undeclared
from kit.testing import citizen, official
from services.payment.app import service
from services.payment.tests.world import (
    API,
    COUNTY,
    HANDLER,
    PAYER,
    PROJECT,
    REVIEWER,
    TOWNSHIP,
    World,
    line,
    number,
)

WHERE = {"project": PROJECT, "county": COUNTY}
STANDARD = WHERE | {"category": "elderly", "unit_price": "50.00", "valid_from": "2023-01-01"}
QUOTA = WHERE | {"year": 2023, "amount_fen": 30000, "document_no": "云财社〔2023〕1号"}
OTHER_COUNTY = "539902"


async def post(world: World, path: str, actor: Actor, body: dict[str, Any]) -> httpx.Response:
    async with world.harness.client(actor) as client:
        return await client.post(API + path, json=body)


async def get(world: World, path: str, actor: Actor, **query: Any) -> httpx.Response:
    async with world.harness.client(actor) as client:
        return await client.get(API + path, params=query)


async def test_a_standard_is_maintained_once_and_history_stands(world: World) -> None:
    first = await post(world, "/standards", HANDLER, STANDARD)
    assert (first.status_code, first.json()["unit_price"]) == (201, "50.00")
    again = await post(world, "/standards", HANDLER, STANDARD)
    assert (again.status_code, again.json()) == (200, first.json())
    assert (await post(world, "/standards", HANDLER, STANDARD | {"unit_price": "60"})).status_code == 409
    later = STANDARD | {"unit_price": "60.125", "valid_from": "2023-07-01"}
    assert (await post(world, "/standards", HANDLER, later)).status_code == 201
    rows = (await get(world, "/standards", HANDLER, **WHERE)).json()
    assert [(row["unit_price"], row["valid_to"]) for row in rows] == [
        ("50.00", "2023-06-30"),
        ("60.125", None),
    ]


@pytest.mark.parametrize("price", ["0", "-1", "1.123456789", "1e3", "", "５０", "NaN"])
async def test_what_is_no_price_is_refused(world: World, price: str) -> None:
    assert (await post(world, "/standards", HANDLER, STANDARD | {"unit_price": price})).status_code == 422
    assert await world.value("SELECT count(*) FROM standard") == 0


async def test_a_quota_document_counts_once_and_another_raises(world: World) -> None:
    assert (await post(world, "/quotas", REVIEWER, QUOTA)).json()["granted_fen"] == 30000
    assert (await post(world, "/quotas", REVIEWER, QUOTA)).status_code == 200
    assert (await post(world, "/quotas", REVIEWER, QUOTA | {"amount_fen": 1})).status_code == 409
    raised = await post(world, "/quotas", REVIEWER, QUOTA | {"document_no": "2号"})
    assert (raised.json()["granted_fen"], raised.json()["budget_fen"]) == (60000, 60000)
    assert len((await get(world, "/quotas", PAYER, **WHERE)).json()) == 1


@pytest.mark.parametrize(
    ("path", "body", "actor", "status"),
    [
        ("/standards", STANDARD, PAYER, 403),
        ("/standards", STANDARD, official(Role.COUNTY_HANDLER, OTHER_COUNTY), 404),
        ("/standards", STANDARD, official(Role.COUNTY_HANDLER, TOWNSHIP), 404),
        ("/standards", STANDARD, official(Role.COUNTY_HANDLER, COUNTY, projects=frozenset({"x"})), 404),
        ("/quotas", QUOTA, HANDLER, 403),
        ("/quotas", QUOTA, official(Role.FINANCE_REVIEWER, OTHER_COUNTY), 404),
    ],
)
async def test_others_may_not(
    world: World, path: str, body: dict[str, Any], actor: Actor, status: int
) -> None:
    assert (await post(world, path, actor, body)).status_code == status
    assert (
        await world.value("SELECT count(*) FROM posting") + await world.value("SELECT count(*) FROM standard")
        == 0
    )


async def test_an_order_and_its_file_are_seen_by_those_who_may(world: World) -> None:
    lines = [line("sl1", n) for n in range(3)]
    order_id = await world.ordered(lines)
    assert (await get(world, f"/orders/{order_id}/file", PAYER)).status_code == 404
    await world.finish()
    seen = (await get(world, "/sets/set1/order", HANDLER)).json()
    assert (seen["order_id"], seen["state"], seen["payments"]) == (order_id, "settled", {"PAID": 3})
    assert seen["slices"][0]["lines"] == 3 and seen["files"][0]["receipt_no"]
    whole = await get(world, f"/orders/{order_id}/file", PAYER)
    assert number(lines[0].payee_id) in whole.text and whole.headers["cache-control"] == "no-store"
    masked = await get(world, f"/orders/{order_id}/file", HANDLER)
    assert number(lines[0].payee_id) not in masked.text and "岭某" not in masked.text
    foreign = official(Role.FINANCE_PAYER, OTHER_COUNTY)
    for path in (f"/orders/{order_id}", f"/orders/{order_id}/file", f"/orders/{order_id}/results"):
        assert (await get(world, path, foreign)).status_code == 404
    downloads = await world.rows("SELECT actor FROM audit WHERE action = 'payment.download_file' ORDER BY 1")
    assert sorted(row["actor"] for row in downloads) == sorted([PAYER.sub, HANDLER.sub])


async def test_the_stored_file_is_sealed_and_has_a_deletion_date(world: World) -> None:
    lines = [line("sl1", 0)]
    await world.ordered(lines)
    await world.send()
    row = (await world.rows("SELECT content, delete_after, built_at::date AS built FROM bank_file"))[0]
    assert number(lines[0].payee_id).encode() not in row["content"] and row["delete_after"] > row["built"]


async def test_the_ledger_balances_by_eye(world: World) -> None:
    order_id = await world.ordered([line("sl1", n) for n in range(4)])
    await world.finish()
    postings = (await get(world, "/ledger", REVIEWER, **WHERE, year=2023)).json()
    assert [one["kind"] for one in postings] == ["grant", "reserve", "send", "result"]
    assert all(one["balanced"] and one["out_fen"] == one["into_fen"] == 20000 for one in postings)
    assert postings[-1]["entries"][1]["into"] == "200.00"
    of_order = (await get(world, "/ledger", REVIEWER, **WHERE, year=2023, order_id=order_id)).json()
    assert [one["kind"] for one in of_order] == ["send", "result"]
    trial = (await get(world, "/ledger/balance", REVIEWER, **WHERE, year=2023)).json()
    assert trial["balanced"] and trial["balance_sum_fen"] == 0 and trial["out_fen"] == trial["into_fen"]
    assert {one["account"]: one["balance_fen"] for one in trial["accounts"] if one["balance_fen"]} == {
        "appropriation": -20000,
        "paid": 20000,
    }
    assert (await get(world, "/ledger", HANDLER, **WHERE, year=2023)).status_code == 403


async def test_payments_are_seen_by_the_person_and_their_officials(world: World) -> None:
    lines = [line("sl1", n) for n in range(2)]
    await world.ordered(lines)
    await world.finish()
    mine = lines[0].subject_id
    for actor in (citizen(mine), official(Role.TOWNSHIP_HANDLER, TOWNSHIP), PAYER):
        (one,) = (await get(world, "/payments", actor, subject_id=mine)).json()
        assert (one["state"], one["amount_fen"], set(one["posted"])) == (
            "PAID",
            5000,
            {"committed", "sent", "settled"},
        )
    others = (citizen("s-other"), official(Role.TOWNSHIP_HANDLER, "539901102"), citizen(lines[1].subject_id))
    for actor in others:
        assert (await get(world, "/payments", actor, subject_id=mine)).json() == []
    assert (await get(world, "/payments", PAYER)).status_code == 400


def test_every_operation_declares_who_may() -> None:
    assert undeclared(service.app.openapi()) == []

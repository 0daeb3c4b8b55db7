"""Result files: right ones apply once, wrong ones change nothing, UNKNOWN is settled by query alone."""

from typing import Any

import httpx
import pytest

from contracts.payment import OrderSettled, PaymentReturned
from kit.testing import only
from services.payment.handlers.fetching import fetch_results, query_unknown
from services.payment.tests.bank import keys, result, upload
from services.payment.tests.world import World, line, number, once

LINES = [line("sl1", n) for n in range(6)]


async def sent_order(world: World, lines: list[Any] = LINES) -> str:
    order_id = await world.ordered(lines)
    await world.send()
    return order_id


@pytest.mark.parametrize("kind", ["unknown_line", "wrong_total"])
async def test_a_wrong_file_from_the_bank_changes_nothing_and_the_right_one_applies(
    world: World, kind: str
) -> None:
    await world.behave(result=kind, result_times=1)
    await sent_order(world)
    before = await world.balances()
    await once(world, fetch_results)
    assert (await world.states(), await world.balances()) == ({"ACCEPTED": 6}, before)
    row = (await world.rows("SELECT state, refusal, lines FROM result_file"))[0]
    assert (row["state"], row["refusal"]) == ("refused", kind)
    sent = await world.finish()
    assert only(sent, OrderSettled)[0].paid == 6
    assert await world.states() == {"PAID": 6}


@pytest.mark.parametrize("kind", ["two_parts", "out_of_order", "duplicated"])
async def test_parts_any_order_and_duplicates_all_pay_once(world: World, kind: str) -> None:
    await world.behave(result=kind, result_times=1)
    await sent_order(world)
    sent = await world.finish()
    assert only(sent, OrderSettled)[0].paid == 6
    assert await world.balances() == {"appropriation": -30000, "paid": 30000}
    assert await world.value("SELECT count(*) FROM payment WHERE bank_ref IS NULL") == 0


async def test_a_result_that_stays_unusable_leads_to_queries(world: World) -> None:
    await world.behave(result="wrong_total", result_times=1000)
    await sent_order(world)
    sent = await world.finish()
    assert only(sent, OrderSettled)[0].paid == 6
    row = (await world.rows("SELECT state, times FROM result_file"))[0]
    assert row["state"] == "refused" and row["times"] == 7


@pytest.mark.parametrize(("paid_rate", "state"), [(1, "PAID"), (0, "REJECTED")])
async def test_unknown_is_settled_by_query_both_ways(world: World, paid_rate: int, state: str) -> None:
    await world.behave(unknown_rate=1, unknown_paid_rate=paid_rate)
    await sent_order(world)
    await once(world, fetch_results)
    assert await world.states() == {"UNKNOWN": 6}
    assert (await world.balances())["in_transit"] == 30000
    await world.hurry()
    sent = await once(world, query_unknown)
    assert await world.states() == {state: 6}
    assert len(only(sent, OrderSettled)) == 1
    expected = {"PAID": "paid", "REJECTED": "budget"}[state]
    assert await world.balances() == {"appropriation": -30000, expected: 30000}
    assert await world.value("SELECT count(*) FROM unknown_payment") == 0


async def test_no_result_file_settles_what_is_unknown(world: World) -> None:
    order_id = await sent_order(world)
    ids = await keys(world)
    await upload(world, order_id, result(order_id, *((one, "unknown", "F99") for one in ids)))
    answer = await upload(world, order_id, result(order_id, *((one, "success", "") for one in ids)))
    assert answer.status_code == 200 and answer.json()["paid"] == 0
    assert await world.states() == {"UNKNOWN": 6}
    await world.finish()
    assert await world.states() == {"PAID": 6}


async def test_a_bank_that_does_not_know_the_payment_settles_nothing(world: World) -> None:
    order_id = await sent_order(world)
    ids = await keys(world)
    await upload(world, order_id, result(order_id, *((one, "unknown", "F99") for one in ids)))

    async def nothing(_: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, json={"results": [{"end_to_end_id": one, "status": "NOT_FOUND"} for one in ids]}
        )

    world.harness.room.http = httpx.AsyncClient(transport=httpx.MockTransport(nothing))
    await world.hurry()
    await once(world, query_unknown)
    assert await world.states() == {"UNKNOWN": 6}
    row = (
        await world.rows("SELECT queries, last_answer, next_query_at > now() AS later FROM unknown_payment")
    )[0]
    assert (row["queries"], row["last_answer"], row["later"]) == (1, "NOT_FOUND", True)


async def test_uploads_are_refused_whole_with_a_typed_reason(world: World) -> None:
    order_id = await sent_order(world)
    ids = await keys(world)
    good = [(one, "success", "") for one in ids]
    cases = {
        "unknown_line": result(order_id, *good, ("f" * 32 + "-1", "success", "")),
        "wrong_total": result(order_id, *good, total="300.01"),
        "line_twice": result(order_id, *good, good[0]),
        "other_file": result("other", *good),
        "wrong_count": result(order_id, *good).replace("|6|6|0|", "|6|6|1|"),
        "bad_file": "nonsense",
    }
    before = await world.rows("SELECT * FROM payment ORDER BY payment_id")
    for code, text in cases.items():
        answer = await upload(world, order_id, text)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await world.rows("SELECT * FROM payment ORDER BY payment_id") == before
    assert await world.value("SELECT count(*) FROM result_file WHERE state = 'refused'") == len(cases)


async def test_the_same_file_twice_and_another_under_its_id_are_refused(world: World) -> None:
    order_id = await sent_order(world)
    ids = await keys(world)
    first = result(order_id, *((one, "success", "") for one in ids[:3]))
    assert (await upload(world, order_id, first, "R1")).json()["paid"] == 3
    assert (await upload(world, order_id, first, "R1")).json()["code"] == "duplicate"
    assert (await upload(world, order_id, first, "R2")).json()["code"] == "duplicate"
    rest = result(order_id, *((one, "failed", "F03") for one in ids[3:]))
    assert (await upload(world, order_id, rest, "R1")).json()["code"] == "result_id_reused"
    answer = await upload(world, order_id, rest, "R2")
    assert answer.json() == {"paid": 0, "failed": 3, "unknown": 0, "conflicts": 0, "order_settled": True}
    assert await world.balances() == {"appropriation": -30000, "budget": 15000, "paid": 15000}


async def test_contradictions_are_kept_apart_and_overwrite_nothing(world: World) -> None:
    order_id = await sent_order(world)
    paid, failed, *rest = await keys(world)
    others = [(one, "success", "") for one in rest]
    await upload(world, order_id, result(order_id, (paid, "success", ""), (failed, "failed", "F04"), *others))
    answer = await upload(world, order_id, result(order_id, (paid, "failed", "F03"), (failed, "success", "")))
    assert answer.json()["conflicts"] == 2
    assert await world.states() == {"PAID": 5, "REJECTED": 1}
    rows = await world.rows("SELECT held, claimed, suspense_posting FROM conflict ORDER BY number")
    assert [(row["held"], row["claimed"], bool(row["suspense_posting"])) for row in rows] == [
        ("PAID", "failed", False),
        ("REJECTED", "success", True),
    ]
    assert await world.balances() == {"appropriation": -30000, "paid": 25000, "suspense": 5000}


async def test_money_returned_after_success_restores_the_quota(world: World) -> None:
    order_id = await sent_order(world)
    ids = await keys(world)
    await upload(world, order_id, result(order_id, *((one, "success", "") for one in ids)))
    answer = await upload(world, order_id, result(order_id, (ids[0], "returned", "F03")))
    assert answer.json()["failed"] == 1
    assert await world.states() == {"PAID": 5, "RETURNED": 1}
    assert await world.balances() == {"appropriation": -30000, "budget": 5000, "paid": 25000}
    (returned,) = only(await world.harness.emitted(), PaymentReturned)
    assert (returned.slice_id, returned.order_id, returned.attempt, returned.code) == (
        "sl1",
        order_id,
        1,
        "F03",
    )
    # Told again, early or late, it comes back only once; and its success, told late, pays nobody.
    for n, late in enumerate(("returned", "success", "failed")):
        await upload(world, order_id, result(order_id, (ids[0], late, "F03")), f"late-{n}")
    assert await world.balances() == {"appropriation": -30000, "budget": 5000, "paid": 25000}
    assert only(await world.harness.emitted(), PaymentReturned) == []


async def test_half_a_result_is_asked_for_again_and_settled_whole(world: World) -> None:
    await world.behave(result="partial", result_times=1)
    await sent_order(world)
    await once(world, fetch_results)
    assert await world.states() == {"ACCEPTED": 3, "PAID": 3}
    sent = await world.finish()
    assert only(sent, OrderSettled)[0].paid == 6
    assert await world.balances() == {"appropriation": -30000, "paid": 30000}


async def test_lines_that_no_result_names_are_asked_about_one_by_one(world: World) -> None:
    trouble = [{"account": number(LINES[0].payee_id), "kind": "missing"}]
    await world.harness.room.http.post("/v1/trouble", json=trouble)
    await sent_order(world)
    await once(world, fetch_results)
    assert await world.states() == {"ACCEPTED": 1, "PAID": 5}
    sent = await world.finish()
    assert only(sent, OrderSettled)[0].paid == 6


async def test_a_bank_that_takes_everything_back_changes_nothing_by_itself(world: World) -> None:
    await world.behave(result="contradictory", result_times=1)
    await sent_order(world)
    await world.finish()
    assert await world.states() == {"PAID": 6}
    rows = await world.rows("SELECT held, claimed FROM conflict")
    assert {tuple(row) for row in rows} == {("PAID", "failed")} and len(rows) == 6


async def test_a_late_result_of_a_refused_file_proves_that_the_bank_took_it(world: World) -> None:
    order_id = await world.ordered(LINES)
    await world.behave(refuse_whole=1)
    await world.send()
    assert await world.value("SELECT refusal FROM bank_file") == "file_refused"
    ids = await keys(world)
    answer = await upload(world, order_id, result(order_id, *((one, "success", "") for one in ids)))
    assert answer.json()["order_settled"] and await world.states() == {"PAID": 6}
    assert await world.balances() == {"appropriation": -30000, "paid": 30000}

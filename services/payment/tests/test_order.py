"""An order is exactly what was signed minus what left since, drawn once."""

import pytest

from contracts.payment import OrderSettled, PaymentsStated, QuotaLinked, QuotaShort
from kit.ids import payment_id
from kit.testing import only
from services.payment.tests.world import (
    PERIOD,
    PROJECT,
    World,
    excluded,
    frozen,
    issue,
    line,
    link,
    stated,
)


async def test_from_order_to_paid_with_money_in_its_places(world: World) -> None:
    lines = [line("sl1", n) for n in range(5)]
    world.without_account.add(lines[0].payee_id)
    await world.ordered(lines)
    assert await world.balances() == {"appropriation": -25000, "committed": 25000}
    await world.send()
    assert await world.states() == {"ACCEPTED": 4, "REJECTED": 1}
    assert await world.balances() == {"appropriation": -25000, "budget": 5000, "in_transit": 20000}
    sent = await world.finish()
    assert await world.balances() == {"appropriation": -25000, "budget": 5000, "paid": 20000}
    (settled,) = only(sent, OrderSettled)
    assert (settled.paid, settled.paid_fen, settled.failed, settled.failed_fen) == (4, 20000, 1, 5000)
    (part,) = only(sent, PaymentsStated)
    assert [(one.line_id, one.state, one.code) for one in part.payments] == [
        (lines[0].line_id, "failed", "F02"),
        *((one.line_id, "paid", None) for one in lines[1:]),
    ]
    assert {one.cause for one in sent} == {"issue-set1"}
    row = (await world.rows("SELECT * FROM payment WHERE line_id = $1", lines[1].line_id))[0]
    assert row["payment_id"] == payment_id(lines[1].subject_id, PROJECT, PERIOD, "normal", 1)
    assert row["bank_ref"] and row["paid_at"] and row["sent_posting"] and row["settled_posting"]


async def test_a_line_without_account_was_never_sent(world: World) -> None:
    lines = [line("sl1", 0)]
    world.without_account.add(lines[0].payee_id)
    await world.ordered(lines)
    sent = await world.send()
    assert only(sent, OrderSettled)[0].failed == 1
    assert await world.states() == {"REJECTED": 1}
    assert (await world.harness.room.http.get("/v1/book/summary")).json()["files"] == 0


async def test_exclusions_since_signing_leave_the_order_and_their_money_returns(world: World) -> None:
    lines = [line("sl1", n) for n in range(4)]
    await world.grant(20000)
    await world.harness.deliver(*stated("sl1", lines), link(15000))
    signed = [one for one in lines if one is not lines[3]]
    command = issue(frozen("sl1", signed, exclusions=2, at_signing=1))
    await world.harness.deliver(command, id="c1")
    await world.harness.deliver(excluded("sl1", lines[3].line_id, 1))
    assert await world.value("SELECT count(*) FROM payment_order") == 0
    await world.harness.deliver(excluded("sl1", lines[1].line_id, 2))
    await world.harness.deliver(excluded("sl1", lines[0].line_id, 3))
    rows = await world.rows("SELECT line_id FROM payment ORDER BY 1")
    assert [row["line_id"] for row in rows] == [lines[0].line_id, lines[2].line_id]
    assert await world.balances() == {"appropriation": -20000, "budget": 10000, "committed": 10000}


async def test_another_root_than_signed_stops_everything(world: World) -> None:
    lines = [line("sl1", n) for n in range(3)]
    await world.grant(15000)
    await world.harness.deliver(*stated("sl1", lines), link(15000))
    richer = [lines[0].model_copy(update={"amount_fen": 6000}), *lines[1:]]
    with pytest.raises(AssertionError, match="not what finance signed"):
        await world.harness.deliver(issue(frozen("sl1", richer)))
    assert await world.value("SELECT count(*) FROM payment_order") == 0
    assert await world.balances() == {"appropriation": -15000, "committed": 15000}


async def test_an_order_is_drawn_once_however_often_it_is_asked_for(world: World) -> None:
    lines = [line("sl1", n) for n in range(3)]
    await world.ordered(lines)
    with pytest.raises(AssertionError, match="has an order already"):
        await world.harness.deliver(issue(frozen("sl1", lines)), id="another")
    assert await world.value("SELECT count(*) FROM payment_order") == 1
    assert await world.states() == {"COMMITTED": 3}


async def test_no_order_without_a_reservation(world: World) -> None:
    await world.harness.deliver(*stated("sl1", [line("sl1", 1)]))
    with pytest.raises(AssertionError, match="more than the quota"):
        await world.harness.deliver(issue(frozen("sl1", [line("sl1", 1)])))


async def test_the_same_entitlement_again_is_withheld_for_a_person(world: World) -> None:
    first = [line("sl1", n) for n in range(2)]
    await world.ordered(first)
    await world.finish()
    again = [
        line("sl2", 0, subject_id=first[0].subject_id),
        line("sl2", 1, subject_id=first[1].subject_id, amount_fen=7000),
        line("sl2", 2),
    ]
    await world.ordered(again, "sl2", "set2")
    rows = await world.rows("SELECT line_id, reason FROM withheld ORDER BY line_id")
    assert [(row["line_id"], row["reason"]) for row in rows] == [
        (again[0].line_id, "still_live"),
        (again[1].line_id, "other_amount"),
    ]
    sent = await world.finish()
    (settled,) = only(sent, OrderSettled)
    assert (settled.paid, settled.failed, settled.failed_fen) == (1, 2, 12000)
    assert [(one.state, one.code) for one in only(sent, PaymentsStated)[0].payments] == [
        ("paid", None),
        ("failed", "F08"),
        ("failed", "F08"),
    ]
    summary = (await world.harness.room.http.get("/v1/book/summary")).json()
    assert summary["payments_credited_twice"] == 0 and summary["credits"] == 3


async def test_a_rejected_payment_may_be_tried_again_as_the_next_attempt(world: World) -> None:
    lines = [line("sl1", 0)]
    world.without_account.add(lines[0].payee_id)
    await world.ordered(lines)
    await world.finish()
    world.without_account.clear()
    await world.ordered([line("sl2", 0, subject_id=lines[0].subject_id)], "sl2", "set2")
    await world.finish()
    rows = await world.rows("SELECT payment_id, attempt, state FROM payment ORDER BY attempt")
    assert [(row["attempt"], row["state"]) for row in rows] == [(1, "REJECTED"), (2, "PAID")]
    assert len({row["payment_id"] for row in rows}) == 1


async def test_a_short_quota_says_how_much_and_holds_after_a_raise(world: World) -> None:
    await world.grant(1000)
    (short,) = only(await world.harness.deliver(link(2500), id="l1"), QuotaShort)
    assert short.short_fen == 1500
    assert await world.balances() == {"appropriation": -1000, "budget": 1000}
    await world.grant(1500)
    (linked,) = only(await world.harness.deliver(link(2500), id="l2"), QuotaLinked)
    assert linked.reserved_fen == 2500
    await world.harness.deliver(link(2000), id="l3")
    assert await world.balances() == {"appropriation": -2500, "budget": 500, "committed": 2000}


async def test_an_order_with_nothing_payable_is_settled_at_once(world: World) -> None:
    await world.grant(5000)
    await world.harness.deliver(*stated("sl1", [line("sl1", 0)]), link(5000))
    await world.harness.deliver(excluded("sl1", line("sl1", 0).line_id, 1))
    sent = await world.harness.deliver(issue(frozen("sl1", [line("sl1", 0)], exclusions=1)), id="c")
    assert only(sent, OrderSettled)[0].paid == 0
    assert [one.payments for one in only(sent, PaymentsStated)] == [[]]
    assert await world.balances() == {"appropriation": -5000, "budget": 5000}

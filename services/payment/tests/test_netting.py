"""Deductions are kept back from the line they belong to: one payment, one bank line, two rows that share a fate."""

from typing import Any

from contracts.batch import Line
from contracts.payment import DeductionOrdered, OrderSettled, PaymentReturned, PaymentsStated, RecoveryChanged
from kit.auth import Role
from kit.testing import official, only
from services.payment.tests.bank import keys, result, upload
from services.payment.tests.world import API, COUNTY, HANDLER, World, line, overpaid

CHECKER = official(Role.COUNTY_REVIEWER, COUNTY)


async def case_with(world: World, *parts: int, of: Line | None = None) -> list[DeductionOrdered]:
    """An overpayment of 50 yuan found, noticed and planned to be kept back in these parts."""
    former = of or line("old", 1)
    await world.ordered([former], "old", "set-old")
    await world.finish()
    await world.harness.deliver(overpaid(former))
    case_id = await world.value("SELECT case_id FROM recovery WHERE line_id = $1", former.line_id)
    async with world.harness.client(HANDLER) as client:
        body: dict[str, Any] = {"notice_no": f"N-{former.line_id}", "due_on": "2023-12-31"}
        assert (await client.post(f"{API}/recoveries/{case_id}:notice", json=body)).status_code == 200
        body = {
            "instalments": [
                {"means": "deduction", "amount_fen": fen, "from_period": f"20230{6 + n}"}
                for n, fen in enumerate(parts)
            ]
        }
        answer = await client.post(f"{API}/recoveries/{case_id}:plan", json=body)
        assert answer.status_code == 200, answer.text
    return only(await world.harness.emitted(), DeductionOrdered)


def later(slice_id: str, number: int, of: Line, **changes: Any) -> Line:
    """The same person's next month."""
    fields = {"subject_id": of.subject_id, "payee_id": of.payee_id, "application_id": of.application_id}
    return line(slice_id, number, **(fields | {"entitlement_period": "202306"} | changes))


def deduction(slice_id: str, number: int, ordered: DeductionOrdered, **changes: Any) -> Line:
    """The line that batch makes of an ordered deduction."""
    fields = {
        "subject_id": ordered.subject_id,
        "payee_id": ordered.subject_id,
        "application_id": ordered.application_id,
        "kind": "deduction",
        "installment": ordered.installment,
        "entitlement_period": ordered.entitlement_period,
        "amount_fen": -ordered.amount_fen,
    }
    return line(slice_id, number, **(fields | changes))


OLD = line("old", 1)


async def agrees(world: World) -> None:
    """`paid` and `receivable` are what payments and cases say, to the fen."""
    paid = await world.value("SELECT coalesce(sum(amount_fen), 0) FROM payment WHERE state = 'PAID'")
    row = (
        await world.rows(
            "SELECT coalesce(sum(claimed_fen - withdrawn_fen) FILTER (WHERE source = 'paid'), 0) AS claimed, "
            "coalesce(sum(deducted_fen), 0) AS kept, coalesce(sum(claimed_fen - deducted_fen - repaid_fen "
            "- written_off_fen - withdrawn_fen), 0) AS open FROM recovery"
        )
    )[0]
    balances = await world.balances()
    assert balances.get("paid", 0) == paid - row["claimed"] + row["kept"]
    assert balances.get("receivable", 0) == row["open"]


async def test_a_deduction_is_netted_into_the_line_and_booked_to_its_case(world: World) -> None:
    ordered, _ = await case_with(world, 2000, 3000, of=OLD)
    lines = [later("sl1", 1, OLD), deduction("sl1", 2, ordered), line("sl1", 3)]
    await world.ordered(lines)
    order = (await world.rows("SELECT lines, total_fen, withheld FROM payment_order WHERE set_id = 'set1'"))[
        0
    ]
    assert tuple(order) == (3, 8000, 0)
    sent = await world.finish()
    (settled,) = only(sent, OrderSettled)
    assert (settled.paid, settled.paid_fen, settled.failed) == (3, 8000, 0)
    (part,) = only(sent, PaymentsStated)
    assert [one.state for one in part.payments] == ["paid", "paid", "paid"]
    file = (await world.rows("SELECT lines, total_fen FROM bank_file WHERE order_id = $1", settled.order_id))[
        0
    ]
    assert tuple(file) == (2, 8000)
    changed = only(sent, RecoveryChanged)
    assert (changed[-1].state, changed[-1].recovered_fen) == ("recovering", 2000)
    assert await world.value("SELECT state FROM instalment WHERE number = 1") == "booked"
    assert (await world.balances())["receivable"] == 3000
    summary = (await world.harness.room.http.get("/v1/book/summary")).json()
    assert (summary["credits"], summary["credits_fen"], summary["payments_credited_twice"]) == (3, 13000, 0)
    await agrees(world)


async def test_the_last_instalment_recovers_the_case(world: World) -> None:
    (ordered,) = await case_with(world, 5000, of=OLD)
    # The whole month is kept back: nothing is left to send, and no bank is asked.
    await world.ordered([later("sl1", 1, OLD), deduction("sl1", 2, ordered)])
    await world.finish()
    assert await world.value("SELECT state FROM recovery") == "recovered"
    rows = await world.rows("SELECT state, net_fen FROM payment WHERE set_id = 'set1' ORDER BY line_id")
    assert [tuple(row) for row in rows] == [("PAID", 0), ("PAID", 0)]
    assert await world.value("SELECT state FROM payment_order WHERE set_id = 'set1'") == "settled"
    assert (await world.harness.room.http.get("/v1/book/summary")).json()["files"] == 1
    await agrees(world)


async def test_what_does_not_fit_is_withheld_with_its_reason_and_the_line_is_paid(world: World) -> None:
    first, second = await case_with(world, 1500, 3500, of=OLD)
    lines = [
        later("sl1", 1, OLD, amount_fen=3000),
        deduction("sl1", 2, first),
        deduction("sl1", 3, second),
        line("sl1", 4, application_id="a-x"),
        deduction("sl1", 5, first, subject_id="s-stranger", application_id="a-x", amount_fen=-100),
    ]
    await world.grant(3600)
    await world.ordered(lines)
    rows = await world.rows("SELECT line_id, reason FROM withheld ORDER BY line_id")
    assert [(row["line_id"], row["reason"]) for row in rows] == [
        (lines[2].line_id, "over_normal"),
        (lines[4].line_id, "no_case"),
    ]
    # What was signed to be kept back and could not be is paid from the budget.
    sent = await world.finish()
    assert only(sent, OrderSettled)[0].paid_fen == 1500 + 5000
    await agrees(world)


async def test_without_its_line_a_deduction_waits(world: World) -> None:
    (ordered,) = await case_with(world, 5000, of=OLD)
    await world.grant(5000)
    await world.ordered([deduction("sl1", 2, ordered), line("sl1", 3)])
    assert [row["reason"] for row in await world.rows("SELECT reason FROM withheld")] == ["nothing_to_keep"]
    await world.finish()
    assert await world.value("SELECT state FROM instalment") == "ordered"


async def test_the_deduction_shares_the_fate_of_its_line_through_failure_return_and_reissue(
    world: World,
) -> None:
    (ordered, _) = await case_with(world, 2000, 3000, of=OLD)
    lines = [later("sl1", 1, OLD), deduction("sl1", 2, ordered)]
    order_id = await world.ordered(lines)
    await world.send()
    (key,) = await keys(world, "set1")
    failed = result(order_id, (key, "failed", "F03"), fen=3000)
    sent = await upload(world, order_id, failed)
    assert sent.json()["order_settled"]
    stated = only(await world.harness.emitted(), PaymentsStated)[0]
    assert {(one.state, one.code) for one in stated.payments} == {("failed", "F03")}
    assert (await world.balances())["receivable"] == 5000

    again = [
        later("re1", 1, OLD, reissue_of=lines[0].line_id),
        deduction("re1", 2, ordered, reissue_of=lines[1].line_id),
    ]
    order_id = await world.ordered(again, "re1", "set2")
    await world.finish()
    rows = await world.rows("SELECT kind, attempt, state FROM payment WHERE set_id = 'set2' ORDER BY kind")
    assert [tuple(row) for row in rows] == [("deduction", 2, "PAID"), ("normal", 2, "PAID")]
    assert (await world.balances())["receivable"] == 3000
    await agrees(world)

    (key,) = await keys(world, "set2")
    await upload(world, order_id, result(order_id, (key, "returned", "F03"), fen=3000))
    returned = only(await world.harness.emitted(), PaymentReturned)
    assert [(one.line_id, one.attempt, one.code) for one in returned] == [
        (again[0].line_id, 2, "F03"),
        (again[1].line_id, 2, "F03"),
    ]
    assert (await world.balances())["receivable"] == 5000
    assert await world.value("SELECT state FROM instalment WHERE number = 1") == "ordered"
    await agrees(world)

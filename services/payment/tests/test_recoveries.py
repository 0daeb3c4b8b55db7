"""追回: every way money is claimed back, and every way it comes or does not, with the ledger to the fen."""

from typing import Any

import httpx

from contracts.payment import DeductionOrdered, RecoveryChanged
from kit.auth import Actor, Role
from kit.ids import payment_id
from kit.testing import official, only
from services.payment.tests.bank import keys, result, upload
from services.payment.tests.test_netting import agrees
from services.payment.tests.test_statements import day_of, decide, entry, stated, waiting
from services.payment.tests.world import API, COUNTY, HANDLER, PAYER, PROJECT, World, line, overpaid

CHECKER = official(Role.COUNTY_REVIEWER, COUNTY)
OLD = line("sl1", 0)


async def post(world: World, path: str, actor: Actor, body: dict[str, Any] | None = None) -> httpx.Response:
    async with world.harness.client(actor) as client:
        return await client.post(API + path, json=body)


async def approve(world: World, proposed: httpx.Response, actor: Actor = CHECKER) -> httpx.Response:
    assert proposed.status_code == 201, proposed.text
    return await post(world, f"/decisions/{proposed.json()['decision_id']}:approve", actor)


async def paid(world: World) -> str:
    order_id = await world.ordered([OLD, line("sl1", 1)])
    await world.finish()
    return order_id


async def noticed(world: World) -> str:
    """A case found, with its notice N-1; its id."""
    await paid(world)
    await world.harness.deliver(overpaid(OLD))
    case_id = str(await world.value("SELECT case_id FROM recovery"))
    answer = await post(
        world, f"/recoveries/{case_id}:notice", HANDLER, {"notice_no": "N-1", "due_on": "2023-12-31"}
    )
    assert answer.json()["state"] == "noticed"
    return case_id


async def test_a_finding_opens_a_case_at_once_and_once(world: World) -> None:
    await paid(world)
    sent = await world.harness.deliver(overpaid(OLD))
    (changed,) = only(sent, RecoveryChanged)
    assert (changed.state, changed.claimed_fen, changed.line_id) == ("opened", 5000, OLD.line_id)
    assert await world.harness.deliver(overpaid(OLD)) == []
    assert await world.balances() == {"appropriation": -10000, "paid": 5000, "receivable": 5000}
    await agrees(world)


async def test_nothing_is_claimed_of_what_was_not_paid(world: World) -> None:
    await world.ordered([OLD])
    assert await world.harness.deliver(overpaid(OLD)) == []
    assert await world.value("SELECT count(*) FROM recovery") == 0


async def test_officials_open_a_case_four_eyed(world: World) -> None:
    await paid(world)
    body = {"line_id": OLD.line_id, "amount_fen": 1200, "reason": "重复享受", "evidence": "核查表 7"}
    proposed = await post(world, "/recoveries", HANDLER, body)
    assert (await approve(world, proposed, official(Role.FINANCE_REVIEWER, COUNTY))).status_code == 403
    assert await world.value("SELECT count(*) FROM recovery") == 0
    assert (await approve(world, proposed)).status_code == 200
    assert (await post(world, "/recoveries", HANDLER, body)).json()["type"].endswith("already-opened")
    assert (await world.balances())["receivable"] == 1200
    async with world.harness.client(PAYER) as client:
        (case,) = (
            await client.get(f"{API}/recoveries", params={"project": PROJECT, "county": COUNTY})
        ).json()
    assert (case["application_id"], case["opened_by"], case["open_fen"]) == (
        OLD.application_id,
        HANDLER.sub,
        1200,
    )


async def test_a_plan_orders_deductions_whose_payment_ids_are_known(world: World) -> None:
    case_id = await noticed(world)
    parts = [{"means": "deduction", "amount_fen": 2000, "from_period": f"20230{n}"} for n in (6, 7)]
    short = await post(world, f"/recoveries/{case_id}:plan", HANDLER, {"instalments": parts})
    assert (short.status_code, short.json()["open_fen"]) == (422, 5000)
    parts.append({"means": "cash", "amount_fen": 1000})
    planned = await post(world, f"/recoveries/{case_id}:plan", HANDLER, {"instalments": parts})
    assert planned.json()["state"] == "recovering"
    orders = only(await world.harness.emitted(), DeductionOrdered)
    assert [(one.installment, one.amount_fen, one.from_period) for one in orders] == [
        (1, 2000, "202306"),
        (2, 2000, "202307"),
    ]
    first = orders[0]
    assert await world.value("SELECT payment_id FROM instalment WHERE number = 1") == payment_id(
        first.subject_id, first.project, first.entitlement_period, "deduction", first.installment
    )
    # Planned anew, an earlier order is worth nothing, and no number is used twice.
    again = await post(
        world,
        f"/recoveries/{case_id}:plan",
        HANDLER,
        {"instalments": [{"means": "deduction", "amount_fen": 5000, "from_period": "202308"}]},
    )
    assert [one["state"] for one in again.json()["instalments"]] == ["cancelled"] * 3 + ["ordered"]
    assert only(await world.harness.emitted(), DeductionOrdered)[0].installment == 3


async def test_cash_is_matched_by_the_notice_or_assigned_from_suspense_and_restores_the_quota(
    world: World,
) -> None:
    case_id = await noticed(world)
    await stated(
        world,
        entry("C1", "repayment", reference="N-1", fen=1500),
        entry("C2", "repayment", reference="misspelt", fen=3500),
        entry("C3", "repayment", reference="N-1", fen=9000),
    )
    assert await waiting(world) == {"C2": ("no_case", 3500), "C3": ("over_case", 9000)}
    balances = await world.balances()
    assert (balances["receivable"], balances["budget"], balances["clearing"]) == (3500, 1500, -12500)
    assert (await decide(world, "C2", "recovery", case_id=case_id)).status_code == 200
    last = only(await world.harness.emitted(), RecoveryChanged)[-1]
    assert (last.state, last.recovered_fen) == ("recovered", 5000)
    balances = await world.balances()
    assert (balances["budget"], balances["suspense"], balances["clearing"]) == (5000, 9000, -9000)
    assert balances.get("receivable") is None
    await agrees(world)


async def test_what_will_not_come_is_written_off_by_two_people(world: World) -> None:
    case_id = await noticed(world)
    await stated(world, entry("C1", "repayment", reference="N-1", fen=1500))
    body = {"choice": "written_off", "evidence": "核销批复 3"}
    assert (
        await approve(world, await post(world, f"/recoveries/{case_id}:propose", HANDLER, body))
    ).status_code == 200
    last = only(await world.harness.emitted(), RecoveryChanged)[-1]
    assert (last.state, last.recovered_fen, last.written_off_fen) == ("written_off", 1500, 3500)
    balances = await world.balances()
    assert (balances["written_off"], balances["budget"], balances["paid"]) == (3500, 1500, 5000)
    assert (await post(world, f"/recoveries/{case_id}:propose", HANDLER, body)).status_code == 409
    await agrees(world)


async def test_a_withdrawn_claim_leaves_the_payment_paid(world: World) -> None:
    case_id = await noticed(world)
    body = {"choice": "withdrawn", "evidence": "复核 2"}
    await approve(world, await post(world, f"/recoveries/{case_id}:propose", HANDLER, body))
    assert await world.balances() == {"appropriation": -10000, "paid": 10000}
    await agrees(world)


async def test_a_claimed_payment_that_returns_by_itself_ends_the_claim_and_frees_what_was_repaid(
    world: World,
) -> None:
    await noticed(world)
    await stated(world, entry("C1", "repayment", reference="N-1", fen=1500))
    order_id = await world.value("SELECT order_id FROM payment_order")
    key = (await keys(world))[0]
    await upload(world, order_id, result(order_id, (key, "returned", "F03")))
    last = only(await world.harness.emitted(), RecoveryChanged)[-1]
    assert (last.state, last.recovered_fen) == ("withdrawn", 0)
    assert await waiting(world) == {"C1": ("case_withdrawn", 1500)}
    assert await world.balances() == {
        "appropriation": -10000,
        "budget": 5000,
        "paid": 5000,
        "suspense": 1500,
        "clearing": -1500,
    }
    await agrees(world)
    day = str(await world.value("SELECT business_day FROM posting WHERE kind = 'return'"))
    (order,) = (await day_of(world, day))["orders"]
    assert (order["returned_fen"], order["restored_fen"], order["twice_fen"]) == (5000, 3500, 1500)
    assert order["returned_is_restored"] and order["lines_are_order"]
    assert (await decide(world, "C1", "refund")).status_code == 200
    assert await world.balances() == {"appropriation": -10000, "budget": 5000, "paid": 5000}

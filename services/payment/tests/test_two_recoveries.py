"""Two recoveries of one entitlement: their instalments never share a number, and both are kept back."""

import asyncio
from typing import Any

import httpx

from contracts.payment import DeductionOrdered
from kit.ids import payment_id
from kit.testing import only
from services.payment.store import plans, recoveries
from services.payment.tests.test_netting import agrees, deduction, later
from services.payment.tests.world import API, HANDLER, PERIOD, PROJECT, World, line, overpaid

NORMAL = line("sl1", 0)
BACK_PAY = line(
    "sl1",
    1,
    subject_id=NORMAL.subject_id,
    application_id=NORMAL.application_id,
    kind="back_pay",
    amount_fen=3000,
)


async def two_cases(world: World) -> list[str]:
    """The month's line and its back pay, both paid and neither owed; the noticed cases, the line's first."""
    await world.ordered([NORMAL, BACK_PAY])
    await world.finish()
    cases = []
    for of in (NORMAL, BACK_PAY):
        await world.harness.deliver(overpaid(of))
        case_id = str(await world.value("SELECT case_id FROM recovery WHERE line_id = $1", of.line_id))
        body = {"notice_no": f"N-{of.kind}", "due_on": "2023-12-31"}
        async with world.harness.client(HANDLER) as client:
            answer = await client.post(f"{API}/recoveries/{case_id}:notice", json=body)
        assert answer.status_code == 200, answer.text
        cases.append(case_id)
    await world.harness.emitted()
    return cases


async def plan(world: World, case_id: str, *parts: int) -> httpx.Response:
    """All of it to be kept back, each part from the next month on."""
    rows: list[dict[str, Any]] = [
        {"means": "deduction", "amount_fen": fen, "from_period": "202306"} for fen in parts
    ]
    async with world.harness.client(HANDLER) as client:
        return await client.post(f"{API}/recoveries/{case_id}:plan", json={"instalments": rows})


async def test_the_second_case_takes_the_next_free_numbers_and_both_are_kept_back(world: World) -> None:
    first, second = await two_cases(world)
    assert (await plan(world, first, 2500, 2500)).status_code == 200
    assert (await plan(world, second, 3000)).status_code == 200
    ordered = only(await world.harness.emitted(), DeductionOrdered)
    assert [(one.case_id, one.installment) for one in ordered] == [(first, 1), (first, 2), (second, 3)]
    host = later("sl2", 0, NORMAL, amount_fen=9000)
    lines = [host, *(deduction("sl2", 1 + n, one) for n, one in enumerate(ordered))]
    await world.ordered(lines, "sl2", "set2")
    await world.finish()
    rows = await world.rows("SELECT net_fen, state FROM payment WHERE line_id = $1", host.line_id)
    assert [tuple(row) for row in rows] == [(1000, "PAID")]
    rows = await world.rows("SELECT deducted_fen, state FROM recovery ORDER BY claimed_fen")
    assert [tuple(row) for row in rows] == [(3000, "recovered"), (5000, "recovered")]
    await agrees(world)


async def test_planned_at_the_same_moment_no_number_is_given_twice(world: World) -> None:
    cases = await two_cases(world)
    async with world.harness.room.tx() as tx:
        case = await recoveries.lock(tx, cases[0])
        assert case is not None
        await plans.plan(tx, case, [plans.Part("deduction", 5000, "202306")])
        other = asyncio.create_task(plan(world, cases[1], 3000))
        while not await world.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            assert not other.done(), "the second plan should wait for the first"
    answer = await other
    assert answer.status_code == 200, answer.text
    rows = await world.rows("SELECT payment_id, installment FROM instalment ORDER BY installment")
    assert [tuple(row) for row in rows] == [
        (payment_id(NORMAL.subject_id, PROJECT, PERIOD, "deduction", number), number) for number in (1, 2)
    ]


async def test_a_case_of_the_county_that_the_person_has_left_counts_as_well(world: World) -> None:
    first, second = await two_cases(world)
    async with world.harness.room.tx() as tx:
        await tx.execute(
            "UPDATE recovery SET county = '539902', township = '539902101' WHERE case_id = $1", first
        )
        await tx.execute(
            "INSERT INTO instalment (case_id, number, means, amount_fen, state, installment, payment_id) "
            "VALUES ($1, 1, 'deduction', 5000, 'ordered', 1, $2)",
            first,
            payment_id(NORMAL.subject_id, PROJECT, PERIOD, "deduction", 1),
        )
    assert (await plan(world, second, 3000)).status_code == 200
    assert [one.installment for one in only(await world.harness.emitted(), DeductionOrdered)] == [2]

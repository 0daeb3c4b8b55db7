"""测算: every line from the standard of its own period, exact to the fen."""

from datetime import date
from decimal import Decimal

import pytest

from contracts.batch import LineState, SliceRevision
from contracts.payment import AmountsStated, CalculateSet, SetCalculated, StandardMissing
from kit.money import amount_fen
from kit.testing import only
from services.payment.store import standards
from services.payment.store.tables import StandardRow
from services.payment.tests.world import COUNTY, PERIOD, PROJECT, World, line, stated

COMMAND = CalculateSet(
    set_id="set1",
    project=PROJECT,
    period=PERIOD,
    county=COUNTY,
    slices=[SliceRevision(slice_id="sl1", revision=5)],
)


async def maintain(
    world: World, price: str, start: date = date(2023, 1, 1), category: str = "elderly"
) -> None:
    async with world.harness.room.tx() as tx:
        row = StandardRow(
            standard_id=f"{category}-{start}",
            project=PROJECT,
            county=COUNTY,
            category=category,
            unit="人·月",
            unit_price=Decimal(price),
            valid_from=start,
            made_by="handler",
            made_at=tx.wall,
        )
        await standards.maintain(tx, row)


async def test_lines_are_priced_half_up_as_the_house_counts_money(world: World) -> None:
    price = "0.00500001"
    quantities = ["1", "0.5", "0.99999999", "2", "3", "10.1", "33.33333333", "999999999", "1.00000000"]
    lines = [line("sl1", n, quantity=one, amount_fen=None) for n, one in enumerate(quantities)]
    lines = [one for one in lines if amount_fen(Decimal(price), Decimal(one.quantity)) > 0]
    await maintain(world, price)
    await world.harness.deliver(*stated("sl1", lines))
    sent = await world.harness.deliver(COMMAND, id="calc")
    (part,) = only(sent, AmountsStated)
    expected = {one.line_id: amount_fen(Decimal(price), Decimal(one.quantity)) for one in lines}
    assert {one.line_id: one.amount_fen for one in part.amounts} == expected and len(expected) >= 6
    (done,) = only(sent, SetCalculated)
    assert (done.priced_lines, done.total_fen) == (len(lines), sum(expected.values()))
    assert done.slices == [SliceRevision(slice_id="sl1", revision=6)]
    assert {one.cause for one in sent} == {"calc"}
    pinned = await world.value("SELECT standard_id FROM calculation_standard")
    assert pinned == done.standard_id == "elderly-2023-01-01"


async def test_a_missing_standard_is_named_and_the_next_try_prices(world: World) -> None:
    await world.harness.deliver(*stated("sl1", [line("sl1", 1, amount_fen=None)]))
    (missing,) = only(await world.harness.deliver(COMMAND, id="c1"), StandardMissing)
    assert missing.missing == ["elderly@202305"]
    await maintain(world, "50")
    assert only(await world.harness.deliver(COMMAND, id="c2"), SetCalculated)[0].total_fen == 5000


async def test_back_pay_takes_the_standard_of_its_own_period(world: World) -> None:
    await maintain(world, "50", date(2022, 1, 1))
    await maintain(world, "60", date(2023, 5, 1))
    lines = [
        line("sl1", 1, amount_fen=None),
        line("sl1", 2, amount_fen=None, entitlement_period="202304", kind="back_pay"),
        line("sl1", 3, amount_fen=None, state=LineState.HELD),
    ]
    await world.harness.deliver(*stated("sl1", lines))
    (part,) = only(await world.harness.deliver(COMMAND), AmountsStated)
    assert [one.amount_fen for one in part.amounts] == [6000, 5000]
    assert await world.value("SELECT count(*) FROM calculation_standard") == 2


@pytest.mark.parametrize("quantity", ["0.00000001", "x", "-1", "1e3", ""])
async def test_a_quantity_without_a_price_stops_the_calculation(world: World, quantity: str) -> None:
    await maintain(world, "0.01")
    await world.harness.deliver(*stated("sl1", [line("sl1", 1, quantity=quantity, amount_fen=None)]))
    with pytest.raises(AssertionError, match=r"quantity|rounds to nothing"):
        await world.harness.deliver(COMMAND)
    assert await world.value("SELECT count(*) FROM calculation") == 0


async def test_a_deduction_keeps_the_amount_it_came_with(world: World) -> None:
    await maintain(world, "50")
    lines = [
        line("sl1", 1, amount_fen=None),
        line("sl1", 2, amount_fen=-1250, kind="deduction", quantity="0", application_id="a-sl1-000001"),
    ]
    await world.harness.deliver(*stated("sl1", lines))
    sent = await world.harness.deliver(COMMAND)
    assert [one.amount_fen for one in only(sent, AmountsStated)[0].amounts] == [5000, -1250]
    assert only(sent, SetCalculated)[0].total_fen == 3750


@pytest.mark.parametrize("fen", [0, 100, None])
async def test_a_deduction_that_deducts_nothing_is_refused(world: World, fen: int | None) -> None:
    await maintain(world, "50")
    await world.harness.deliver(*stated("sl1", [line("sl1", 1, amount_fen=fen, kind="deduction")]))
    with pytest.raises(AssertionError, match="usable quantity"):
        await world.harness.deliver(COMMAND)


async def test_a_set_of_deductions_alone_needs_no_standard(world: World) -> None:
    await world.harness.deliver(*stated("sl1", [line("sl1", 1, amount_fen=-5, kind="deduction")]))
    (done,) = only(await world.harness.deliver(COMMAND), SetCalculated)
    assert (done.priced_lines, done.total_fen, done.standard_id) == (1, -5, "")


async def test_a_reissue_is_priced_by_the_standard_of_its_former_line(world: World) -> None:
    """A standard that starts in the very period that was paid prices new lines of it, not a reissue."""
    await maintain(world, "50", date(2022, 1, 1))
    lines = [line("sl1", 1)]
    await world.harness.deliver(*stated("sl1", lines))
    await world.harness.deliver(COMMAND, id="c1")
    await world.ordered(lines)
    await world.finish()
    await maintain(world, "60", date(2023, 5, 1))
    again = [
        line("sl2", 1, amount_fen=None, reissue_of=lines[0].line_id, subject_id=lines[0].subject_id),
        line("sl2", 2, amount_fen=None),
    ]
    await world.harness.deliver(*stated("sl2", again))
    command = COMMAND.model_copy(
        update={"set_id": "set2", "slices": [SliceRevision(slice_id="sl2", revision=5)]}
    )
    (part,) = only(await world.harness.deliver(command, id="c2"), AmountsStated)
    assert [one.amount_fen for one in part.amounts] == [5000, 6000]


async def test_a_ceiling_holds_for_a_ratio_and_for_a_machine(world: World) -> None:
    for category, price, ceiling in (("ratio", "0.3", 1_000_000), ("tractor-A", "9000", None)):
        async with world.harness.room.tx() as tx:
            await standards.maintain(
                tx,
                StandardRow(
                    standard_id=category,
                    project=PROJECT,
                    county=COUNTY,
                    category=category,
                    unit="元" if category == "ratio" else "台",
                    unit_price=Decimal(price),
                    ceiling_fen=ceiling,
                    valid_from=date(2023, 1, 1),
                    made_by="handler",
                    made_at=tx.wall,
                ),
            )
    bought = [line("sl1", n, quantity=one, amount_fen=None) for n, one in enumerate(["10000", "99999.99"])]
    machines = [line("sl2", n, quantity=str(n), amount_fen=None) for n in (1, 2)]
    for slice_id, category, lines in (("sl1", "ratio", bought), ("sl2", "tractor-A", machines)):
        parts = [one.model_copy(update={"category": category}) for one in stated(slice_id, lines)]
        await world.harness.deliver(*parts)
    both = [SliceRevision(slice_id=one, revision=5) for one in ("sl1", "sl2")]
    sent = await world.harness.deliver(COMMAND.model_copy(update={"slices": both}))
    parts_out = [[one.amount_fen for one in part.amounts] for part in only(sent, AmountsStated)]
    assert parts_out == [[300_000, 1_000_000], [900_000, 1_800_000]]

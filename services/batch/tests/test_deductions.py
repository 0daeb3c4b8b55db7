"""扣回: a line beside the normal one, counted net, that stands and leaves as its normal line does."""

from contracts.batch import (
    AmountsConfirmed,
    CloseSet,
    ConfirmAmounts,
    Line,
    LineExcluded,
    LineState,
    SetFrozen,
    SetSigned,
    SliceOpened,
)
from contracts.grievance import ObjectionAccepted, ObjectionConcluded
from contracts.manifest import slice_root
from contracts.payment import DeductionOrdered, DeductionsCancelled
from kit.testing import only
from services.batch.tests.county import (
    COUNTY,
    COUNTY_HANDLER,
    HANDLER,
    PERIOD,
    PROJECT,
    TOWN,
    County,
    revisions,
)
from services.batch.tests.test_returns import from_set, send_back


async def order(
    county: County, application_id: str, amount_fen: int, *, case: str = "case", installment: int = 1
) -> None:
    await county.room.deliver(
        DeductionOrdered(
            case_id=case,
            application_id=application_id,
            subject_id=f"s-{application_id}",
            project=PROJECT,
            county=COUNTY,
            installment=installment,
            amount_fen=amount_fen,
            entitlement_period="202301",
            from_period=PERIOD,
        )
    )


async def with_deduction(county: County, *amounts: int, count: int = 2) -> tuple[str, list[Line], str]:
    """A submission in which one person has deductions; its lines and that person's application."""
    applications = await county.list_applications(count)
    for number, amount in enumerate(amounts, 1):
        await order(county, applications[0], amount, installment=number)
    opened, lines = await county.submit(0)
    return opened.slice_id, lines, applications[0]


async def test_a_cancelled_order_makes_no_line(county: County) -> None:
    applications = await county.list_applications(1)
    for installment in (1, 2):
        await order(county, applications[0], 1000, installment=installment)
    gone = DeductionsCancelled(case_id="case", application_id=applications[0], installments=[1])
    await county.room.deliver(gone)
    _, lines = await county.submit(0)
    assert [(one.kind, one.installment) for one in lines if one.kind == "deduction"] == [("deduction", 2)]


async def verified(county: County, slice_id: str, hit: str | None = None) -> list[Line]:
    lines = await county.cards(slice_id, await county.lines(slice_id), 1)
    sent = await county.findings(slice_id, lines, 2, {hit: "hold"} if hit else None)
    return revisions(sent)[(slice_id, 3)]


async def test_it_is_made_beside_the_next_line_and_counts_net(county: County) -> None:
    slice_id, lines, application = await with_deduction(county, 1200)
    (taken,) = [one for one in lines if one.kind == "deduction"]
    assert (taken.amount_fen, taken.application_id, taken.entitlement_period) == (
        -1200,
        application,
        "202301",
    )
    lines = await verified(county, slice_id)
    assert {one.state for one in lines} == {LineState.NORMAL} and len(lines) == 3
    await county.sign_slice(slice_id)
    await county.hand_over(slice_id)
    set_id = await county.open_set()
    await county.price(set_id)
    members = await county.members(set_id)
    sent = await county.room.deliver(ConfirmAmounts(set_id=set_id, slices=members))
    assert [one.priced_fen for one in only(sent, AmountsConfirmed)] == [8_800]
    for node in ("department_review", "finance_review"):
        (signed,) = only(await county.sign_set(set_id, node), SetSigned)
        assert (signed.signed_lines, signed.approved_fen) == (3, 8_800)
    (frozen,) = only(await county.freeze(set_id), SetFrozen)
    assert (frozen.payable_lines, frozen.payable_fen) == (3, 8_800)


async def test_it_leaves_with_its_line_wherever_that_goes(county: County) -> None:
    slice_id, lines, application = await with_deduction(county, 1200)
    mine = next(one for one in lines if one.application_id == application and one.kind == "normal")
    held = await verified(county, slice_id, mine.line_id)
    assert {one.state for one in held if one.application_id == application} == {LineState.HELD}
    sent = await county.set_aside(slice_id, 3)
    (second,) = only(sent, SliceOpened)
    assert {one.kind for one in revisions(sent)[(second.slice_id, 1)]} == {"normal", "deduction"}
    assert [one.amount_fen for one in await county.lines(second.slice_id) if one.kind == "deduction"] == [
        -1200
    ]


async def test_it_goes_back_with_its_line(county: County) -> None:
    slice_id, _, application = await with_deduction(county, 1200)
    lines = await verified(county, slice_id)
    taken = next(one for one in lines if one.kind == "deduction")
    sent = await send_back(county, slice_id, 3, [taken.line_id])
    assert sorted(one.kind for part in revisions(sent).values() for one in part) == ["deduction", "normal"]
    assert {one.application_id for part in revisions(sent).values() for one in part} == {application}
    assert await county.root(f"slices/{slice_id}", "township_review") == slice_root(
        lines, frozenset(one.line_id for one in only(sent, LineExcluded))
    )


async def test_an_objection_holds_both_and_an_upheld_one_frees_the_deduction(county: County) -> None:
    slice_id, _, application = await with_deduction(county, 1200)
    lines = await verified(county, slice_id)
    taken = next(one for one in lines if one.kind == "deduction")
    how = {"objection_id": "o", "slice_id": slice_id, "line_id": taken.line_id}
    await county.room.deliver(ObjectionAccepted(**how))
    states = {one.state for one in await county.lines(slice_id) if one.application_id == application}
    assert states == {LineState.HELD}
    sent = await county.room.deliver(ObjectionConcluded(**how, upheld=True))
    assert len(only(sent, LineExcluded)) == 2
    states = {one.state for one in await county.lines(slice_id) if one.application_id == application}
    assert states == {LineState.VOID}


async def test_more_than_the_line_bears_waits_for_another_batch(county: County) -> None:
    slice_id, _, application = await with_deduction(county, 3000, 2000, 1000)
    await verified(county, slice_id)
    await county.sign_slice(slice_id)
    await county.hand_over(slice_id)
    set_id = await county.open_set()
    await county.price(set_id)  # 5,000 each: the first two just fit
    kinds = {(one.amount_fen, one.state) for one in await county.lines(slice_id) if one.kind == "deduction"}
    assert kinds == {(-3000, "normal"), (-2000, "normal"), (-1000, "void")}
    await county.sign_set(set_id, "department_review")
    (signed,) = only(await county.sign_set(set_id, "finance_review"), SetSigned)
    assert (signed.signed_lines, signed.approved_fen) == (4, 5_000)
    (frozen,) = only(await county.freeze(set_id), SetFrozen)
    assert (frozen.payable_lines, frozen.payable_fen) == (4, 5_000)
    # The next month takes up what waited.
    body = {"project": PROJECT, "period": "202306", "county": COUNTY}
    batch = (await county.post(COUNTY_HANDLER, "/batches", body))["batch_id"]
    async with county.room.room.tx() as tx:
        await tx.execute(
            "UPDATE candidate SET state = 'open' WHERE application_id = $1", application
        )  # as the roster or the carry-over would list it again
    (made,) = await county.post(HANDLER, f"/batches/{batch}/slices", {"township": TOWN})
    later = [one for one in await county.lines(made["slice_id"]) if one.kind == "deduction"]
    assert [(one.amount_fen, one.installment) for one in later] == [(-1000, 3)]


async def test_a_failed_line_is_reissued_with_its_deduction(county: County) -> None:
    slice_id, _, application = await with_deduction(county, 1200)
    await verified(county, slice_id)
    await county.sign_slice(slice_id)
    await county.hand_over(slice_id)
    set_id = await county.signed_set()
    await county.freeze(set_id)
    mine = [one.line_id for one in await county.lines(slice_id) if one.application_id == application]
    paid = await county.pay(set_id, failed=mine)
    sent = await county.room.deliver(CloseSet(set_id=set_id, order_id=paid))
    (opened,) = only(sent, SliceOpened)
    lines = revisions(sent)[(opened.slice_id, 1)]
    assert sorted((one.kind, one.amount_fen) for one in lines) == [("deduction", -1200), ("normal", None)]
    assert {one.reissue_of for one in lines} == set(mine)


async def test_a_line_returned_by_finance_takes_its_deduction_along(county: County) -> None:
    slice_id, _, application = await with_deduction(county, 1200)
    await verified(county, slice_id)
    await county.sign_slice(slice_id)
    await county.hand_over(slice_id)
    set_id = await county.open_set()
    await county.price(set_id)
    await county.sign_set(set_id, "department_review")
    mine = next(
        one.line_id
        for one in await county.lines(slice_id)
        if one.application_id == application and one.kind == "normal"
    )
    await from_set(county, set_id, [mine], "finance")
    (signed,) = only(await county.sign_set(set_id, "department_review"), SetSigned)
    assert (signed.signed_lines, signed.approved_fen) == (1, 5_000)

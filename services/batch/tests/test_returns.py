"""退回 of chosen lines: they leave into corrections, the rest goes on, and only the signatures fall that must."""

from contracts.batch import (
    CloseSet,
    LineExcluded,
    LinesReturned,
    LineState,
    ReturnLines,
    ReturnSlices,
    SetFrozen,
    SetSigned,
    SliceOpened,
    SliceSettled,
    SlicesReturned,
)
from contracts.grievance import ObjectionAccepted
from contracts.manifest import root, slice_root
from kit.ids import new_id
from kit.testing import Sent, only
from services.batch.tests.county import (
    COUNTY_REVIEWER,
    FINANCE,
    HANDLER,
    OTHER_TOWN,
    REVIEWER,
    County,
    revisions,
)

REASON = "户籍材料不清 (papers unclear)"


async def send_back(county: County, slice_id: str, revision: int, line_ids: list[str]) -> list[Sent]:
    command = ReturnLines(
        slice_id=slice_id, revision=revision, line_ids=line_ids, return_reason=REASON, actor=REVIEWER.sub
    )
    return await county.room.deliver(command, id=new_id())


async def from_set(county: County, set_id: str, line_ids: list[str], actor: str) -> list[Sent]:
    command = ReturnSlices(
        set_id=set_id, line_ids=line_ids, target="township_handler", return_reason=REASON, actor=actor
    )
    return await county.room.deliver(command, id=new_id())


async def test_the_township_reviewer_returns_one_line(county: County) -> None:
    slice_id, lines = await county.verified(3)
    sent = await send_back(county, slice_id, 3, [lines[0].line_id, "unknown"])
    (opened,) = only(sent, SliceOpened)
    (left,) = only(sent, LineExcluded)
    assert (opened.kind, opened.publicity_done, opened.lines) == ("correction", False, 1)
    assert (left.seq, left.moved_to, left.reason, left.ends_enrolment) == (1, opened.slice_id, REASON, False)
    assert only(sent, LinesReturned) == [
        LinesReturned(slice_id=slice_id, returned=1, normal=2, correction_slice_id=opened.slice_id)
    ]
    (moved,) = revisions(sent)[(opened.slice_id, 1)]
    assert (moved.line_id, moved.state, moved.reason) == (lines[0].line_id, LineState.ABNORMAL, REASON)
    # What is signed is the revision minus the exclusions, as ever.
    assert await county.root(f"slices/{slice_id}", "township_review", HANDLER) == slice_root(
        lines, frozenset({left.line_id})
    )
    assert len(await county.sign_slice(slice_id)) == 1
    # The correction goes the whole way again.
    await county.recheck(opened.slice_id, 1)
    again = await county.cards(opened.slice_id, await county.lines(opened.slice_id), 2)
    await county.findings(opened.slice_id, again, 3)
    await county.sign_slice(opened.slice_id, 4)
    assert (await county.get(HANDLER, f"/slices/{opened.slice_id}"))["signed"] == ["township_review"]


async def test_a_slice_of_which_all_went_back_ends(county: County) -> None:
    slice_id, lines = await county.verified(2)
    (answer,) = only(await send_back(county, slice_id, 3, [one.line_id for one in lines]), LinesReturned)
    assert (answer.returned, answer.normal) == (2, 0)
    assert (await county.get(HANDLER, f"/slices/{slice_id}"))["state"] == "ended"
    (none,) = only(await send_back(county, slice_id, 3, [lines[0].line_id]), LinesReturned)
    assert (none.returned, none.correction_slice_id) == (0, None)


async def test_finance_returns_a_line_and_the_rest_is_signed_anew(county: County) -> None:
    good, _ = await county.arrived(1, township=OTHER_TOWN)
    mixed, _ = await county.arrived(2)
    set_id = await county.open_set()
    await county.price(set_id)
    await county.sign_set(set_id, "department_review")
    before = await county.members(set_id)
    back = (await county.lines(mixed))[0].line_id
    sent = await from_set(county, set_id, [back], FINANCE.sub)
    (answer,) = only(sent, SlicesReturned)
    assert sorted(answer.slices, key=str) == sorted(before, key=str) and answer.remaining == 2
    assert [one.kind for one in only(sent, SliceOpened)] == ["correction"]
    assert (await county.get(FINANCE, f"/sets/{set_id}"))["signed"] == []
    assert (await county.get(FINANCE, f"/slices/{mixed}"))["signed"] == ["township_review"]
    for node in ("department_review", "finance_review"):
        (signed,) = only(await county.sign_set(set_id, node), SetSigned)
        assert (signed.signed_lines, signed.approved_fen) == (2, 10_000)
    (frozen,) = only(await county.freeze(set_id), SetFrozen)
    assert (frozen.payable_lines, frozen.payable_fen) == (2, 10_000)
    by_slice = {one.slice_id: one for one in frozen.frozen}
    assert (by_slice[mixed].exclusions, by_slice[mixed].exclusions_at_signing) == (1, 1)
    assert by_slice[good].exclusions == 0
    order = await county.pay(set_id)
    assert len(only(await county.room.deliver(CloseSet(set_id=set_id, order_id=order)), SliceSettled)) == 2


async def test_an_emptied_slice_leaves_and_an_emptied_set_ends(county: County) -> None:
    first, first_command = await county.arrived(1)
    second, second_command = await county.arrived(1, township=OTHER_TOWN)
    set_id = await county.open_set()
    await county.price(set_id)
    (one,) = await county.lines(first)
    sent = await from_set(county, set_id, [one.line_id], COUNTY_REVIEWER.sub)
    (answer,) = only(sent, SlicesReturned)
    assert [found.slice_id for found in answer.slices] == [second]
    assert [found.cause for found in sent if isinstance(found.message, SliceSettled)] == [first_command]
    (other,) = await county.lines(second)
    sent = await from_set(county, set_id, [other.line_id], COUNTY_REVIEWER.sub)
    (answer,) = only(sent, SlicesReturned)
    assert answer.remaining == 0
    assert [found.cause for found in sent if isinstance(found.message, SliceSettled)] == [second_command]
    assert (await county.get(FINANCE, f"/sets/{set_id}"))["state"] == "ended"


async def test_a_frozen_set_returns_nothing(county: County) -> None:
    slice_id, _ = await county.arrived(2)
    set_id = await county.signed_set()
    await county.freeze(set_id)
    (line, _) = await county.lines(slice_id)
    sent = await from_set(county, set_id, [line.line_id], FINANCE.sub)
    assert only(sent, SliceOpened) == [] and only(sent, LineExcluded) == []
    assert [one.remaining for one in only(sent, SlicesReturned)] == [1]
    assert (await county.get(FINANCE, f"/sets/{set_id}"))["state"] == "frozen"


async def test_every_root_is_its_revision_minus_its_exclusions(county: County) -> None:
    """Holds, returns and signatures in turn: what each manifest signed can be computed from what was stated."""
    slice_id, lines = await county.verified(6)
    stated = {one.line_id: one for one in lines}
    await send_back(county, slice_id, 3, [lines[0].line_id])
    await county.room.deliver(
        ObjectionAccepted(objection_id="o", slice_id=slice_id, line_id=lines[1].line_id)
    )
    await county.sign_slice(slice_id)
    await county.hand_over(slice_id)
    set_id = await county.open_set([slice_id])
    await county.price(set_id)
    priced = {one.line_id: one for one in await county.lines(slice_id)}
    await county.sign_set(set_id, "department_review")
    await from_set(county, set_id, [lines[2].line_id], FINANCE.sub)
    await county.sign_set(set_id, "department_review")
    await county.sign_set(set_id, "finance_review")
    await county.freeze(set_id, {lines[3].line_id: "hold"})
    detail = await county.get(HANDLER, f"/slices/{slice_id}")
    records = [one["line_id"] for one in detail["exclusion_records"]]
    async with county.room.room.tx() as tx:
        rows = await tx.fetch("SELECT * FROM manifest WHERE subject = $1 ORDER BY seq", slice_id)
    assert len(rows) == 4 and len(records) == 4
    for row in rows:
        revision = stated if row["revision"] == 3 else priced
        gone = frozenset(records[: row["exclusions"]])
        assert row["root"] == slice_root(revision.values(), gone) != root([])

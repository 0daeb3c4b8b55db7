"""改判已付: what the bank had paid after all is paid here, and none of it is sent again, wherever its 重发 is."""

from contracts.batch import (
    CloseSet,
    Line,
    LineExcluded,
    OverpaymentFound,
    SliceOpened,
    SliceSettled,
)
from contracts.grievance import ObjectionAccepted, ObjectionConcluded
from contracts.payment import PaymentFoundPaid
from kit.testing import only
from services.batch.tests.county import COUNTY_HANDLER, County, revisions
from services.batch.tests.test_deductions import verified, with_deduction
from services.batch.tests.test_reissues import paid, reissued_set, returned


def found(line_id: str, slice_id: str = "s") -> PaymentFoundPaid:
    return PaymentFoundPaid(slice_id=slice_id, line_id=line_id, order_id="o", payment_id="p", attempt=1)


async def failed_one(county: County) -> tuple[str, Line, SliceOpened]:
    """A failed line of a closed set: its slice, the line, and the slice of its 重发."""
    origin, lines, sent = await paid(county, 2, failed=1)
    (opened,) = only(sent, SliceOpened)
    return origin, lines[0], opened


async def by_id(county: County, slice_id: str) -> dict[str, dict[str, object]]:
    rows = await county.get(COUNTY_HANDLER, f"/slices/{slice_id}/lines?limit=100")
    return {row["line_id"]: row for row in rows}


async def stands(county: County, slice_id: str, line_id: str) -> tuple[object, object]:
    """A line's state and what replaced it."""
    row = (await by_id(county, slice_id))[line_id]
    return row["state"], row["replaced_by"]


async def test_a_reissue_that_was_not_ordered_is_withdrawn(county: County) -> None:
    origin, line, opened = await failed_one(county)
    (new,) = await county.lines(opened.slice_id)
    sent = await county.room.deliver(found(line.line_id, origin))
    (left,) = only(sent, LineExcluded)
    assert (left.line_id, left.ends_enrolment, left.moved_to) == (new.line_id, False, None)
    assert "原明细经查已付" in left.reason
    assert await stands(county, origin, line.line_id) == ("paid", None)
    assert await stands(county, opened.slice_id, new.line_id) == ("void", None)
    history = await county.get(COUNTY_HANDLER, f"/lines/{line.line_id}/history")
    assert [one["state"] for one in history["changes"]][-3:] == ["failed", "failed", "paid"]
    closed = await county.post(COUNTY_HANDLER, f"/batches/{county.batch_id}:close", None)
    assert closed["paid"] == 2


async def test_told_once_more_under_another_id_changes_nothing(county: County) -> None:
    origin, line, _ = await failed_one(county)
    await county.room.deliver(found(line.line_id, origin))
    again = PaymentFoundPaid(slice_id=origin, line_id=line.line_id, order_id="o", payment_id="p", attempt=2)
    assert await county.room.deliver(again) == []
    assert await stands(county, origin, line.line_id) == ("paid", None)


async def test_a_slice_that_waits_at_the_county_ends_with_its_only_line(county: County) -> None:
    origin, line, opened = await failed_one(county)
    await county.recheck(opened.slice_id, 1)
    lines = await county.cards(opened.slice_id, await county.lines(opened.slice_id), 2)
    await county.findings(opened.slice_id, lines, 3)
    await county.hand_over(opened.slice_id, 4)
    sent = await county.room.deliver(found(line.line_id, origin))
    assert [(one.slice_id, one.paid) for one in only(sent, SliceSettled)] == [(opened.slice_id, 0)]
    assert await stands(county, origin, line.line_id) == ("paid", None)


async def ordered_again(county: County) -> tuple[str, Line, SliceOpened, str]:
    """The 重发 is in a frozen set when the former line is found to be paid."""
    origin, line, opened = await failed_one(county)
    set_id, _ = await reissued_set(county, opened)
    await county.price(set_id)
    await county.sign_set(set_id, "department_review")
    await county.sign_set(set_id, "finance_review")
    await county.freeze(set_id)
    assert only(await county.room.deliver(found(line.line_id, origin)), LineExcluded) == []
    return origin, line, opened, set_id


async def test_a_reissue_in_an_order_fails_with_it_and_is_not_sent_again(county: County) -> None:
    origin, line, opened, set_id = await ordered_again(county)
    (new,) = await county.lines(opened.slice_id)
    assert await stands(county, origin, line.line_id) == ("paid", new.line_id)
    order = await county.pay(set_id, failed=[new.line_id])  # as `payment` withholds it: F08
    sent = await county.room.deliver(CloseSet(set_id=set_id, order_id=order))
    assert only(sent, SliceOpened) == []
    assert [one.line_id for one in only(sent, LineExcluded)] == [new.line_id]
    assert await stands(county, origin, line.line_id) == ("paid", None)
    assert await stands(county, opened.slice_id, new.line_id) == ("void", None)


async def test_a_reissue_that_was_paid_and_came_back_is_not_sent_again_in_whatever_order_it_is_told(
    county: County,
) -> None:
    origin, line, opened, set_id = await ordered_again(county)
    (new,) = await county.lines(opened.slice_id)
    order = await county.pay(set_id)
    await county.room.deliver(CloseSet(set_id=set_id, order_id=order))
    assert await stands(county, origin, line.line_id) == ("paid", new.line_id)
    sent = await county.room.deliver(returned(opened.slice_id, new.line_id, attempt=2))
    assert only(sent, SliceOpened) == []
    assert await stands(county, origin, line.line_id) == ("paid", None)


async def test_what_was_found_paid_may_still_come_back_and_is_sent_anew(county: County) -> None:
    origin, line, _ = await failed_one(county)
    await county.room.deliver(found(line.line_id, origin))
    sent = await county.room.deliver(returned(origin, line.line_id))
    (opened,) = only(sent, SliceOpened)
    (new,) = revisions(sent)[(opened.slice_id, 1)]
    assert (opened.kind, new.reissue_of) == ("reissue", line.line_id)


async def test_before_the_close_the_line_is_paid_and_nothing_is_opened(county: County) -> None:
    slice_id, _ = await county.arrived(1)
    set_id = await county.signed_set()
    await county.freeze(set_id)
    (line,) = await county.lines(slice_id)
    order = await county.pay(set_id, failed=[line.line_id])
    await county.room.deliver(found(line.line_id, slice_id))
    sent = await county.room.deliver(CloseSet(set_id=set_id, order_id=order))
    assert [one.paid for one in only(sent, SliceSettled)] == [1]
    assert only(sent, SliceOpened) == []


async def test_paid_though_no_longer_owed_is_claimed_back(county: County) -> None:
    slice_id, _ = await county.arrived(1)
    set_id = await county.signed_set()
    await county.freeze(set_id)
    (line,) = await county.lines(slice_id)
    how = {"objection_id": "o", "slice_id": slice_id, "line_id": line.line_id}
    await county.room.deliver(ObjectionAccepted(**how), ObjectionConcluded(**how, upheld=True))
    order = await county.pay(set_id, failed=[line.line_id])
    await county.room.deliver(CloseSet(set_id=set_id, order_id=order))
    assert (await stands(county, slice_id, line.line_id))[0] == "void"
    (claimed,) = only(await county.room.deliver(found(line.line_id, slice_id)), OverpaymentFound)
    assert (claimed.line_id, claimed.amount_fen) == (line.line_id, 5000)


async def test_an_open_objection_goes_back_with_the_line(county: County) -> None:
    origin, line, opened = await failed_one(county)
    (new,) = await county.lines(opened.slice_id)
    how = {"objection_id": "o", "slice_id": opened.slice_id, "line_id": new.line_id}
    await county.room.deliver(ObjectionAccepted(**how))
    await county.room.deliver(found(line.line_id, origin))
    sent = await county.room.deliver(ObjectionConcluded(**how, upheld=True))
    assert [one.line_id for one in only(sent, OverpaymentFound)] == [line.line_id]


async def test_its_deduction_is_kept_back_and_the_reissued_one_leaves(county: County) -> None:
    slice_id, _, application = await with_deduction(county, 1200)
    await verified(county, slice_id)
    await county.sign_slice(slice_id)
    await county.hand_over(slice_id)
    set_id = await county.signed_set()
    await county.freeze(set_id)
    mine = [one for one in await county.lines(slice_id) if one.application_id == application]
    order = await county.pay(set_id, failed=[one.line_id for one in mine])
    sent = await county.room.deliver(CloseSet(set_id=set_id, order_id=order))
    (opened,) = only(sent, SliceOpened)
    told = sorted(mine, key=lambda one: one.kind == "deduction")
    await county.room.deliver(*(found(one.line_id, slice_id) for one in told))
    assert {await stands(county, slice_id, one.line_id) for one in mine} == {("paid", None)}
    assert {row["state"] for row in (await by_id(county, opened.slice_id)).values()} == {"void"}

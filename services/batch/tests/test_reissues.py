"""重发: what failed, or came back, is replaced and goes on without publicity or township signature."""

from contracts.batch import (
    CloseSet,
    Line,
    LinesStated,
    LineState,
    SetFrozen,
    SetOpened,
    SliceOpened,
)
from contracts.grievance import ObjectionAccepted, ObjectionConcluded
from contracts.payment import PaymentReturned
from kit.testing import Sent, only
from services.batch.tests.county import COUNTY_HANDLER, County, revisions


async def paid(county: County, count: int = 2, *, failed: int = 0) -> tuple[str, list[Line], list[Sent]]:
    """A paid and closed slice, its lines before, and what closing emitted."""
    slice_id, _ = await county.arrived(count)
    set_id = await county.signed_set()
    await county.freeze(set_id)
    lines = await county.lines(slice_id)
    order = await county.pay(set_id, failed=[one.line_id for one in lines[:failed]])
    return slice_id, lines, await county.room.deliver(CloseSet(set_id=set_id, order_id=order))


def returned(slice_id: str, line_id: str, attempt: int = 1) -> PaymentReturned:
    return PaymentReturned(
        slice_id=slice_id,
        line_id=line_id,
        order_id="o",
        payment_id="p",
        attempt=attempt,
        code="F03",
        reason="账户销户",
    )


async def reissued_set(county: County, opened: SliceOpened) -> tuple[str, SetOpened]:
    """A reissue corrected, matched, verified, handed over unsigned, in a set of its own."""
    await county.recheck(opened.slice_id, 1)
    lines = await county.cards(opened.slice_id, await county.lines(opened.slice_id), 2)
    await county.findings(opened.slice_id, lines, 3)
    await county.hand_over(opened.slice_id, 4)
    body = {"batch_id": county.batch_id, "slice_ids": [opened.slice_id]}
    set_id = (await county.post(COUNTY_HANDLER, "/sets", body))["set_id"]
    (event,) = only(await county.room.emitted(), SetOpened)
    return set_id, event


async def test_what_failed_is_replaced_when_its_set_closes(county: County) -> None:
    origin, lines, sent = await paid(county, 2, failed=1)
    (opened,) = only(sent, SliceOpened)
    assert (opened.kind, opened.publicity_done, opened.lines, opened.number) == ("reissue", True, 1, 2)
    (new,) = revisions(sent)[(opened.slice_id, 1)]
    assert (new.reissue_of, new.state, new.reason) == (lines[0].line_id, LineState.ABNORMAL, "F03 账户销户")
    assert (new.amount_fen, new.subject_id) == (None, lines[0].subject_id)
    old = (await county.get(COUNTY_HANDLER, f"/slices/{origin}/lines?state=failed"))[0]
    assert old["replaced_by"] == new.line_id
    set_id, event = await reissued_set(county, opened)
    assert event.reissues
    await county.price(set_id)
    await county.sign_set(set_id, "department_review")
    await county.sign_set(set_id, "finance_review")
    (frozen,) = only(await county.freeze(set_id), SetFrozen)
    assert (frozen.payable_lines, frozen.payable_fen) == (1, 5000)


async def test_a_reissue_that_fails_again_is_replaced_again(county: County) -> None:
    _, _, sent = await paid(county, 1, failed=1)
    (first,) = only(sent, SliceOpened)
    set_id, _ = await reissued_set(county, first)
    await county.price(set_id)
    await county.sign_set(set_id, "department_review")
    await county.sign_set(set_id, "finance_review")
    await county.freeze(set_id)
    (again,) = await county.lines(first.slice_id)
    order = await county.pay(set_id, failed=[again.line_id])
    sent = await county.room.deliver(CloseSet(set_id=set_id, order_id=order))
    (second,) = only(sent, SliceOpened)
    assert second.kind == "reissue" and second.slice_id != first.slice_id
    assert revisions(sent)[(second.slice_id, 1)][0].reissue_of == again.line_id


async def test_money_that_came_back_is_sent_anew_once(county: County) -> None:
    origin, lines, sent = await paid(county, 2)
    assert only(sent, SliceOpened) == []
    sent = await county.room.deliver(returned(origin, lines[0].line_id))
    (opened,) = only(sent, SliceOpened)
    assert revisions(sent)[(opened.slice_id, 1)][0].reissue_of == lines[0].line_id
    sent = await county.room.deliver(returned(origin, lines[0].line_id, attempt=2))
    assert sent == []
    live = [one for one in await county.lines(origin) if one.state is LineState.PAID]
    assert [one.line_id for one in live] == [lines[1].line_id]


async def test_money_that_came_back_before_the_close_waits_for_it(county: County) -> None:
    slice_id, _ = await county.arrived(1)
    set_id = await county.signed_set()
    await county.freeze(set_id)
    order = await county.pay(set_id)
    (line,) = await county.lines(slice_id)
    assert await county.room.deliver(returned(slice_id, line.line_id)) == []
    sent = await county.room.deliver(CloseSet(set_id=set_id, order_id=order))
    assert [one.kind for one in only(sent, SliceOpened)] == ["reissue"]


async def test_what_is_no_longer_owed_is_not_sent_again(county: County) -> None:
    slice_id, _ = await county.arrived(1)
    set_id = await county.signed_set()
    await county.freeze(set_id)
    (line,) = await county.lines(slice_id)
    how = {"objection_id": "o", "slice_id": slice_id, "line_id": line.line_id}
    await county.room.deliver(ObjectionAccepted(**how), ObjectionConcluded(**how, upheld=True))
    order = await county.pay(set_id, failed=[line.line_id])
    sent = await county.room.deliver(CloseSet(set_id=set_id, order_id=order))
    assert only(sent, SliceOpened) == []
    assert {one.state for one in await county.lines(slice_id)} == {LineState.VOID}


async def test_an_objection_goes_on_with_the_reissue(county: County) -> None:
    origin, (line,), _ = await paid(county, 1)
    await county.room.deliver(ObjectionAccepted(objection_id="o", slice_id=origin, line_id=line.line_id))
    sent = await county.room.deliver(returned(origin, line.line_id))
    ((new,),) = [list(one.rows) for one in only(sent, LinesStated)]
    assert (new.state, new.reissue_of) == (LineState.HELD, line.line_id)
    how = {"objection_id": "o", "slice_id": origin, "line_id": line.line_id}
    await county.room.deliver(ObjectionConcluded(**how, upheld=False))
    (opened,) = only(sent, SliceOpened)
    (free,) = await county.lines(opened.slice_id)
    assert (free.state, free.reason) == (LineState.ABNORMAL, "F03 账户销户")

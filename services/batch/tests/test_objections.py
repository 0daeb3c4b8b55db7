"""Objections hold one line; what becomes of it depends on where its slice is by then (decisions §5)."""

from itertools import combinations

import pytest

from contracts.batch import LineExcluded, LineHeld, LineReleased, LineState, SetFrozen, SliceOpened
from contracts.grievance import ObjectionAccepted, ObjectionConcluded
from contracts.publicity import NoticeConfirmed
from kit.testing import Sent, only
from services.batch.domain.lines import UNDER_OBJECTION
from services.batch.tests.county import County, revisions


async def accept(county: County, slice_id: str, line_id: str, objection: str = "o1") -> list[Sent]:
    return await county.room.deliver(
        ObjectionAccepted(objection_id=objection, slice_id=slice_id, line_id=line_id)
    )


async def conclude(
    county: County, slice_id: str, line_id: str, *, upheld: bool, objection: str = "o1"
) -> list[Sent]:
    return await county.room.deliver(
        ObjectionConcluded(objection_id=objection, slice_id=slice_id, line_id=line_id, upheld=upheld)
    )


async def state_of(county: County, slice_id: str, line_id: str) -> LineState:
    return next(one.state for one in await county.lines(slice_id) if one.line_id == line_id)


async def test_dismissed_before_the_review_the_line_is_normal_again(county: County) -> None:
    slice_id, lines = await county.verified(2)
    line = lines[0]
    (held,) = only(await accept(county, slice_id, line.line_id), LineHeld)
    assert (held.rev, held.reason) == (line.rev + 1, UNDER_OBJECTION)
    (freed,) = only(await conclude(county, slice_id, line.line_id, upheld=False), LineReleased)
    assert freed.rev == line.rev + 2
    assert await state_of(county, slice_id, line.line_id) is LineState.NORMAL


async def test_two_objections_need_two_conclusions(county: County) -> None:
    slice_id, lines = await county.verified(1)
    line_id = lines[0].line_id
    await accept(county, slice_id, line_id)
    assert only(await accept(county, slice_id, line_id, "o2"), LineHeld) == []
    assert await conclude(county, slice_id, line_id, upheld=False) == []
    assert await state_of(county, slice_id, line_id) is LineState.HELD
    assert only(await conclude(county, slice_id, line_id, upheld=False, objection="o2"), LineReleased)


async def test_upheld_excludes_and_frees_the_key(county: County) -> None:
    slice_id, lines = await county.verified(2)
    line = lines[0]
    await accept(county, slice_id, line.line_id)
    (left,) = only(await conclude(county, slice_id, line.line_id, upheld=True), LineExcluded)
    assert (left.ends_enrolment, left.moved_to, left.application_id) == (True, None, line.application_id)
    assert await state_of(county, slice_id, line.line_id) is LineState.VOID
    await county.list_applications(1, subject=lambda _: line.subject_id)
    again, (fresh,) = await county.submit(0)
    assert fresh.subject_id == line.subject_id and again.number == 2


async def test_dismissed_after_the_review_it_joins_a_supplement_with_its_notice(county: County) -> None:
    slice_id, lines = await county.verified(3)
    line = lines[0]
    await county.room.deliver(NoticeConfirmed(slice_id=slice_id, notice_id="n1", round=1, published_lines=3))
    await county.sign_slice(slice_id)
    await accept(county, slice_id, line.line_id)
    sent = await conclude(county, slice_id, line.line_id, upheld=False)
    (second,) = only(sent, SliceOpened)
    (left,) = only(sent, LineExcluded)
    assert second.publicity_done and left.moved_to == second.slice_id and not left.ends_enrolment
    (moved,) = revisions(sent)[(second.slice_id, 1)]
    assert (moved.line_id, moved.state) == (line.line_id, LineState.NORMAL)


async def test_held_at_the_signature_it_leaves_and_is_freed_where_it_went(county: County) -> None:
    slice_id, lines = await county.verified(3)
    line = lines[0]
    await accept(county, slice_id, line.line_id)
    (second,) = only(await county.sign_slice(slice_id), SliceOpened)
    (freed,) = only(await conclude(county, slice_id, line.line_id, upheld=False), LineReleased)
    assert freed.slice_id == second.slice_id
    assert await state_of(county, second.slice_id, line.line_id) is LineState.NORMAL


async def test_a_late_hit_is_not_lost_under_an_objection(county: County) -> None:
    slice_id, lines = await county.verified(2)
    line = lines[0]
    await accept(county, slice_id, line.line_id)
    sent = await county.findings(slice_id, lines, 3, {line.line_id: "hold"})
    held = next(one for one in revisions(sent)[(slice_id, 4)] if one.line_id == line.line_id)
    assert (held.state, held.reason) == (LineState.HELD, UNDER_OBJECTION)
    await conclude(county, slice_id, line.line_id, upheld=False)
    after = next(one for one in await county.lines(slice_id) if one.line_id == line.line_id)
    assert (after.state, after.reason) == (LineState.HELD, "R04 死亡")


async def test_an_early_pass_does_not_free_a_held_line(county: County) -> None:
    opened, lines = await county.submit(1)
    line = lines[0]
    await accept(county, opened.slice_id, line.line_id)
    assert (await county.cards(opened.slice_id, lines, 1))[0].state is LineState.HELD


@pytest.mark.parametrize("verdict", ["pass", "hold"])
async def test_in_whatever_order_an_objection_and_results_come(county: County, verdict: str) -> None:
    for first, last in combinations(range(4), 2):  # places of acceptance and dismissal among the two results
        opened, lines = await county.submit(1)
        slice_id, line_id, revision = opened.slice_id, lines[0].line_id, 1
        for place in range(4):
            if place == first:
                await accept(county, slice_id, line_id, f"o-{slice_id}")
            elif place == last:
                await conclude(county, slice_id, line_id, upheld=False, objection=f"o-{slice_id}")
            elif revision == 1:
                lines = await county.cards(slice_id, lines, 1)
                revision = 2
            else:
                await county.findings(slice_id, lines, 2, {line_id: "hold"} if verdict == "hold" else {})
        state = await state_of(county, slice_id, line_id)
        if verdict == "hold":
            assert state is LineState.HELD, (first, last)
        else:
            assert state in (LineState.NORMAL, LineState.PROCESSING), (first, last)


async def test_upheld_after_the_freeze_is_a_recovery(county: County) -> None:
    slice_id, _ = await county.arrived(2)
    set_id = await county.signed_set()
    (before,) = only(await county.freeze(set_id), SetFrozen)
    line_id = (await county.lines(slice_id))[0].line_id
    assert await accept(county, slice_id, line_id) == []
    (left,) = only(await conclude(county, slice_id, line_id, upheld=True), LineExcluded)
    assert (left.ends_enrolment, left.seq) == (True, before.frozen[0].exclusions + 1)
    assert await state_of(county, slice_id, line_id) is LineState.NORMAL
    await county.pay(set_id)
    assert await state_of(county, slice_id, line_id) is LineState.PAID

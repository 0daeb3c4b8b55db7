"""Reviewed hits: lifted, the line goes on; confirmed, it leaves; paid, it is an overpayment."""

from typing import Any

import pytest

from contracts.batch import (
    Line,
    LineExcluded,
    LineReleased,
    LineState,
    OverpaymentFound,
    SetFrozen,
    SliceOpened,
)
from contracts.grievance import ObjectionAccepted, ObjectionConcluded
from contracts.registry import Basis, PayeeChanged
from contracts.verification import LineReviewed
from kit.testing import Sent, only
from services.batch.domain.reviews import Consequence, consequence
from services.batch.tests.county import PERIOD, PROJECT, County, revisions


async def held(county: County) -> tuple[str, Line]:
    """A line held by a hit, in the supplement where it went."""
    slice_id, lines = await county.verified(2)
    sent = await county.findings(slice_id, lines, 3, {lines[0].line_id: "hold"})
    sent = await county.set_aside(slice_id, 4)
    (opened,) = only(sent, SliceOpened)
    (line,) = await county.lines(opened.slice_id)
    assert line.state is LineState.HELD
    return opened.slice_id, line


async def review(county: County, slice_id: str, line: Line, verdict: str, **more: Any) -> list[Sent]:
    known: dict[str, Any] = {"consequence": "exclude", "reason": "经入户核实", "rules": ["R04"]}
    return await county.room.deliver(
        LineReviewed(
            slice_id=slice_id,
            line_id=line.line_id,
            application_id=line.application_id,
            project=PROJECT,
            verdict=verdict,
            **known | more,
        )
    )


async def test_a_lifted_hit_lets_the_line_go_on_at_the_next_check(county: County) -> None:
    slice_id, line = await held(county)
    (freed,) = only(await review(county, slice_id, line, "cleared"), LineReleased)
    assert (freed.line_id, freed.rev) == (line.line_id, line.rev + 1)
    (waits,) = await county.lines(slice_id)
    assert (waits.state, waits.reason) == (LineState.PROCESSING, None)
    # Nothing could be signed before the check: the root covers the revision, where it was held.
    async with county.room.room.tx() as tx:
        assert (
            await tx.fetchval("SELECT count(*) FROM line WHERE slice_id = $1 AND state = 'normal'", slice_id)
            == 0
        )
    await county.recheck(slice_id, 1)
    lines = await county.cards(slice_id, await county.lines(slice_id), 2)
    sent = await county.findings(slice_id, lines, 3)
    assert revisions(sent)[(slice_id, 4)][0].state is LineState.NORMAL


async def test_a_hit_lifted_under_an_objection_shows_when_that_is_over(county: County) -> None:
    slice_id, line = await held(county)
    how = {"objection_id": "o", "slice_id": slice_id, "line_id": line.line_id}
    await county.room.deliver(ObjectionAccepted(**how))
    assert only(await review(county, slice_id, line, "cleared"), LineReleased) == []
    await county.room.deliver(ObjectionConcluded(**how, upheld=False))
    assert (await county.lines(slice_id))[0].state is LineState.PROCESSING


async def test_a_confirmed_hit_excludes_and_a_stop_ends_the_enrolment(county: County) -> None:
    slice_id, line = await held(county)
    (left,) = only(await review(county, slice_id, line, "confirmed"), LineExcluded)
    assert (left.ends_enrolment, left.moved_to, left.reason) == (False, None, "经入户核实")
    assert (await county.lines(slice_id))[0].state is LineState.VOID
    again = await review(county, slice_id, line, "confirmed", consequence="stop")
    assert only(again, LineExcluded) == []
    slice_id, line = await held(county)
    (left,) = only(await review(county, slice_id, line, "confirmed", consequence="stop"), LineExcluded)
    assert left.ends_enrolment


async def test_what_is_still_owed_goes_on_although_the_enrolment_stops(county: County) -> None:
    slice_id, line = await held(county)
    sent = await review(county, slice_id, line, "confirmed", consequence="stop", last_period=PERIOD)
    assert only(sent, LineExcluded) == [] and len(only(sent, LineReleased)) == 1


async def test_another_payee_is_a_correction(county: County) -> None:
    slice_id, line = await held(county)
    await review(county, slice_id, line, "confirmed", consequence="payee")
    (waits,) = await county.lines(slice_id)
    assert waits.state is LineState.ABNORMAL and "领款人" in (waits.reason or "")
    await county.room.deliver(
        PayeeChanged(
            subject_id=line.subject_id,
            payee_id="daughter",
            basis=Basis.AUTHORISED,
            valid_from="2020-01-01",
            rev=1,
        )
    )
    (again,) = revisions(await county.recheck(slice_id, 1))[(slice_id, 2)]
    assert (again.state, again.payee_id) == (LineState.PROCESSING, "daughter")


async def test_a_confirmed_hit_on_a_paid_line_is_an_overpayment_once(county: County) -> None:
    slice_id, _ = await county.arrived(2)
    set_id = await county.signed_set()
    await county.freeze(set_id)
    await county.pay(set_id)
    line = (await county.lines(slice_id))[0]
    sent = await review(county, slice_id, line, "confirmed", consequence="stop")
    (found,) = only(sent, OverpaymentFound)
    assert (found.line_id, found.amount_fen, found.reason) == (line.line_id, 5000, "经入户核实")
    assert [one.ends_enrolment for one in only(sent, LineExcluded)] == [True]
    how = {"objection_id": "o", "slice_id": slice_id, "line_id": line.line_id}
    sent = await county.room.deliver(ObjectionAccepted(**how), ObjectionConcluded(**how, upheld=True))
    assert only(sent, OverpaymentFound) == [] and only(sent, LineExcluded) == []


@pytest.mark.parametrize("paid", [True, False])
async def test_found_after_the_freeze_it_is_told_when_it_is_paid(county: County, paid: bool) -> None:
    slice_id, _ = await county.arrived(1)
    set_id = await county.signed_set()
    (frozen,) = only(await county.freeze(set_id), SetFrozen)
    (line,) = await county.lines(slice_id)
    how = {"objection_id": "o", "slice_id": slice_id, "line_id": line.line_id}
    sent = await county.room.deliver(ObjectionAccepted(**how), ObjectionConcluded(**how, upheld=True))
    assert only(sent, OverpaymentFound) == [] and frozen.payable_lines == 1
    await county.pay(set_id, failed=[] if paid else [line.line_id])
    async with county.room.room.tx() as tx:
        told = await tx.fetchval("SELECT count(*) FROM outbox WHERE type = $1", OverpaymentFound.TYPE)
    assert told == (1 if paid else 0)


@pytest.mark.parametrize(
    ("verdict", "named", "last", "expected"),
    [
        ("cleared", "stop", None, Consequence.GOES_ON),
        ("confirmed", "payee", None, Consequence.OTHER_PAYEE),
        ("confirmed", "exclude", "202412", Consequence.LEAVES),
        ("confirmed", "stop", None, Consequence.LEAVES_AND_ENDS),
        ("confirmed", "stop", "202304", Consequence.LEAVES_AND_ENDS),
        ("confirmed", "stop", "202305", Consequence.GOES_ON),
        ("confirmed", "stop", "2023", Consequence.GOES_ON),
    ],
)
def test_what_a_review_means(verdict: str, named: str, last: str | None, expected: Consequence) -> None:
    assert consequence(verdict, named, last, "202305") is expected

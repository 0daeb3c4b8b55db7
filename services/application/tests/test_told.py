"""What other rooms say of a person: deaths, reviews, slices that came first, and rosters that renew."""

from typing import Any

import pytest

from contracts.application import (
    ApplicationListed,
    ApplicationWithdrawn,
    ListApplication,
    OfflineRecorded,
    RefuseApplication,
)
from contracts.batch import LineExcluded, LineState
from contracts.verification import LineReviewed, ReviewGranted
from kit.testing import RoomHarness, citizen, only
from services.application.tests import golden
from services.application.tests.conftest import PROJECT, TOWNSHIP, roster, stated
from services.application.tests.life import (
    active,
    change,
    enrolment_of,
    post,
    stated_in,
)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_a_confirmed_death_stops_whatever_comes_first(
    room: RoomHarness, order: tuple[int, int]
) -> None:
    [one] = await active(room, "s1")
    both = [
        LineReviewed(
            slice_id="sl", line_id="l", application_id=one, project=PROJECT, verdict="confirmed",
            consequence="stop", rules=["R04"], reason="death", last_period="202304",
        ),
        LineExcluded(
            slice_id="sl", line_id="l", application_id=one, seq=1, reason="R04", ends_enrolment=True
        ),
    ]  # fmt: skip
    for place in order:
        await room.deliver(both[place])
    row = await enrolment_of(room, one)
    assert (row["state"], row["valid_to"], row["reason"]) == ("stopped", "202304", "R04")


async def test_a_cleared_hit_changes_nothing(room: RoomHarness) -> None:
    [one] = await active(room, "s1")
    cleared = LineReviewed(
        slice_id="sl", line_id="l", application_id=one, project=PROJECT, verdict="cleared",
        consequence="exclude", rules=["R04"], reason="same_name",
    )  # fmt: skip
    assert await room.deliver(cleared) == []


async def test_a_granted_review_lets_a_refused_application_onto_the_list(room: RoomHarness) -> None:
    async with room.room.tx() as tx:
        await golden.prepare(tx)
    refused = golden.REFUSED
    await room.deliver(RefuseApplication(application_id=refused, reasons=["R03"]))
    early = await room.deliver(ListApplication(application_id=refused), id="cmd-9")
    assert early == [], "the command may overtake the grant, and waits for it"
    granted = ReviewGranted(
        application_id=refused, subject_id=refused, project=PROJECT, township=TOWNSHIP,
        category="minimum_living", review_id="v1",
    )  # fmt: skip
    sent = await room.deliver(granted)
    assert [(one.cause, type(one.message)) for one in sent] == [("cmd-9", ApplicationListed)]


async def test_a_grant_does_not_make_a_second_live_application(room: RoomHarness) -> None:
    async with room.room.tx() as tx:
        await golden.prepare(tx)
    await room.deliver(RefuseApplication(application_id=golden.REFUSED, reasons=["R03"]))
    await room.deliver(roster(golden.REFUSED, roster_id="r5"))
    await room.deliver(golden.GOLDEN[ReviewGranted])
    async with room.room.tx() as tx:
        found = await tx.fetch("SELECT state, live FROM application WHERE subject_id = $1", golden.REFUSED)
    assert sorted(tuple(row) for row in found) == [("listed", True), ("refused", False)]


async def test_withdrawn_before_a_slice_takes_it_and_not_after(room: RoomHarness) -> None:
    [answer] = only(await room.deliver(roster("s1", "s2")), OfflineRecorded)
    mine, taken = (str(one.application_id) for one in answer.results)
    await room.deliver(stated("sl", 1, {taken: LineState.NORMAL}))
    assert (await post(room, citizen("s2"), f"/applications/{mine}:withdraw")).status_code == 404
    done = await post(room, citizen("s1"), f"/applications/{mine}:withdraw")
    assert (done.status_code, done.json()["state"]) == (200, "withdrawn")
    assert [one.application_id for one in only(await room.emitted(), ApplicationWithdrawn)] == [mine]
    assert (await post(room, citizen("s1"), f"/applications/{mine}:withdraw")).status_code == 409
    assert (await post(room, citizen("s2"), f"/applications/{taken}:withdraw")).status_code == 409
    [again] = only(await room.deliver(roster("s1", roster_id="r2")), OfflineRecorded)
    assert again.results[0].refused is None


async def test_a_slice_that_was_first_keeps_a_withdrawn_application(room: RoomHarness) -> None:
    [answer] = only(await room.deliver(roster("s1")), OfflineRecorded)
    one = str(answer.results[0].application_id)
    await post(room, citizen("s1"), f"/applications/{one}:withdraw")
    [now] = stated_in(await room.deliver(stated("sl", 1, {one: LineState.NORMAL})))
    assert now.application_id == one


def renewing(*subjects: str, roster_id: str, **fields: Any) -> Any:
    command = roster(*subjects, roster_id=roster_id)
    rows = [row.model_copy(update=fields) for row in command.rows]
    return command.model_copy(update={"renew": True, "rows": rows})


async def test_a_roster_of_route_c_renews_and_states_what_changed(room: RoomHarness) -> None:
    same, more = await active(room, "s1", "s2")
    again = renewing("s1", "s2", "s3", "s1", roster_id="r2")
    sent = await room.deliver(again)
    [answer] = only(sent, OfflineRecorded)
    assert [one.refused for one in answer.results] == [None, None, None, "R05"]
    assert [one.application_id for one in answer.results[:2]] == [same, more]
    assert stated_in(sent) == []
    sent = await room.deliver(renewing("s2", roster_id="r3", quantity="12.5", payee_id="head"))
    [now] = stated_in(sent)
    assert (now.application_id, now.quantity, now.payee_id) == (more, "12.5", "head") and now.rev > 2


async def test_the_same_renewal_again_gives_the_same_answer(room: RoomHarness) -> None:
    await active(room, "s1")
    first, second = [
        only(await room.deliver(renewing("s1", "s9", roster_id="r2")), OfflineRecorded)[0].results
        for _ in range(2)
    ]
    assert first == second and all(one.refused is None for one in first)


async def test_a_suspended_person_is_not_renewed(room: RoomHarness) -> None:
    [one] = await active(room, "s1")
    await change(room, one, {"act": "suspend", "reason": "no_contact"})
    [answer] = only(await room.deliver(renewing("s1", roster_id="r2")), OfflineRecorded)
    assert answer.results[0].refused == "suspended"

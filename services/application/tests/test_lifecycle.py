"""Enrolments through their life: every change is stated with its rev, officials' changes need two people."""

from typing import Any

import pytest

from contracts.application import (
    EnrolmentsStated,
    OfflineRecorded,
)
from contracts.batch import LineState, SetOpened, SetSigned, SliceRevision
from kit.auth import Actor, Role
from kit.testing import RoomHarness, official, only
from services.application.tests.conftest import OTHER_TOWNSHIP, PROJECT, TOWNSHIP, roster, stated
from services.application.tests.life import (
    BASE,
    CHECKER,
    COUNTY,
    MAKER,
    STOP,
    active,
    change,
    enrolment_of,
    post,
    stated_in,
)


async def test_a_slice_and_a_signature_state_all_their_enrolments_at_once(room: RoomHarness) -> None:
    [answer] = only(await room.deliver(roster(*[f"s{n}" for n in range(1200)])), OfflineRecorded)
    ids = [str(one.application_id) for one in answer.results]
    proposed = await room.deliver(stated("sl", 1, dict.fromkeys(ids, LineState.NORMAL)))
    parts = only(proposed, EnrolmentsStated)
    assert [len(one.enrolments) for one in parts] == [1000, 200]
    assert {one.stream_id for one in parts} == {parts[0].stream_id}
    assert {(one.state, one.rev) for one in stated_in(proposed)} == {("proposed", 1)}
    assert {one.application_id for one in stated_in(proposed)} == set(ids)
    pair = [SliceRevision(slice_id="sl", revision=1)]
    await room.deliver(
        SetOpened(
            set_id="set",
            batch_id="b1",
            project=PROJECT,
            period="202305",
            county="539901",
            slices=pair,
            lines=1,
        )
    )
    signed = SetSigned(set_id="set", node="department_review", root="r", signed_lines=1, approved_fen=1)
    assert {(one.state, one.rev) for one in stated_in(await room.deliver(signed))} == {("active", 2)}


async def test_suspended_resumed_and_stopped_by_two_and_each_stated(room: RoomHarness) -> None:
    [one] = await active(room, "s1")
    answer = await change(room, one, {"act": "suspend", "reason": "no_contact"})
    assert (answer.status_code, answer.json()["state"]) == (200, "approved")
    [now] = stated_in(await room.emitted())
    assert (now.state, now.rev, now.reason) == ("suspended", 3, "no_contact")
    assert (await change(room, one, {"act": "resume", "reason": "found"})).status_code == 200
    [now] = stated_in(await room.emitted())
    assert (now.state, now.rev, now.reason) == ("active", 4, None)
    assert (await change(room, one, STOP)).status_code == 200
    [now] = stated_in(await room.emitted())
    assert (now.state, now.rev, now.valid_to) == ("stopped", 5, "202305")
    [again] = only(await room.deliver(roster("s1", roster_id="r2")), OfflineRecorded)
    assert again.results[0].refused is None, "a stopped person may apply again"


async def test_facts_change_only_after_approval(room: RoomHarness) -> None:
    [one] = await active(room, "s1")
    body = {"act": "change", "reason": "reassessed", "category": "特困", "quantity": "2.5"}
    enrolment_id = (await enrolment_of(room, one))["enrolment_id"]
    made = (await post(room, MAKER, f"/enrolments/{enrolment_id}/changes", body)).json()
    assert (await enrolment_of(room, one))["category"] == "minimum_living"
    assert (await post(room, MAKER, f"/enrolments/{enrolment_id}/changes", STOP)).status_code == 409
    refused = await post(
        room, CHECKER, f"/enrolment-changes/{made['change_id']}:refuse", {"note": "材料不足"}
    )
    assert refused.json()["state"] == "refused" and await room.emitted() == []
    assert (await post(room, CHECKER, f"/enrolment-changes/{made['change_id']}:approve")).status_code == 409
    await change(room, one, body)
    [now] = stated_in(await room.emitted())
    assert (now.category, now.quantity, now.state) == ("destitute", "2.5", "active")


@pytest.mark.parametrize(
    ("checker", "status"),
    [
        (official(Role.TOWNSHIP_REVIEWER, OTHER_TOWNSHIP), 404),
        (official(Role.COUNTY_REVIEWER, "539902"), 404),
        (official(Role.COUNTY_REVIEWER, "539901", projects=frozenset({"10001"})), 404),
        (official(Role.TOWNSHIP_REVIEWER, TOWNSHIP, sub=MAKER.sub), 403),
        (MAKER, 403),
        (COUNTY, 200),
    ],
)
async def test_only_another_official_of_the_region_decides(
    room: RoomHarness, checker: Actor, status: int
) -> None:
    [one] = await active(room, "s1")
    await room.emitted()
    assert (await change(room, one, STOP, checker)).status_code == status
    assert (await enrolment_of(room, one))["state"] == ("stopped" if status == 200 else "active")
    assert len(stated_in(await room.emitted())) == (status == 200)


async def test_a_move_needs_the_county_and_stays_in_it(room: RoomHarness) -> None:
    [one] = await active(room, "s1")
    there = {
        "act": "change",
        "reason": "moved",
        "township": OTHER_TOWNSHIP,
        "village": OTHER_TOWNSHIP + "201",
    }
    assert (await change(room, one, there)).status_code == 403
    change_id = (await _open(room))[0]["change_id"]
    assert (await post(room, COUNTY, f"/enrolment-changes/{change_id}:approve")).status_code == 200
    row = await enrolment_of(room, one)
    assert (row["township"], row["village"]) == (OTHER_TOWNSHIP, OTHER_TOWNSHIP + "201")
    county_maker = official(Role.COUNTY_HANDLER, "539901")
    bad = {
        "village elsewhere": {"village": TOWNSHIP + "201"},
        "township without its village": {"township": TOWNSHIP},
        "another county": {"township": "539902101", "village": "539902101201"},
    }
    for name, fields in bad.items():
        asked = {"act": "change", "reason": "moved"} | fields
        answer = await post(room, county_maker, f"/enrolments/{row['enrolment_id']}/changes", asked)
        assert answer.status_code == 422, name
    ours = await post(room, county_maker, f"/enrolments/{row['enrolment_id']}/changes", STOP)
    lower = official(Role.TOWNSHIP_REVIEWER, OTHER_TOWNSHIP)
    assert (
        await post(room, lower, f"/enrolment-changes/{ours.json()['change_id']}:approve")
    ).status_code == 403


async def test_who_moved_is_stopped_by_the_new_township_and_may_apply_again(room: RoomHarness) -> None:
    [one] = await active(room, "s1")
    there = {
        "act": "change",
        "reason": "moved",
        "township": OTHER_TOWNSHIP,
        "village": OTHER_TOWNSHIP + "201",
    }
    assert (await change(room, one, there, COUNTY)).status_code == 200
    enrolment_id = (await enrolment_of(room, one))["enrolment_id"]
    maker = official(Role.TOWNSHIP_HANDLER, OTHER_TOWNSHIP)
    assert (await post(room, MAKER, f"/enrolments/{enrolment_id}/changes", STOP)).status_code == 404
    made = await post(room, maker, f"/enrolments/{enrolment_id}/changes", STOP)
    checker = official(Role.TOWNSHIP_REVIEWER, OTHER_TOWNSHIP)
    path = f"/enrolment-changes/{made.json()['change_id']}:approve"
    assert (await post(room, checker, path)).status_code == 200
    [again] = only(await room.deliver(roster("s1", roster_id="r2")), OfflineRecorded)
    assert again.results[0].refused is None


async def _open(room: RoomHarness, actor: Actor = COUNTY) -> list[dict[str, Any]]:
    async with room.client(actor) as client:
        answer = await client.get(f"{BASE}/enrolment-changes?state=proposed")
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_open_proposals_show_in_their_region_only(room: RoomHarness) -> None:
    [one] = await active(room, "s1")
    enrolment_id = (await enrolment_of(room, one))["enrolment_id"]
    await post(room, MAKER, f"/enrolments/{enrolment_id}/changes", STOP)
    assert [row["enrolment_id"] for row in await _open(room)] == [enrolment_id]
    assert await _open(room, official(Role.TOWNSHIP_REVIEWER, OTHER_TOWNSHIP)) == []


@pytest.mark.parametrize(
    "body",
    [
        {"act": "stop", "reason": "death"},
        {"act": "stop", "reason": "death", "last_period": "202313"},
        {"act": "suspend", "reason": "x", "last_period": "202305"},
        {"act": "change", "reason": "reassessed"},
        {"act": "suspend", "reason": "no_contact", "category": "destitute"},
        {"act": "change", "reason": "reassessed", "quantity": "0"},
        {"act": "change", "reason": "reassessed", "category": "nobody"},
        {"act": "suspend", "reason": "王某去世"},
        {"act": "suspend", "reason": "no_contact", "note": "身份证532699194305120029"},
    ],
)
async def test_a_proposal_that_does_not_fit_is_refused(room: RoomHarness, body: dict[str, Any]) -> None:
    [one] = await active(room, "s1")
    enrolment_id = (await enrolment_of(room, one))["enrolment_id"]
    assert (await post(room, MAKER, f"/enrolments/{enrolment_id}/changes", body)).status_code == 422
    assert await _open(room) == []

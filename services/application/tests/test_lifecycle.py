"""Enrolments through their life: every change is stated with its rev, officials' changes need two people."""

from typing import Any

import httpx
import pytest

from contracts.application import (
    ApplicationListed,
    ApplicationWithdrawn,
    Enrolment,
    EnrolmentsStated,
    ListApplication,
    OfflineRecorded,
    RefuseApplication,
)
from contracts.batch import LineExcluded, LineState, SetOpened, SetSigned, SliceRevision
from contracts.registry import Basis, HouseholdChanged, PayeeChanged
from contracts.verification import LineReviewed, ReviewGranted
from kit.auth import Actor, Role
from kit.testing import RoomHarness, Sent, citizen, official, only
from services.application.handlers import mandates_begin_and_end
from services.application.tests import golden
from services.application.tests.conftest import OTHER_TOWNSHIP, PROJECT, TOWNSHIP, roster, stated

BASE = "/api/application/v1"
MAKER = official(Role.TOWNSHIP_HANDLER, TOWNSHIP)
CHECKER = official(Role.TOWNSHIP_REVIEWER, TOWNSHIP)
COUNTY = official(Role.COUNTY_REVIEWER, "539901")
STOP = {"act": "stop", "reason": "no_contact", "last_period": "202305"}


def stated_in(sent: list[Sent]) -> list[Enrolment]:
    return [one for message in only(sent, EnrolmentsStated) for one in message.enrolments]


async def active(room: RoomHarness, *subjects: str) -> list[str]:
    """Application ids of people whose enrolments are 在享."""
    [answer] = only(await room.deliver(roster(*subjects)), OfflineRecorded)
    ids = [str(one.application_id) for one in answer.results]
    await room.deliver(stated("sl", 1, dict.fromkeys(ids, LineState.NORMAL)))
    pair = [SliceRevision(slice_id="sl", revision=1)]
    opened = SetOpened(
        set_id="set", batch_id="b1", project=PROJECT, period="202305", county="539901", slices=pair, lines=1
    )
    await room.deliver(opened)
    await room.deliver(
        SetSigned(set_id="set", node="department_review", root="r", signed_lines=1, approved_fen=1)
    )
    return ids


async def enrolment_of(room: RoomHarness, application_id: str) -> dict[str, Any]:
    async with room.room.tx() as tx:
        row = await tx.fetchrow("SELECT * FROM enrolment WHERE application_id = $1", application_id)
    assert row is not None
    return dict(row)


async def post(
    room: RoomHarness, actor: Actor, path: str, body: dict[str, Any] | None = None
) -> httpx.Response:
    async with room.client(actor) as client:
        return await client.post(BASE + path, json=body or {})


async def change(
    room: RoomHarness, application_id: str, body: dict[str, Any], checker: Actor = CHECKER
) -> httpx.Response:
    """Propose as the township's handler, approve as `checker`."""
    enrolment_id = (await enrolment_of(room, application_id))["enrolment_id"]
    made = await post(room, MAKER, f"/enrolments/{enrolment_id}/changes", body)
    assert made.status_code == 201, made.text
    return await post(room, checker, f"/enrolment-changes/{made.json()['change_id']}:approve")


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


def mandate(rev: int, payee: str, valid_from: str, valid_to: str | None = None, **more: Any) -> PayeeChanged:
    return PayeeChanged(
        subject_id="s1",
        payee_id=payee,
        basis=Basis.GUARDIAN,
        valid_from=valid_from,
        valid_to=valid_to,
        rev=rev,
        **more,
    )


async def test_a_mandate_holds_from_its_first_to_its_last_day(
    room: RoomHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    [one] = await active(room, "s1")
    own = (await enrolment_of(room, one))["payee_id"]
    async with room.room.tx() as tx:
        today = tx.today.isoformat()
    assert stated_in(await room.deliver(mandate(1, "later", "2999-01-01"))) == []
    [now] = stated_in(await room.deliver(mandate(2, "guardian", "2020-01-01", today)))
    assert (now.payee_id, now.state) == ("guardian", "active")
    [now] = stated_in(await room.deliver(mandate(1, "agent", "2020-01-01", project=PROJECT)))
    assert now.payee_id == "agent", "a project's own mandate goes before one for all"
    async with room.room.tx() as tx:
        await tx.execute("UPDATE mandate SET valid_to = '2020-02-01' WHERE payee_id IN ('agent', 'guardian')")
    [now] = stated_in(await room.work(mandates_begin_and_end))
    assert now.payee_id == own
    assert stated_in(await room.work(mandates_begin_and_end)) == []


async def test_only_an_authorised_payee_may_be_named(room: RoomHarness) -> None:
    [one] = await active(room, "s1")
    enrolment_id = (await enrolment_of(room, one))["enrolment_id"]
    asked = {"act": "change", "reason": "payee", "payee_id": "stranger"}
    answer = await post(room, MAKER, f"/enrolments/{enrolment_id}/changes", asked)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "payee-not-authorised")


async def test_a_household_is_paid_to_its_newest_head(room: RoomHarness) -> None:
    [one] = await active(room, "house")

    def headed(head: str, rev: int) -> HouseholdChanged:
        return HouseholdChanged(
            household_id="h", subject_id="house", head_id=head, member_ids=["a", "b"], change="head_changed",
            effective_on="2023-05-01", rev=rev,
        )  # fmt: skip

    [now] = stated_in(await room.deliver(headed("b", 2)))
    assert now.payee_id == "b"
    assert stated_in(await room.deliver(headed("a", 1))) == [], "an older statement that came late"
    assert (await enrolment_of(room, one))["payee_id"] == "b"


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

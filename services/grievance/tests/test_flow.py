"""An objection from registration to conclusion, and what batch is told."""

import asyncio

import httpx

from contracts.grievance import CaseChanged, ObjectionAccepted, ObjectionConcluded
from kit.testing import RoomHarness, only
from services.grievance.tests.conftest import (
    API,
    DESK,
    NEIGHBOUR,
    OTHER,
    SURVEY,
    SURVEYOR,
    filed,
    stated,
    step,
    surveyed,
)


async def test_an_upheld_objection_is_told_to_batch_at_once(room: RoomHarness) -> None:
    objection_id = await filed(room)
    assert not only(await room.emitted(), ObjectionAccepted), "a registered objection holds nothing"
    await step(room, objection_id, "accept")
    accepted = only(await room.emitted(), ObjectionAccepted)
    assert accepted == [ObjectionAccepted(objection_id=objection_id, slice_id="slice-1", line_id="line-1")]
    await step(room, objection_id, "survey", SURVEY, who=SURVEYOR)
    await step(room, objection_id, "conclude", {"upheld": True, "opinion": "属实"})
    [concluded] = only(await room.emitted(), ObjectionConcluded)
    assert (concluded.objection_id, concluded.slice_id, concluded.upheld) == (objection_id, "slice-1", True)


async def test_repeated_steps_change_and_emit_nothing(room: RoomHarness) -> None:
    objection_id = await surveyed(room)
    await step(room, objection_id, "conclude", {"upheld": False, "opinion": "不属实"})
    await room.emitted()
    again = await step(room, objection_id, "conclude", {"upheld": False, "opinion": "不属实"})
    assert again["state"] == "concluded"
    await step(room, objection_id, "conclude", {"upheld": True, "opinion": "属实"}, status=409)
    assert await room.emitted() == []


async def test_a_dismissal_waits_for_the_other_accepted_objection(room: RoomHarness) -> None:
    first, second = await surveyed(room, NEIGHBOUR), await surveyed(room, OTHER)
    await room.emitted()
    await step(room, first, "conclude", {"upheld": False, "opinion": "不属实"})
    told = await room.emitted()
    assert not only(told, ObjectionConcluded), "the second objection still holds the line"
    assert [one.state for one in only(told, CaseChanged)] == ["concluded"]
    await step(room, second, "conclude", {"upheld": False, "opinion": "不属实"})
    concluded = only(await room.emitted(), ObjectionConcluded)
    assert {one.objection_id for one in concluded} == {first, second}
    assert not any(one.upheld for one in concluded)


async def test_an_upheld_one_does_not_wait_and_the_waiting_dismissal_comes_after(room: RoomHarness) -> None:
    first, second = await surveyed(room, NEIGHBOUR), await surveyed(room, OTHER)
    await step(room, first, "conclude", {"upheld": False, "opinion": "不属实"})
    await room.emitted()
    await step(room, second, "conclude", {"upheld": True, "opinion": "属实"})
    concluded = only(await room.emitted(), ObjectionConcluded)
    assert [(one.objection_id, one.upheld) for one in concluded] == [(second, True), (first, False)]


async def test_a_registered_objection_keeps_no_dismissal_waiting(room: RoomHarness) -> None:
    first = await surveyed(room, NEIGHBOUR)
    await filed(room, OTHER)
    await room.emitted()
    await step(room, first, "conclude", {"upheld": False, "opinion": "不属实"})
    assert len(only(await room.emitted(), ObjectionConcluded)) == 1


async def test_two_conclusions_at_the_same_moment_free_the_line_exactly_once(room: RoomHarness) -> None:
    first, second = await surveyed(room, NEIGHBOUR), await surveyed(room, OTHER)
    await room.emitted()
    body = {"upheld": False, "opinion": "不属实"}
    await asyncio.gather(*(step(room, one, "conclude", body) for one in (first, second)))
    concluded = only(await room.emitted(), ObjectionConcluded)
    assert sorted(one.objection_id for one in concluded) == sorted([first, second])


async def test_a_refused_objection_holds_nothing_and_may_be_filed_anew(room: RoomHarness) -> None:
    objection_id = await filed(room)
    await step(room, objection_id, "refuse", {"reason": "与公示内容无关"})
    await step(room, objection_id, "accept", status=409)
    assert {type(one.message) for one in await room.emitted()} == {CaseChanged}
    async with room.client(NEIGHBOUR) as client:
        shown = (await client.get(f"{API}/objections/{objection_id}")).json()
    assert (shown["state"], shown["refusal"]) == ("refused", "与公示内容无关")
    assert await filed(room) != objection_id


async def test_steps_out_of_order_are_refused(room: RoomHarness) -> None:
    objection_id = await filed(room)
    await step(room, objection_id, "survey", SURVEY, status=409)
    await step(room, objection_id, "accept")
    await step(room, objection_id, "conclude", {"upheld": True, "opinion": "属实"}, status=409)


async def test_one_open_objection_per_person_and_line_also_by_a_double_click(room: RoomHarness) -> None:
    body = {"notice_id": "notice-1", "line_id": "line-2", "topic": "other", "text": "数量不对"}

    async def click() -> httpx.Response:
        async with room.client(NEIGHBOUR) as client:
            return await client.post(f"{API}/objections", json=body)

    answers = await asyncio.gather(click(), click())
    assert sorted(one.status_code for one in answers) == [201, 409]


async def test_a_line_nobody_stated_is_unknown(room: RoomHarness) -> None:
    body = {"notice_id": "notice-1", "line_id": "line-99", "topic": "other", "text": "？"}
    async with room.client(NEIGHBOUR) as client:
        assert (await client.post(f"{API}/objections", json=body)).status_code == 404


async def test_a_moved_line_is_known_in_its_new_slice_and_chunks_do_not_pile_up(room: RoomHarness) -> None:
    await room.deliver(stated("slice-2", rev=4))
    await room.deliver(stated("slice-1", revision=2, rev=3))  # a late older word
    objection_id = await filed(room)
    await step(room, objection_id, "accept")
    [accepted] = only(await room.emitted(), ObjectionAccepted)
    assert accepted.slice_id == "slice-2"
    async with room.room.tx() as tx:
        assert await tx.fetchval("SELECT count(*) FROM chunk") == 0


async def test_the_deadline_list_shows_late_ones_only(room: RoomHarness) -> None:
    late, fresh = await filed(room, line_id="line-1"), await filed(room, line_id="line-2")
    async with room.room.tx() as tx:
        await tx.execute("UPDATE case_file SET due_on = due_on - 30 WHERE case_id = $1", late)
    async with room.client(DESK) as client:
        page = (await client.get(f"{API}/objections", params={"overdue": True})).json()
        everything = (await client.get(f"{API}/objections")).json()
    assert [one["objection_id"] for one in page["items"]] == [late]
    assert [one["objection_id"] for one in everything["items"]] == [late, fresh]
    assert [one["overdue"] for one in everything["items"]] == [True, False]

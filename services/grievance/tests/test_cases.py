"""M47, M48, M54, M56, M64, M70: complaints, messages, replies, satisfaction, 回避, figures."""

from datetime import date, timedelta
from typing import Any

from contracts.grievance import CaseChanged, ObjectionAccepted, ObjectionConcluded
from kit.auth import Actor, Role
from kit.clock import CHINA, business_now
from kit.testing import RoomHarness, official, only
from kit.workdays import add_working_days
from services.grievance.tests.conftest import (
    API,
    COUNTY,
    DESK,
    DISCIPLINE,
    NEIGHBOUR,
    OTHER,
    SURVEY,
    SURVEYOR,
    TOWNSHIP,
    filed,
)

SERVICE = {"about": "service", "topic": "attitude", "text": "窗口推诿", "region": TOWNSHIP}
ON_LINE = {
    "about": "line",
    "topic": "not_entitled",
    "text": "他有车",
    "line_id": "line-1",
    "notice_id": "n-1",
}
MESSAGE = {"department": "civil_affairs", "topic": "policy", "region": COUNTY, "text": "我能申领吗？"}
SECOND_DESK = official(Role.COMPLAINTS_DESK, COUNTY, sub="complaints_desk.2@539901")
HANDLER = official(Role.COUNTY_HANDLER, COUNTY)
DISMISSED = {"upheld": False, "opinion": "不属实"}


def today() -> date:
    return business_now().astimezone(CHINA).date()


async def post(room: RoomHarness, path: str, body: object, who: Actor, status: int = 200) -> dict[str, Any]:
    """Do something and expect its status."""
    async with room.client(who) as client:
        answer = await client.post(f"{API}/{path}", json=body)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def get(room: RoomHarness, path: str, who: Actor | None, status: int = 200, **params: Any) -> Any:
    """Read something and expect its status."""
    async with room.client(who) as client:
        answer = await client.get(f"{API}/{path}", params=params)
    assert answer.status_code == status, answer.text
    return answer.json()


async def complain(room: RoomHarness, body: dict[str, Any], who: Actor = NEIGHBOUR) -> str:
    """A registered complaint; its id."""
    return str((await post(room, "complaints", body, who, 201))["case_id"])


async def concluded(room: RoomHarness, body: dict[str, Any], conclusion: object = DISMISSED) -> str:
    """An accepted, surveyed, concluded and replied complaint."""
    case_id = await complain(room, body)
    for name, words in (
        ("accept", None),
        ("survey", SURVEY),
        ("conclude", conclusion),
        ("reply", {"text": "已处理"}),
    ):
        await post(room, f"cases/{case_id}:{name}", words, DESK)
    return case_id


async def test_a_complaint_about_service_holds_nothing_and_tells_each_step(room: RoomHarness) -> None:
    case_id = await complain(room, SERVICE)
    [registered] = only(await room.emitted(), CaseChanged)
    assert (registered.kind, registered.matter, registered.township) == ("complaint", "attitude", TOWNSHIP)
    assert registered.due_on == add_working_days(today(), 3).isoformat()
    await post(room, f"cases/{case_id}:accept", None, DESK)
    await post(room, f"cases/{case_id}:conclude", {"upheld": True, "opinion": "属实"}, DESK)
    await post(room, f"cases/{case_id}:reply", {"text": "已批评教育"}, DESK)
    await post(room, f"cases/{case_id}:rate", {"satisfied": True}, NEIGHBOUR)
    sent = await room.emitted()
    assert not only(sent, ObjectionAccepted) and not only(sent, ObjectionConcluded)
    told = only(sent, CaseChanged)
    assert [one.state for one in told] == ["accepted", "concluded", "replied", "closed"]
    assert told[0].due_on == add_working_days(today(), 15).isoformat()
    assert [one.due_on is None for one in told] == [False, False, True, True]
    assert (told[-1].upheld, told[-1].satisfied) == (True, True)


async def test_a_complaint_that_names_a_line_holds_it_as_an_objection_does(room: RoomHarness) -> None:
    case_id = await complain(room, ON_LINE)
    assert not only(await room.emitted(), ObjectionAccepted)
    await post(room, f"cases/{case_id}:accept", None, DESK)
    [held] = only(await room.emitted(), ObjectionAccepted)
    assert held == ObjectionAccepted(objection_id=case_id, slice_id="slice-1", line_id="line-1")
    await post(room, f"cases/{case_id}:conclude", DISMISSED, DESK, 409)  # not surveyed
    await post(room, f"cases/{case_id}:survey", SURVEY, SURVEYOR)
    await post(room, f"cases/{case_id}:conclude", DISMISSED, DESK)
    [told] = only(await room.emitted(), ObjectionConcluded)
    assert (told.objection_id, told.upheld) == (case_id, False)


async def test_an_objection_and_a_complaint_against_one_line_wait_for_each_other(room: RoomHarness) -> None:
    case_id = await concluded(room, ON_LINE)
    await room.emitted()
    objection = await filed(room, OTHER)
    await post(room, f"objections/{objection}:accept", None, DESK)
    # Reopened, the complaint holds the line again under a new id.
    await post(
        room, f"cases/{case_id}:rate", {"satisfied": False, "reason": "没来人", "reopen": True}, NEIGHBOUR
    )
    accepted = only(await room.emitted(), ObjectionAccepted)
    assert [one.objection_id for one in accepted] == [objection, f"{case_id}-2"]
    await post(room, f"objections/{objection}:survey", SURVEY, DESK)
    await post(room, f"objections/{objection}:conclude", DISMISSED, DESK)
    assert not only(await room.emitted(), ObjectionConcluded), "the reopened complaint still holds the line"
    await post(room, f"cases/{case_id}:survey", SURVEY, DESK)
    await post(room, f"cases/{case_id}:conclude", DISMISSED, DESK)
    told = only(await room.emitted(), ObjectionConcluded)
    assert {one.objection_id for one in told} == {objection, f"{case_id}-2"}


async def test_reopened_once_then_it_ends(room: RoomHarness) -> None:
    case_id = await concluded(room, {**SERVICE, "about": "person"})
    await post(room, f"cases/{case_id}:rate", {"satisfied": False}, NEIGHBOUR, 422)
    shown = await post(
        room, f"cases/{case_id}:rate", {"satisfied": False, "reason": "没来人", "reopen": True}, NEIGHBOUR
    )
    assert (shown["state"], shown["due_on"]) == ("accepted", add_working_days(today(), 15).isoformat())
    for name, words in (("survey", SURVEY), ("conclude", DISMISSED), ("reply", {"text": "再次核实"})):
        await post(room, f"cases/{case_id}:{name}", words, DESK)
    again = {"satisfied": False, "reason": "仍不满意", "reopen": True}
    await post(room, f"cases/{case_id}:rate", again, NEIGHBOUR, 409)
    shown = await post(room, f"cases/{case_id}:rate", {**again, "reopen": False}, NEIGHBOUR)
    assert (shown["state"], shown["satisfied"]) == ("closed", False)
    record = (await get(room, f"cases/{case_id}", NEIGHBOUR))["record"]
    assert [one["step"] for one in record].count("concluded") == 2
    assert all(one["actor"] is None for one in record), "a citizen reads no officials' names"
    assert [one["words"] for one in record if one["step"] == "replied"] == ["已处理", "再次核实"]


async def test_only_the_complainant_rates_and_the_desk_waits_for_it(room: RoomHarness) -> None:
    case_id = await concluded(room, {**SERVICE, "about": "person"})
    await post(room, f"cases/{case_id}:rate", {"satisfied": True}, OTHER, 404)
    await post(room, f"cases/{case_id}:rate", {"satisfied": True}, DESK, 403)
    await post(room, f"cases/{case_id}:close", None, DESK, 409)
    async with room.room.tx() as tx:
        late = tx.now - timedelta(days=30)
        await tx.execute("UPDATE case_file SET replied_at = $2 WHERE case_id = $1", case_id, late)
    assert (await post(room, f"cases/{case_id}:close", None, DESK))["state"] == "closed"


async def test_a_message_is_answered_by_the_department_without_knowing_who_asked(room: RoomHarness) -> None:
    case_id = (await post(room, "messages", MESSAGE, NEIGHBOUR, 201))["case_id"]
    [told] = only(await room.emitted(), CaseChanged)
    assert (told.kind, told.due_on) == ("message", add_working_days(today(), 5).isoformat())
    shown = await get(room, f"cases/{case_id}", HANDLER)
    assert (shown["text"], shown["complainant"]) == ("我能申领吗？", None)
    await post(room, f"cases/{case_id}:accept", None, DESK, 409)
    await post(room, f"cases/{case_id}:reply", {"text": "可以"}, HANDLER)
    mine = (await get(room, "cases", NEIGHBOUR, kind="message"))["items"]
    assert [one["case_id"] for one in mine] == [case_id]
    assert (await get(room, f"cases/{case_id}", NEIGHBOUR))["reply"] == "可以"
    await get(room, f"cases/{case_id}", OTHER, 404)


async def test_a_departments_handler_sees_messages_alone(room: RoomHarness) -> None:
    case_id = await complain(room, SERVICE)
    await get(room, f"cases/{case_id}", HANDLER, 404)
    assert (await get(room, "cases", HANDLER))["items"] == []
    assert (await get(room, "cases", HANDLER, kind="complaint"))["items"] == []
    await post(room, f"cases/{case_id}:reply", {"text": "x"}, HANDLER, 404)


async def test_an_official_complained_about_neither_sees_nor_handles_it(room: RoomHarness) -> None:
    case_id = await complain(room, {**SERVICE, "respondent": DESK.sub})
    await get(room, f"cases/{case_id}", DESK, 404)
    assert (await get(room, "cases", DESK))["items"] == []
    for name, body in (("accept", None), ("assign", {"handler": DESK.sub}), ("recuse", {})):
        await post(room, f"cases/{case_id}:{name}", body, DESK, 404)
    assert (await get(room, f"cases/{case_id}", DISCIPLINE))["recused"] == {DESK.sub: "respondent"}
    await post(room, f"cases/{case_id}:assign", {"handler": DESK.sub}, DISCIPLINE, 409)
    await post(room, f"cases/{case_id}:assign", {"handler": SECOND_DESK.sub}, DISCIPLINE)
    assert (await post(room, f"cases/{case_id}:accept", None, SECOND_DESK))["state"] == "accepted"


async def test_who_is_related_recuses_and_somebody_else_takes_over(room: RoomHarness) -> None:
    case_id = await complain(room, SERVICE)
    await post(room, f"cases/{case_id}:assign", {"handler": DESK.sub}, DISCIPLINE)
    await post(room, f"cases/{case_id}:accept", None, SECOND_DESK, 403)
    await post(room, f"cases/{case_id}:recuse", {}, DESK)
    await post(room, f"cases/{case_id}:accept", None, DESK, 404)
    await post(room, f"cases/{case_id}:recuse", {"username": SURVEYOR.sub}, SECOND_DESK)
    await post(room, f"cases/{case_id}:accept", None, SECOND_DESK)
    await post(room, f"cases/{case_id}:survey", SURVEY, SURVEYOR, 404)
    shown = await get(room, f"cases/{case_id}", DISCIPLINE)
    assert shown["recused"] == {DESK.sub: "declared", SURVEYOR.sub: "related"} and shown["handler"] is None


async def test_a_surveyor_cannot_exclude_others(room: RoomHarness) -> None:
    case_id = await complain(room, SERVICE)
    await post(room, f"cases/{case_id}:recuse", {"username": DESK.sub}, SURVEYOR, 403)
    await post(room, f"cases/{case_id}:recuse", {}, SURVEYOR)


async def test_a_leader_follows_the_handling_and_learns_neither_person_nor_words(room: RoomHarness) -> None:
    leader = official(Role.LEADER, "5399")
    case_id = await concluded(room, {**SERVICE, "about": "person"})
    shown = await get(room, f"cases/{case_id}", leader)
    assert (shown["complainant"], shown["text"], shown["survey"]) == (None, None, None)
    assert (shown["opinion"], shown["reply"], shown["state_label"]) == ("不属实", "已处理", "已答复")
    assert all(one["words"] is None for one in shown["record"])
    assert [one["case_id"] for one in (await get(room, "cases", leader))["items"]] == [case_id]
    await post(room, f"cases/{case_id}:close", None, leader, 403)
    about = await complain(room, {**SERVICE, "respondent": leader.sub})
    await get(room, f"cases/{about}", leader, 404)


async def test_an_anonymous_complainant_is_shown_to_nobody_and_still_finds_their_case(
    room: RoomHarness,
) -> None:
    case_id = await complain(room, {**SERVICE, "anonymous": True})
    for who in (DESK, DISCIPLINE):
        assert (await get(room, f"cases/{case_id}", who))["complainant"] is None
        record = (await get(room, f"cases/{case_id}", who))["record"]
        assert [one["actor"] for one in record] == ["complainant"]
    assert (await get(room, f"cases/{case_id}", NEIGHBOUR))["text"] == "窗口推诿"
    named = await complain(room, SERVICE)
    assert (await get(room, f"cases/{named}", DESK))["complainant"] == "subject-neighbour"


async def test_what_is_not_concluded_in_thirty_working_days_goes_up(room: RoomHarness) -> None:
    late, fresh = await complain(room, SERVICE), await complain(room, SERVICE)
    async with room.room.tx() as tx:
        await tx.execute(
            "UPDATE case_file SET escalates_on = $2 WHERE case_id = $1", late, today() - timedelta(1)
        )
        assert await tx.fetchval(
            "SELECT escalates_on FROM case_file WHERE case_id = $1", fresh
        ) == add_working_days(today(), 30)
    page = await get(room, "cases", DISCIPLINE, escalated=True)
    assert [(one["case_id"], one["escalated"]) for one in page["items"]] == [(late, True)]


async def test_figures_agree_with_the_cases(room: RoomHarness) -> None:
    await complain(room, SERVICE)
    case_id = await concluded(room, {**SERVICE, "about": "person", "public": True})
    await post(room, f"cases/{case_id}:rate", {"satisfied": False, "reason": "慢"}, NEIGHBOUR)
    await post(room, "messages", MESSAGE, OTHER, 201)
    rows = {(one["kind"], one["topic"]): one for one in await get(room, "statistics", DISCIPLINE)}
    attitude = rows[("complaint", "attitude")]
    assert (attitude["cases"], attitude["waiting"], attitude["closed"], attitude["dismissed"]) == (2, 1, 1, 1)
    assert (attitude["satisfaction"], rows[("message", "policy")]["waiting"]) == (0.0, 1)
    assert sum(one["cases"] for one in rows.values()) == len((await get(room, "cases", DESK))["items"]) == 3
    assert await get(room, "statistics", DISCIPLINE, last="2001-01-01") == []
    [shown] = (await get(room, "public/cases", None, county=COUNTY))["items"]
    assert (shown["case_id"], shown["state_label"], shown["upheld"]) == (case_id, "已办结", False)
    assert not {"text", "opinion", "complainant", "line_id"} & set(shown)


async def test_others_projects_are_hidden_from_a_desk_that_has_no_part_in_them(room: RoomHarness) -> None:
    case_id = await complain(room, {**SERVICE, "about": "project", "project": "20779"})
    narrow = official(Role.COMPLAINTS_DESK, COUNTY, sub="narrow", projects=frozenset({"11810"}))
    await get(room, f"cases/{case_id}", narrow, 404)
    await post(room, f"cases/{case_id}:accept", None, narrow, 404)
    assert (await get(room, "cases", narrow))["items"] == []

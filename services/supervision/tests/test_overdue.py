"""M65: overdue items by place, project and node; counts agree with the list; 督办 and its handling."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from contracts.grievance import CaseChanged
from contracts.supervision import OrderAnswered, OrderIssued
from kit.auth import Role
from kit.clock import business_now
from kit.testing import RoomHarness, citizen, official, only
from kit.workdays import working_days_between
from services.supervision.domain.overdue import CHINA, days_late, end_of
from services.supervision.tests.conftest import (
    AHEAD,
    COUNTY,
    DISCIPLINE,
    ELSEWHERE,
    HANDLER,
    LEADER,
    LONG_AGO,
    OTHER_COUNTY,
    OTHER_TOWNSHIP,
    REVIEWER,
    TOWNSHIP,
    closed,
    get,
    post,
    work_item,
)


def case(state: str, due_on: str | None, kind: str = "complaint", project: str | None = None) -> CaseChanged:
    return CaseChanged(
        case_id="case-1", kind=kind, matter="service", project=project, county=COUNTY, township=TOWNSHIP,
        state=state, due_on=due_on,
    )  # fmt: skip


async def filled(room: RoomHarness) -> None:
    """Five late items in three places and two projects, one that is in time, one that is done, one complaint."""
    await room.deliver(
        work_item(1),
        work_item(2, node="township_review", role="township_reviewer"),
        work_item(3, region=OTHER_TOWNSHIP, project="20779"),
        work_item(4, region=COUNTY, node="county_submit", role="county_handler"),
        work_item(5, region=f"{OTHER_COUNTY}101"),
        work_item(6, due=AHEAD),
        work_item(7),
        closed(7),
        case("registered", "2023-05-08"),
    )
    await room.emitted()


async def test_the_tree_and_the_list_and_the_figures_agree(room: RoomHarness) -> None:
    await filled(room)
    tree, page = await get(room, "overdue/counts"), await get(room, "overdue")
    figures = {one["county"]: one for one in await get(room, "figures")}
    listed = [one["item_id"] for one in page["items"]]
    assert sorted(listed) == ["case-1", "item-1", "item-2", "item-3", "item-4", "item-5"]
    assert tree["items"] == len(listed) == sum(one["items"] for one in tree["counties"])
    for county in tree["counties"]:
        assert county["items"] == sum(one["items"] for one in county["townships"])
        assert county["items"] == figures[county["county"]]["overdue"]
        assert county["projects_affected"] == figures[county["county"]]["projects_affected"]
        for township in county["townships"]:
            assert township["items"] == sum(one["items"] for one in township["projects"])
            for project in township["projects"]:
                assert project["items"] == sum(one["items"] for one in project["nodes"])
    home = next(one for one in tree["counties"] if one["county"] == COUNTY)
    assert (home["items"], home["projects_affected"]) == (5, 2)
    places = {one["township"]: one["items"] for one in home["townships"]}
    assert places == {"county": 1, TOWNSHIP: 3, OTHER_TOWNSHIP: 1}


async def test_an_item_says_where_since_when_and_how_many_working_days(room: RoomHarness) -> None:
    await room.deliver(work_item(1))
    [one] = (await get(room, "overdue"))["items"]
    today = business_now().astimezone(CHINA).date()
    assert one["node_name"] == "乡镇确认" and one["role_label"] == "乡镇经办"
    assert one["project_name"] == "经济困难老年人服务补贴"
    assert datetime.fromisoformat(one["overdue_since"]) == LONG_AGO
    assert one["overdue_days"] == working_days_between(LONG_AGO.date(), today) > 100


def test_days_late_are_working_days_of_chinas_calendar() -> None:
    due = datetime(2023, 4, 28, 9, 30, tzinfo=UTC)  # Friday; 29 April to 3 May free, Saturday 6 May worked
    assert days_late(due, due.date(), working_days_between) == 0
    assert days_late(due, datetime(2023, 5, 4).date(), working_days_between) == 1
    assert days_late(due, datetime(2023, 5, 6).date(), working_days_between) == 3
    # 18:00 UTC is the next day in China.
    assert (
        days_late(datetime(2023, 5, 4, 18, tzinfo=UTC), datetime(2023, 5, 5).date(), working_days_between)
        == 0
    )


def test_who_acts_on_the_last_day_is_in_time() -> None:
    assert end_of("2023-05-08") > datetime(2023, 5, 8, 15, 59, 59, tzinfo=UTC)
    assert end_of("2023-05-08") < datetime(2023, 5, 8, 16, 0, 1, tzinfo=UTC)


async def test_time_alone_makes_an_item_late(room: RoomHarness) -> None:
    soon = business_now() + timedelta(milliseconds=200)
    await room.deliver(work_item(1, due=soon))
    if business_now() < soon:
        assert (await get(room, "overdue"))["items"] == []
    await asyncio.sleep(0.25)
    assert len((await get(room, "overdue"))["items"]) == 1


async def test_pages_go_on_where_they_ended(room: RoomHarness) -> None:
    await filled(room)
    seen: list[str] = []
    after = ""
    while True:
        page = await get(room, "overdue", limit=2, after=after)
        seen += [one["item_id"] for one in page["items"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert len(seen) == len(set(seen)) == 6


async def test_each_reads_their_region_and_projects(room: RoomHarness) -> None:
    await filled(room)
    assert [one["item_id"] for one in (await get(room, "overdue", ELSEWHERE))["items"]] == ["item-5"]
    narrow = official(Role.COUNTY_REVIEWER, COUNTY, projects=frozenset({"20779"}))
    seen = {one["item_id"] for one in (await get(room, "overdue", narrow))["items"]}
    assert seen == {"item-3", "case-1"}, "the other project is hidden; a complaint names none"
    for who in (HANDLER, citizen("subject-1"), official(Role.OPERATOR, "5399")):
        await get(room, "overdue", who, status=403)


async def test_one_key_goes_to_whoever_may_act_and_ends_with_the_item(room: RoomHarness) -> None:
    await room.deliver(work_item(1))
    order = await post(room, "overdue/item-1:urge", {"note": "请尽快办理"}, LEADER)
    [issued] = only(await room.emitted(), OrderIssued)
    assert (issued.business_key, issued.named, issued.actor) == ("slice-1", None, LEADER.sub)
    again = await post(room, "overdue/item-1:urge", {}, LEADER)
    assert again["order_id"] == order["order_id"] and await room.emitted() == []
    [mine] = (await get(room, "orders", HANDLER))["items"]
    assert mine["order_id"] == order["order_id"]
    assert (await get(room, f"orders/{order['order_id']}", HANDLER))["note"] == "请尽快办理"
    await post(room, f"orders/{order['order_id']}:answer", {"text": "今日办结"}, HANDLER, 200)
    [answered] = only(await room.emitted(), OrderAnswered)
    assert (answered.state, answered.actor) == ("answered", HANDLER.sub)
    [done] = only(await room.deliver(closed(1)), OrderAnswered)
    assert (done.state, done.actor) == ("done", "township_handler@539901101")
    shown = await get(room, f"orders/{order['order_id']}", LEADER)
    assert (shown["state_label"], shown["answer"]) == ("已办结", "今日办结")
    await post(room, f"orders/{order['order_id']}:answer", {"text": "晚了"}, HANDLER, 409)


async def test_a_named_official_alone_may_answer(room: RoomHarness) -> None:
    await room.deliver(work_item(1))
    named = official(Role.TOWNSHIP_HANDLER, TOWNSHIP, sub="township_handler.2@539901101")
    order = await post(room, "overdue/item-1:urge", {"named": named.sub}, REVIEWER)
    assert (await get(room, "orders", HANDLER))["items"] == []
    await get(room, f"orders/{order['order_id']}", HANDLER, status=404)
    await post(room, f"orders/{order['order_id']}:answer", {"text": "好"}, HANDLER, 404)
    await post(room, f"orders/{order['order_id']}:answer", {"text": "代答"}, DISCIPLINE, 403)
    assert len((await get(room, "orders", named))["items"]) == 1
    await post(room, f"orders/{order['order_id']}:answer", {"text": "正在办理"}, named, 200)
    # A second addressee is a second order.
    await post(room, "overdue/item-1:urge", {}, REVIEWER)
    assert len((await get(room, "orders", REVIEWER, item_id="item-1"))["items"]) == 2


async def test_a_whole_region_at_once_and_only_once(room: RoomHarness) -> None:
    await filled(room)
    first = await post(room, "overdue:urge", {"region": COUNTY, "project": "11810"}, REVIEWER)
    assert first == {"orders": 3, "more": False}
    issued = only(await room.emitted(), OrderIssued)
    assert sorted(one.subject_ref for one in issued) == ["item-1", "item-2", "item-4"]
    again = await post(room, "overdue:urge", {"region": COUNTY, "project": "11810"}, REVIEWER)
    assert again["orders"] == 0
    assert {one["orders_open"] for one in await get(room, "figures", REVIEWER)} == {3}


@pytest.mark.parametrize("who", [HANDLER, official(Role.FINANCE_REVIEWER, COUNTY), citizen("subject-1")])
async def test_who_may_not_urge(room: RoomHarness, who: object) -> None:
    await room.deliver(work_item(1))
    await post(room, "overdue/item-1:urge", {}, who, 403)  # type: ignore[arg-type]  # parametrized actors
    await post(room, "overdue:urge", {"region": TOWNSHIP}, who, 403)  # type: ignore[arg-type]  # the same


async def test_neither_another_county_nor_what_is_in_time_is_urged(room: RoomHarness) -> None:
    await room.deliver(work_item(1), work_item(2, due=AHEAD), work_item(3), closed(3))
    await post(room, "overdue/item-1:urge", {}, ELSEWHERE, 404)
    await post(room, "overdue:urge", {"region": TOWNSHIP}, ELSEWHERE, 404)
    for number in (2, 3):
        await post(room, f"overdue/item-{number}:urge", {}, REVIEWER, 409)
    await post(room, "overdue/item-99:urge", {}, REVIEWER, 404)


async def test_a_complaint_waits_step_by_step_and_its_order_ends_with_the_step(room: RoomHarness) -> None:
    await room.deliver(case("registered", "2023-05-08"))
    [late] = (await get(room, "overdue"))["items"]
    assert late["node_name"] == "投诉·待受理" and late["escalated"] is True
    order = await post(room, "overdue/case-1:urge", {})
    desk = official(Role.COMPLAINTS_DESK, COUNTY)
    assert [one["order_id"] for one in (await get(room, "orders", desk))["items"]] == [order["order_id"]]
    await room.deliver(case("accepted", "2099-01-05"))
    assert (await get(room, f"orders/{order['order_id']}"))["state"] == "done"
    assert (await get(room, "overdue"))["items"] == []
    await room.deliver(case("closed", None))
    [figures] = await get(room, "figures") or [{"cases_open": 0}]
    assert figures["cases_open"] == 0
    way = (await get(room, "timelines/cases/case-1"))["steps"]
    assert [(one["node"], one["what"]) for one in way] == [
        ("投诉", "待受理"), ("投诉", "待查实"), ("投诉", "已办结"),
    ]  # fmt: skip


async def test_notes_and_answers_are_sealed(room: RoomHarness) -> None:
    await room.deliver(work_item(1))
    order = await post(room, "overdue/item-1:urge", {"note": "陶砚秋反映"}, LEADER)
    await post(room, f"orders/{order['order_id']}:answer", {"text": "已联系陶砚秋"}, HANDLER, 200)
    async with room.room.tx() as tx:
        dump = await tx.fetchval("SELECT string_agg(t::text, '') FROM urge_order AS t")
        dump += await tx.fetchval("SELECT string_agg(convert_from(body, 'UTF8'), '') FROM outbox")
    assert order["order_id"] in dump
    assert "陶砚秋" not in dump and "陶砚秋".encode().hex() not in dump

"""From the command to its answer, for one slice and for a set."""

import httpx
import pytest

from contracts.orchestrator import ProjectDeployed
from contracts.publicity import NoticeConfirmed, NoticePublished, SetNoticesClosed
from kit.auth import Role
from kit.errors import Problem
from kit.testing import RoomHarness, official, only
from services.publicity.handlers import workers
from services.publicity.tests.conftest import (
    COUNTY_HANDLER,
    OTHER_TOWNSHIP,
    START,
    FakeRegistry,
    days,
    line,
    on_day,
    stated,
)
from services.publicity.tests.desk import Clerk, publish_set, publish_slice

LINES = [line(number) for number in range(1, 6)]


async def test_a_confirmed_notice_answers_its_command_once(room: RoomHarness) -> None:
    clerk = Clerk(room)
    await room.deliver(*stated(LINES))
    assert await room.deliver(publish_slice(), id="command-1") == [], "a person confirms, not the clock"
    notice_id = await clerk.notice()
    await clerk.confirmed(notice_id)
    hung, sent = await room.emitted()
    assert hung.message == NoticePublished(
        slice_id="slice-1", notice_id=notice_id, project="11810", township="539901101", round=1,
        first_day="2023-05-08", last_day="2023-05-15", lines=5,
    )  # fmt: skip
    assert sent.cause == "command-1"
    assert sent.message == NoticeConfirmed(
        slice_id="slice-1", notice_id=notice_id, round=1, published_lines=5
    )
    await clerk.do("POST", f"/notices/{notice_id}:confirm")
    assert await room.emitted() == []


async def test_the_command_waits_for_its_lines(room: RoomHarness) -> None:
    await room.deliver(publish_slice())
    page = await Clerk(room).do("GET", "/notices")
    assert page["items"] == []
    await room.deliver(*stated(LINES))
    assert await Clerk(room).notice(state="to_generate")


async def test_the_tabs_follow_the_states(room: RoomHarness) -> None:
    clerk = Clerk(room)
    await room.deliver(*stated(LINES), publish_slice())
    notice_id = await clerk.notice()

    async def tab() -> str:
        tabs = (await clerk.do("GET", "/notices"))["tabs"]
        [one] = [one["label"] for one in tabs if one["count"]]
        return str(one)

    assert await tab() == "待生成"
    await clerk.generate(notice_id)
    assert await tab() == "待发布"
    await clerk.fill_in(notice_id)
    await clerk.do("POST", f"/notices/{notice_id}:publish")
    assert await tab() == "已发布"
    on_day(days(7))
    await room.work(workers.end_due)
    assert await tab() == "已发布", "the last day still belongs to the notice"
    on_day(days(8))
    await room.work(workers.end_due)
    assert await tab() == "公示结束"
    assert await room.emitted() == [], "the timer only reminds (M58)"


async def test_confirming_needs_the_end_and_the_photos(room: RoomHarness) -> None:
    clerk = Clerk(room)
    await room.deliver(*stated(LINES), publish_slice())
    notice_id = await clerk.notice()
    await clerk.do("POST", f"/notices/{notice_id}:confirm", 409)
    await clerk.published(notice_id)
    on_day(days(7))
    refused = await clerk.do("POST", f"/notices/{notice_id}:confirm", 409)
    assert refused["type"].endswith("not-ended")
    on_day(days(8))
    await clerk.photo(notice_id, "start", START)
    refused = await clerk.do("POST", f"/notices/{notice_id}:confirm", 409)
    assert (refused["type"].rpartition(":")[2], refused["missing"]) == ("photos-missing", ["end"])
    await clerk.photo(notice_id, "end", days(7))
    await clerk.do("POST", f"/notices/{notice_id}:confirm")


async def test_an_online_notice_needs_no_photo(room: RoomHarness) -> None:
    clerk = Clerk(room)
    await room.deliver(*stated(LINES), publish_slice())
    notice_id = await clerk.notice()
    await clerk.generate(notice_id)
    await clerk.fill_in(notice_id, medium="online", place=None)
    await clerk.do("POST", f"/notices/{notice_id}:publish")
    on_day(days(8))
    await clerk.do("POST", f"/notices/{notice_id}:confirm")


async def test_the_manifest_sets_the_days(room: RoomHarness) -> None:
    clerk = Clerk(room)
    manifest = {"name": "老年人服务补贴", "publicity": {"days": 5, "kind_of_days": "working"}}
    deployed = ProjectDeployed(project="11810", version="v1", manifest=manifest, rules={}, form_schema={})
    await room.deliver(deployed, *stated(LINES), publish_slice())
    notice_id = await clerk.notice()
    refused = await clerk.fill_in(notice_id, end=days(6), status=422)
    assert (refused["earliest_end"], refused["kind_of_days"]) == (str(days(7)), "working")
    filled = await clerk.fill_in(notice_id, end=days(7))
    assert filled["title"] == "老年人服务补贴2023年5月发放对象公示（第1次）"


async def test_a_notice_cannot_begin_before_it_is_published(room: RoomHarness) -> None:
    clerk = Clerk(room)
    await room.deliver(*stated(LINES), publish_slice())
    notice_id = await clerk.notice()
    await clerk.do("POST", f"/notices/{notice_id}:publish", 409)
    await clerk.generate(notice_id)
    await clerk.do("POST", f"/notices/{notice_id}:publish", 409)
    await clerk.fill_in(notice_id)
    on_day(days(1))
    refused = await clerk.do("POST", f"/notices/{notice_id}:publish", 409)
    assert refused["type"].endswith("start-passed")
    await clerk.fill_in(notice_id, place=None, status=422)


async def test_a_set_is_answered_once_when_its_last_notice_is_confirmed(room: RoomHarness) -> None:
    clerk = Clerk(room)
    await room.deliver(*stated(LINES, "slice-1"), *stated(LINES[:2], "slice-2"))
    await room.deliver(publish_set("slice-1", "slice-2"), id="command-2")
    await clerk.confirmed(await clerk.notice(slice_id="slice-1"))
    assert not only(await room.emitted(), SetNoticesClosed)
    await clerk.confirmed(await clerk.notice(slice_id="slice-2"))
    _, sent = await room.emitted()
    assert sent.cause == "command-2"
    assert sent.message == SetNoticesClosed(
        set_id="set-1", round=2, published_lines=7, unconfirmed=[], unconfirmed_count=0
    )
    await Clerk(room, COUNTY_HANDLER).do("POST", "/sets/set-1/notices:close", 409)
    assert await room.emitted() == []


async def test_the_county_closes_a_round_over_a_silent_township(room: RoomHarness) -> None:
    clerk, county = Clerk(room), Clerk(room, COUNTY_HANDLER)
    await room.deliver(*stated(LINES, "slice-1"), *stated(LINES, "slice-2", township=OTHER_TOWNSHIP))
    await room.deliver(publish_set("slice-1", "slice-2"), id="command-3")
    await clerk.confirmed(await clerk.notice())
    await clerk.do("POST", "/sets/set-1/notices:close", 403)
    await county.do("POST", "/sets/set-9/notices:close", 404)
    silent = await county.notice(slice_id="slice-2")
    closed = await county.do("POST", "/sets/set-1/notices:close")
    assert closed["unconfirmed"] == ["slice-2"]
    [sent] = only(await room.emitted(), SetNoticesClosed)
    assert (sent.published_lines, sent.unconfirmed, sent.unconfirmed_count) == (5, ["slice-2"], 1)
    await county.do("POST", "/sets/set-1/notices:close", 409)
    assert (await county.do("GET", f"/notices/{silent}"))["state"] == "closed"
    # The same set may come again after a return: a round of its own.
    await room.deliver(publish_set("slice-1"), id="command-4")
    assert len((await county.do("GET", "/notices", params={"set_id": "set-1"}))["items"]) == 3


async def test_an_empty_set_is_answered_at_once(room: RoomHarness) -> None:
    [sent] = await room.deliver(publish_set(), id="command-5")
    assert (sent.cause, sent.message.key) == ("command-5", "set-1")


async def test_an_outage_of_the_registry_only_delays(room: RoomHarness, registry: FakeRegistry) -> None:
    clerk = Clerk(room)
    await room.deliver(*stated(LINES), publish_slice())
    notice_id = await clerk.notice()
    await clerk.do("POST", f"/notices/{notice_id}:generate", 202)
    registry.down = True
    with pytest.raises(Problem, match="503 unavailable"):
        await room.work(workers.generate)
    assert (await clerk.do("GET", f"/notices/{notice_id}"))["state"] == "to_generate"
    registry.down = False
    await room.work(workers.generate)
    detail = await clerk.do("GET", f"/notices/{notice_id}")
    assert (detail["state"], detail["lines"], detail["generating"]) == ("to_publish", 5, False)


async def test_only_the_township_itself_acts_and_sees(room: RoomHarness) -> None:
    await room.deliver(*stated(LINES), publish_slice())
    notice_id = await Clerk(room).notice()
    for stranger in (
        official(Role.TOWNSHIP_HANDLER, OTHER_TOWNSHIP),
        official(Role.TOWNSHIP_HANDLER, "539901101", projects=frozenset({"20779"})),
    ):
        other = Clerk(room, stranger)
        assert (await other.do("GET", "/notices"))["items"] == []
        await other.do("GET", f"/notices/{notice_id}", 404)
        await other.do("POST", f"/notices/{notice_id}:generate", 404)
    reviewer = Clerk(room, official(Role.TOWNSHIP_REVIEWER, "539901101"))
    await reviewer.do("POST", f"/notices/{notice_id}:generate", 403)
    async with room.client() as client:
        answer: httpx.Response = await client.get("/api/publicity/v1/notices")
    assert answer.status_code == 401

"""Notices of new and changed lines alone, terms pinned by version, areas with their unit, reminders (M58)."""

from typing import Any

from contracts.batch import Line, LineHeld
from contracts.orchestrator import ProjectDeployed
from contracts.publicity import NoticeConfirmed, PublishSet, PublishSlice, SetNoticesClosed
from kit.auth import Role
from kit.testing import RoomHarness, official, only
from services.publicity.tests.conftest import (
    API,
    COUNTY,
    HANDLER,
    START,
    TOWNSHIP,
    VILLAGES,
    days,
    line,
    on_day,
    stated,
)
from services.publicity.tests.desk import Clerk, publish_set, publish_slice
from services.publicity.tests.test_sheets import _cells

CHANGED = {"scope": "changed"}


def slice_(slice_id: str, *, revision: int = 3, **more: Any) -> PublishSlice:
    return publish_slice(slice_id, revision=revision).model_copy(update={**CHANGED, **more})


def set_(*slice_ids: str, **more: Any) -> PublishSet:
    return publish_set(*slice_ids).model_copy(update={**CHANGED, **more})


def deployed(version: str = "v1", project: str = "11810", **manifest: Any) -> ProjectDeployed:
    return ProjectDeployed(
        project=project, version=version, manifest={"name": "补贴", **manifest}, rules={}, form_schema={}
    )


def moved(number: int, **more: Any) -> Line:
    """A line as its supplement or correction states it again."""
    return line(number, rev=2).model_copy(update=more)


async def shown(room: RoomHarness, notice_id: str) -> set[str]:
    async with room.client() as client:
        answer = await client.get(f"{API}/public/notices/{notice_id}/rows")
    return {one["line_id"] for one in answer.json()["items"]}


async def test_a_correction_publishes_only_what_is_new_or_reads_otherwise(room: RoomHarness) -> None:
    clerk = Clerk(room)
    await room.deliver(*stated([line(1), line(2), line(3)]), publish_slice())
    await clerk.confirmed(await clerk.notice())
    await room.emitted()
    again = [moved(1), moved(2, village=VILLAGES[1]), moved(3, quantity="2"), line(4)]
    await room.deliver(*stated(again, "slice-2"), slice_("slice-2"))
    notice_id = await clerk.notice(slice_id="slice-2")
    await clerk.published(notice_id)
    assert await shown(room, notice_id) == {"line-000002", "line-000003", "line-000004"}
    detail = await clerk.do("GET", f"/notices/{notice_id}")
    assert (detail["scope"], detail["lines"], detail["withdrawn"]) == ("changed", 3, 0)


async def test_with_none_left_the_answer_comes_at_once_and_names_the_evidence(room: RoomHarness) -> None:
    clerk = Clerk(room)
    await room.deliver(*stated([line(1), line(2)]), publish_slice())
    first = await clerk.notice()
    await clerk.confirmed(first)
    await room.emitted()
    [sent] = await room.deliver(*stated([moved(1)], "slice-2"), slice_("slice-2"), id=None)
    assert sent.message == NoticeConfirmed(slice_id="slice-2", notice_id=first, round=1, published_lines=0)
    assert (await clerk.do("GET", "/notices", params={"slice_id": "slice-2"}))["items"] == []
    # No line at all is nothing to show, either.
    [sent] = await room.deliver(*stated([], "slice-3"), slice_("slice-3"))
    assert sent.message == NoticeConfirmed(slice_id="slice-3", notice_id="", round=1, published_lines=0)


async def test_scope_all_shows_everything_again(room: RoomHarness) -> None:
    clerk = Clerk(room)
    await room.deliver(*stated([line(1)]), publish_slice())
    await clerk.confirmed(await clerk.notice())
    await room.deliver(*stated([moved(1)], "slice-2"), publish_slice("slice-2"))
    notice_id = await clerk.notice(slice_id="slice-2")
    await clerk.generate(notice_id)
    assert (await clerk.do("GET", f"/notices/{notice_id}"))["lines"] == 1


async def test_neither_an_unconfirmed_notice_nor_another_round_counts_as_shown(room: RoomHarness) -> None:
    clerk = Clerk(room)
    await room.deliver(*stated([line(1)]), publish_slice())
    await clerk.published(await clerk.notice())
    assert await room.deliver(slice_("slice-1"), id="again") or True
    [one] = [
        one for one in (await clerk.do("GET", "/notices"))["items"] if one["scope"] == "changed"
    ]  # a notice of its own, since the first is not confirmed
    await clerk.confirmed(one["notice_id"])
    await room.emitted()
    sent = await room.deliver(set_("slice-1"))
    assert only(sent, SetNoticesClosed) == [], "round 2 shows amounts, which nobody has seen"


async def test_a_set_shows_new_amounts_alone_and_answers_at_once_when_there_are_none(
    room: RoomHarness,
) -> None:
    clerk = Clerk(room)
    await room.deliver(*stated([line(1), line(2)], "slice-1"), *stated([line(5)], "slice-2"))
    await room.deliver(set_("slice-1", "slice-2"), id="first")
    for part in ("slice-1", "slice-2"):
        await clerk.confirmed(await clerk.notice(slice_id=part))
    await room.emitted()
    [sent] = await room.deliver(set_("slice-1", "slice-2"), id="same")
    assert sent.message == SetNoticesClosed(
        set_id="set-1", round=2, published_lines=0, unconfirmed=[], unconfirmed_count=0
    )
    await room.deliver(*stated([moved(1, amount_fen=6000), moved(2)], "slice-1", revision=4))
    priced = set_("slice-1", "slice-2")
    parts = [
        one.model_copy(update={"revision": 4 if one.slice_id == "slice-1" else 3}) for one in priced.slices
    ]
    assert await room.deliver(priced.model_copy(update={"slices": parts}), id="priced") == []
    [fresh] = [one for one in (await clerk.do("GET", "/notices"))["items"] if one["state"] == "to_generate"]
    await clerk.confirmed(fresh["notice_id"])
    [closed] = only(await room.emitted(), SetNoticesClosed)
    assert (closed.published_lines, closed.unconfirmed) == (1, [])


async def test_the_last_words_count_not_any_former_ones(room: RoomHarness) -> None:
    clerk = Clerk(room)
    for number, fen in enumerate((5000, 6000, 5000)):
        on_day(START)
        slice_id = f"slice-{number}"
        await room.deliver(
            *stated([moved(1, amount_fen=fen, rev=number + 1)], slice_id), set_(slice_id), id=f"c{number}"
        )
        notice_id = await clerk.notice(slice_id=slice_id)
        await clerk.confirmed(notice_id)
        async with room.room.tx() as tx:  # one after the other, though the clock of the test goes back
            await tx.execute(
                "UPDATE notice SET confirmed_at = confirmed_at + make_interval(days => $2) WHERE notice_id = $1",
                notice_id,
                number,
            )
    assert len((await clerk.do("GET", "/notices"))["items"]) == 3


async def test_across_periods_a_manifest_leaves_out_who_stands_there_as_before(room: RoomHarness) -> None:
    clerk = Clerk(room)
    await room.deliver(deployed(publicity={"days": 7, "scope": "changed"}))
    await room.deliver(*stated([line(1), line(2), line(3)]), publish_slice())
    first = await clerk.notice()
    await clerk.confirmed(first)
    await room.emitted()

    def june(number: int, **more: Any) -> Line:
        return moved(number, line_id=f"june-{number}", entitlement_period="202306", **more)

    rows = [
        june(1), june(2, quantity="3"), june(4),
        june(3, kind="back_pay"), june(9, kind="deduction", amount_fen=-500),
    ]  # fmt: skip
    await room.deliver(*stated(rows, "slice-2"), publish_slice("slice-2"))
    notice_id = await clerk.notice(slice_id="slice-2")
    await clerk.published(notice_id)
    assert await shown(room, notice_id) == {"june-2", "june-4", "june-3"}, "back pay always, deductions never"
    await room.emitted()
    [sent] = await room.deliver(*stated([june(1)], "slice-3"), publish_slice("slice-3"))
    assert only([sent], NoticeConfirmed)[0].notice_id == first


async def test_another_projects_manifest_does_not_look_across_periods(room: RoomHarness) -> None:
    clerk = Clerk(room)
    await room.deliver(deployed(publicity={"days": 7, "scope": "all"}))
    await room.deliver(*stated([line(1)]), publish_slice())
    await clerk.confirmed(await clerk.notice())
    await room.emitted()
    again = moved(1, line_id="june-1", entitlement_period="202306")
    assert await room.deliver(*stated([again], "slice-2"), publish_slice("slice-2")) == []
    assert await clerk.notice(slice_id="slice-2")


async def test_what_was_withdrawn_meanwhile_keeps_its_evidence(room: RoomHarness) -> None:
    clerk = Clerk(room)
    await room.deliver(*stated([line(1), line(2)]), publish_slice())
    first = await clerk.notice()
    await clerk.published(first)
    await room.deliver(LineHeld(slice_id="slice-1", line_id="line-000001", rev=2, reason="objection"))
    on_day(days(8))
    await clerk.photo(first, "start", START)
    await clerk.photo(first, "end", days(7))
    await clerk.do("POST", f"/notices/{first}:confirm")
    await room.emitted()
    [sent] = await room.deliver(*stated([moved(1)], "slice-2"), slice_("slice-2"))
    assert only([sent], NoticeConfirmed)[0].published_lines == 0


async def test_terms_are_those_of_the_version_that_the_command_names(room: RoomHarness) -> None:
    clerk = Clerk(room)
    await room.deliver(*stated([line(1)]))
    pinned = publish_slice().model_copy(update={"project_version": "v1"})
    await room.deliver(pinned)
    assert (await clerk.do("GET", "/notices"))["items"] == [], "the version is not known yet"
    await room.deliver(deployed("v1", publicity={"days": 3}), deployed("v2", publicity={"days": 20}))
    notice_id = await clerk.notice()
    assert (await clerk.do("GET", f"/notices/{notice_id}"))["days"] == 3
    await room.deliver(publish_slice(), id="unpinned")
    newest = [one for one in (await clerk.do("GET", "/notices"))["items"] if one["project_version"] is None]
    assert (await clerk.do("GET", f"/notices/{newest[0]['notice_id']}"))["days"] == 20


async def test_an_area_notice_shows_areas_in_mu_and_no_amounts(room: RoomHarness) -> None:
    clerk = Clerk(room)
    await room.deliver(deployed(payment={"mode": "pool_by_area", "unit": "亩"}))
    rows = [
        line(2).model_copy(update={"quantity": "3.25", "amount_fen": None}),
        moved(4, quantity="1.5", amount_fen=None),
    ]
    await room.deliver(*stated(rows), publish_slice())
    notice_id = await clerk.notice()
    await clerk.published(notice_id)
    heading, *cells = await _cells(clerk, notice_id)
    assert heading == ("序号", "姓名", "村组", "面积（亩）")
    assert [row[3] for row in cells] == ["3.25", "1.5"]
    pdf = await clerk.send("GET", f"/notices/{notice_id}/sheet.pdf")
    assert pdf.content.startswith(b"%PDF-")
    assert "面积公示" in (await clerk.do("GET", f"/notices/{notice_id}"))["title"]
    async with room.client() as client:
        items = (await client.get(f"{API}/public/notices/{notice_id}/rows")).json()["items"]
        assert [(one["quantity"], one["unit"], one["amount"]) for one in items] == [
            ("3.25", "亩", None), ("1.5", "亩", None),
        ]  # fmt: skip
        here = await client.get(f"{API}/public/notices", params={"village": VILLAGES[0]})
        there = await client.get(f"{API}/public/notices", params={"village": VILLAGES[1]})
    assert [one["notice_id"] for one in here.json()] == [notice_id] and there.json() == []


async def test_the_priced_round_shows_area_and_amount(room: RoomHarness) -> None:
    clerk = Clerk(room)
    await room.deliver(deployed(payment={"mode": "pool_by_area", "unit": "亩"}))
    await room.deliver(*stated([line(2).model_copy(update={"quantity": "3.25"})]), publish_set("slice-1"))
    notice_id = await clerk.notice()
    await clerk.generate(notice_id)
    heading, row = await _cells(clerk, notice_id)
    assert heading == ("序号", "姓名", "村组", "面积（亩）", "金额（元）")
    assert row[3:] == ("3.25", "50.00")


async def test_reminders_say_what_waits_and_confirm_nothing(room: RoomHarness) -> None:
    clerk = Clerk(room)
    await room.deliver(*stated([line(1)]), publish_slice())
    notice_id = await clerk.notice()
    await clerk.published(notice_id)
    await room.emitted()
    assert await clerk.do("GET", "/reminders") == []
    [soon] = await clerk.do("GET", "/reminders", params={"within_days": 7})
    assert (soon["overdue_days"], soon["confirmable"]) == (-7, False)
    on_day(days(10))
    [waits] = await clerk.do("GET", "/reminders")
    assert (waits["notice"]["notice_id"], waits["overdue_days"]) == (notice_id, 3)
    assert (waits["missing"], waits["confirmable"]) == (["start", "end"], False)
    await clerk.photo(notice_id, "start", START)
    await clerk.photo(notice_id, "end", days(8))
    [waits] = await clerk.do("GET", "/reminders")
    assert waits["confirmable"] is True
    assert await room.emitted() == [], "a person confirms"
    elsewhere = Clerk(room, official(Role.COUNTY_HANDLER, "539902"))
    assert await elsewhere.do("GET", "/reminders") == []
    assert await Clerk(room, official(Role.COUNTY_HANDLER, COUNTY)).do("GET", "/reminders") != []
    await clerk.do("POST", f"/notices/{notice_id}:confirm")
    assert await clerk.do("GET", "/reminders") == []
    assert HANDLER.region == TOWNSHIP

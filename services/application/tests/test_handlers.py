"""Messages, each delivered twice: rosters, intake's ends, and enrolments that follow lines and signatures."""

from itertools import permutations
from typing import Any

import pytest

from contracts.application import (
    ApplicationListed,
    ApplicationRefused,
    ListApplication,
    OfflineRecorded,
    OfflineResult,
    RefuseApplication,
)
from contracts.base import Message, operator_name
from contracts.batch import LineExcluded, LineState, SetOpened, SetSigned, SliceRevision, SlicesReturned
from contracts.orchestrator import ProjectDeployed
from contracts.verification import ReviewGranted
from kit.ids import new_id
from kit.testing import RoomHarness, only
from services.application.handlers import on
from services.application.tests import golden
from services.application.tests.conftest import DEPLOYED, PROJECT, count, roster, stated

NORMAL, HELD = LineState.NORMAL, LineState.HELD
HANDLED: list[type[Message]] = sorted(golden.GOLDEN, key=operator_name)


async def record(room: RoomHarness, *subjects: str, roster_id: str = "r1") -> list[OfflineResult]:
    [answer] = only(await room.deliver(roster(*subjects, roster_id=roster_id)), OfflineRecorded)
    return answer.results


async def listed(room: RoomHarness, *subjects: str) -> list[str]:
    return [str(one.application_id) for one in await record(room, *subjects)]


async def rows(room: RoomHarness, table: str, key: str = "application_id") -> dict[str, dict[str, Any]]:
    async with room.room.tx() as tx:
        return {row[key]: dict(row) for row in await tx.fetch(f"SELECT * FROM {table}")}


async def states(room: RoomHarness) -> dict[str, str]:
    return {key: row["state"] for key, row in (await rows(room, "enrolment")).items()}


def opened(set_id: str, *slices: tuple[str, int]) -> SetOpened:
    pairs = [SliceRevision(slice_id=slice_id, revision=revision) for slice_id, revision in slices]
    return SetOpened(
        set_id=set_id, batch_id="b1", project=PROJECT, period="202305", county="539901", slices=pairs, lines=1
    )


def signed(set_id: str, node: str = "department_review") -> SetSigned:
    return SetSigned(set_id=set_id, node=node, root="r", signed_lines=1, approved_fen=5000)


def excluded(application_id: str, slice_id: str = "sl", *, ends: bool) -> LineExcluded:
    return LineExcluded(
        slice_id=slice_id,
        line_id=f"{slice_id}-{application_id}",
        application_id=application_id,
        seq=1,
        reason="objection_upheld" if ends else "moved",
        ends_enrolment=ends,
        moved_to=None if ends else "sl-2",
    )


async def test_a_roster_becomes_listed_applications_without_announcing_each(room: RoomHarness) -> None:
    sent = await room.deliver(roster("s1", "s2"), id="cmd-1")
    [answer] = sent
    assert isinstance(answer.message, OfflineRecorded) and answer.cause == "cmd-1"
    stored = await rows(room, "application")
    assert {row["state"] for row in stored.values()} == {"listed"}
    assert {row["channel"] for row in stored.values()} == {"offline"}
    assert {one.application_id for one in answer.message.results} == set(stored)


async def test_rows_of_known_applicants_are_refused_r05_and_the_rest_taken(room: RoomHarness) -> None:
    first = await record(room, "s1", "s2", "s1")
    assert [one.refused for one in first] == [None, None, "R05"]
    second = await record(room, "s3", "s2", roster_id="r2")
    assert [(one.refused, one.application_id is None) for one in second] == [(None, False), ("R05", True)]
    assert await count(room, "application") == 3


async def test_the_same_part_again_gives_the_same_answer(room: RoomHarness) -> None:
    assert await record(room, "s1", "s2") == await record(room, "s1", "s2")
    assert await count(room, "application") == 2


async def test_another_project_is_another_application(room: RoomHarness) -> None:
    await record(room, "s1")
    [answer] = only(await room.deliver(roster("s1", roster_id="r2", project="10001")), OfflineRecorded)
    assert answer.results[0].refused is None


async def test_a_thousand_rows_at_once(room: RoomHarness) -> None:
    results = await record(room, *[f"s{place}" for place in range(1000)])
    assert len({one.application_id for one in results}) == 1000


async def test_intake_ends_on_the_list_or_with_reasons(room: RoomHarness) -> None:
    async with room.room.tx() as tx:
        await golden.prepare(tx)
    sent = await room.deliver(ListApplication(application_id=golden.LISTED), id="cmd-1")
    assert [(one.cause, type(one.message)) for one in sent] == [("cmd-1", ApplicationListed)]
    sent = await room.deliver(RefuseApplication(application_id=golden.REFUSED, reasons=["R03", "R07"]))
    assert [one.reasons for one in only(sent, ApplicationRefused)] == [["R03", "R07"]]
    stored = await rows(room, "application")
    assert (stored[golden.LISTED]["state"], stored[golden.LISTED]["live"]) == ("listed", True)
    assert (stored[golden.REFUSED]["state"], stored[golden.REFUSED]["live"]) == ("refused", False)
    assert stored[golden.REFUSED]["reasons"] == ["R03", "R07"]


async def test_what_is_listed_is_not_refused_any_more(room: RoomHarness) -> None:
    async with room.room.tx() as tx:
        await golden.prepare(tx)
    await room.deliver(ListApplication(application_id=golden.LISTED))
    before = await rows(room, "application")
    with pytest.raises(AssertionError, match="no such application"):
        await room.deliver(RefuseApplication(application_id=golden.LISTED, reasons=["R03"]))
    assert await rows(room, "application") == before


async def test_a_slice_proposes_and_the_department_activates_normal_lines(room: RoomHarness) -> None:
    normal, held, void = await listed(room, "s1", "s2", "s3")
    await room.deliver(stated("sl", 1, {normal: LineState.PROCESSING, held: NORMAL, void: LineState.VOID}))
    assert await states(room) == {normal: "proposed", held: "proposed"}
    await room.deliver(stated("sl", 2, {normal: NORMAL, held: HELD, void: LineState.VOID}))
    await room.deliver(opened("set", ("sl", 2)), stated("sl", 3, {normal: NORMAL, held: HELD}))
    await room.deliver(signed("set", "finance_review"))
    assert set((await states(room)).values()) == {"proposed"}
    await room.deliver(signed("set"))
    assert await states(room) == {normal: "active", held: "proposed"}
    row = (await rows(room, "enrolment"))[normal]
    assert (row["valid_from"], row["project"], row["county"]) == ("202305", PROJECT, "539901")


async def test_signature_and_lines_may_come_in_any_order(room: RoomHarness) -> None:
    """Set and slice have different keys, so different partitions: every interleaving gives the same."""
    applications = await listed(room, *[f"s{place}" for place in range(12)])
    orders = [order for order in permutations(["open", "sign", "1", "2"]) if _possible(order)]
    assert len(orders) == 6
    for place, order in enumerate(orders):
        slice_id, set_id, application = f"sl{place}", f"set{place}", applications[place]
        messages: dict[str, Message] = {
            "open": opened(set_id, (slice_id, 2)),
            "sign": signed(set_id),
            "1": stated(slice_id, 1, {application: NORMAL}),
            "2": stated(slice_id, 2, {application: NORMAL}),
        }
        await room.deliver(*[messages[name] for name in order])
        assert (await states(room))[application] == "active", order


async def test_a_signature_waits_for_the_revision_it_is_about(room: RoomHarness) -> None:
    stays, held = await listed(room, "s1", "s2")
    await room.deliver(stated("sl", 1, {stays: NORMAL, held: NORMAL}))
    await room.deliver(opened("set", ("sl", 2)), signed("set"))
    assert set((await states(room)).values()) == {"proposed"}
    await room.deliver(stated("sl", 2, {stays: NORMAL, held: HELD}))
    assert await states(room) == {stays: "active", held: "proposed"}


def _possible(order: tuple[str, ...]) -> bool:
    # Messages of one key keep their order.
    return order.index("open") < order.index("sign") and order.index("1") < order.index("2")


async def test_a_returned_slice_is_not_signed(room: RoomHarness) -> None:
    stays, leaves = await listed(room, "s1", "s2")
    await room.deliver(stated("a", 1, {stays: NORMAL}), stated("b", 1, {leaves: NORMAL}))
    await room.deliver(opened("set", ("a", 1), ("b", 1)))
    remaining = [SliceRevision(slice_id="a", revision=1)]
    await room.deliver(SlicesReturned(set_id="set", slices=remaining, remaining=1), signed("set"))
    assert await states(room) == {stays: "active", leaves: "proposed"}
    await room.deliver(opened("set-2", ("b", 1)), signed("set-2"))
    assert (await states(room))[leaves] == "active"


async def test_an_upheld_objection_ends_the_enrolment_and_frees_the_person(room: RoomHarness) -> None:
    stays, goes = await listed(room, "s1", "s2")
    await room.deliver(stated("sl", 1, {stays: NORMAL, goes: NORMAL}), excluded(goes, ends=True))
    await room.deliver(opened("set", ("sl", 1)), signed("set"))
    assert await states(room) == {stays: "active", goes: "ended"}
    [again] = await record(room, "s2", roster_id="r2")
    assert again.refused is None
    assert [one.refused for one in await record(room, "s1", roster_id="r3")] == ["R05"]


async def test_a_moved_line_is_activated_by_the_set_it_moved_to(room: RoomHarness) -> None:
    [moved] = await listed(room, "s1")
    await room.deliver(stated("sl", 1, {moved: NORMAL}), excluded(moved, ends=False))
    await room.deliver(opened("set", ("sl", 1)), signed("set"))
    assert await states(room) == {moved: "proposed"}
    await room.deliver(stated("sl-2", 1, {moved: NORMAL}), opened("set-2", ("sl-2", 1)), signed("set-2"))
    assert await states(room) == {moved: "active"}


async def test_a_second_deployment_replaces_the_first(room: RoomHarness) -> None:
    await room.deliver(DEPLOYED.model_copy(update={"version": "v2", "form_schema": {"type": "object"}}))
    stored = await rows(room, "project", "project")
    assert stored[PROJECT]["version"] == "v2" and stored[PROJECT]["form_schema"] == {"type": "object"}


def test_every_handled_message_has_its_golden_example() -> None:
    assert set(golden.GOLDEN) == on.types()


@pytest.mark.parametrize("cls", HANDLED)
async def test_twice_and_late_is_once(room: RoomHarness, cls: type[Message]) -> None:
    async with room.room.tx() as tx:
        await golden.prepare(tx)
    message = golden.GOLDEN[cls]
    late = room.raw(message, id=new_id())
    empty = {table: await _content(room, table) for table in _TABLES}
    await room.dispatcher.handle([late])
    assert {table: await _content(room, table) for table in _TABLES} != empty or cls in _CHANGES_NOTHING_ALONE
    for other in golden.GOLDEN.values():
        if other.key != message.key:
            await room.deliver(other)
    await room.emitted()
    before = {table: await _content(room, table) for table in _TABLES}
    await room.dispatcher.handle([late, late])
    assert {table: await _content(room, table) for table in _TABLES} == before
    assert await room.emitted() == []


_CHANGES_NOTHING_ALONE = {
    ProjectDeployed,  # the fixture has deployed it already
    ReviewGranted,  # of an application that is not refused
}
_TABLES = (
    *("application", "enrolment", "slice", "signed_set", "left_line", "project"),
    *("mandate", "household"),
)


async def _content(room: RoomHarness, table: str) -> list[str]:
    async with room.room.tx() as tx:
        return sorted(row["t"] for row in await tx.fetch(f"SELECT t::text AS t FROM {table} AS t"))

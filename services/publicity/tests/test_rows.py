"""What a notice lists: normal lines, masked or posted names, and who is withdrawn from it."""

import json
import time

from contracts.batch import LineExcluded, LineHeld, LineReleased, LineState
from kit.testing import RoomHarness
from services.publicity.tests.conftest import API, VILLAGES, FakeRegistry, days, line, name_of, on_day, stated
from services.publicity.tests.desk import Clerk, publish_set, publish_slice


async def _public(room: RoomHarness, notice_id: str, **params: str | int) -> list[dict[str, object]]:
    async with room.client() as client:
        answer = await client.get(f"{API}/public/notices/{notice_id}/rows", params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, object]] = answer.json()["items"]
    return items


async def test_everybody_reads_masked_names_of_normal_lines_only(room: RoomHarness) -> None:
    lines = [line(1), line(2), line(3, state=LineState.HELD), line(4, state=LineState.ABNORMAL)]
    await room.deliver(*stated(lines), publish_slice())
    clerk = Clerk(room)
    notice_id = await clerk.notice()
    await clerk.published(notice_id)
    shown = await _public(room, notice_id)
    assert [(row["line_id"], row["village"]) for row in shown] == [
        ("line-000002", "絮樵村"),
        ("line-000001", "疏磬村"),
    ]
    assert shown[0]["name"] == "陶*" + name_of("subject-2")[-1]
    assert {(row["amount_fen"], row["amount"]) for row in shown} == {(None, "待测算")}
    text = json.dumps(shown, ensure_ascii=False)
    assert name_of("subject-2") not in text
    assert "subject" not in text


async def test_the_second_round_shows_amounts(room: RoomHarness) -> None:
    await room.deliver(*stated([line(1)]), publish_set("slice-1"))
    clerk = Clerk(room)
    notice_id = await clerk.notice()
    await clerk.published(notice_id)
    [row] = await _public(room, notice_id)
    assert (row["amount_fen"], row["amount"]) == (5000, "50.00")


async def test_the_public_list_is_open_for_its_days_only(room: RoomHarness) -> None:
    await room.deliver(*stated([line(1)]), publish_slice())
    clerk = Clerk(room)
    notice_id = await clerk.notice()
    await clerk.generate(notice_id)
    await clerk.fill_in(notice_id, days(1), days(8))
    path = f"{API}/public/notices/{notice_id}/rows"
    async with room.client() as client:
        assert (await client.get(path)).status_code == 404, "not published"
        await clerk.do("POST", f"/notices/{notice_id}:publish")
        assert (await client.get(path)).status_code == 404, "not begun"
        for day, status in ((1, 200), (8, 200), (38, 200), (39, 404)):
            on_day(days(day))
            assert (await client.get(path)).status_code == status, day
            listed = await client.get(
                f"{API}/public/notices", params={"township": "539901101", "project": "11810"}
            )
            assert [one["notice_id"] for one in listed.json()] == ([notice_id] if status == 200 else [])
        other = await client.get(f"{API}/public/notices", params={"township": "539901102"})
        assert other.json() == []


async def test_held_lines_leave_the_list_and_come_back_when_free(room: RoomHarness) -> None:
    await room.deliver(*stated([line(1), line(2), line(4)]), publish_slice())
    clerk = Clerk(room)
    notice_id = await clerk.notice()
    await clerk.published(notice_id)

    async def shown() -> set[str]:
        return {str(row["line_id"]) for row in await _public(room, notice_id)}

    where = {"slice_id": "slice-1", "reason": "objection"}
    await room.deliver(LineHeld(line_id="line-000001", rev=2, **where))
    excluded = LineExcluded(
        line_id="line-000002", application_id="application-2", seq=1, ends_enrolment=True, **where
    )
    await room.deliver(excluded)
    assert await shown() == {"line-000004"}
    await room.deliver(LineReleased(line_id="line-000001", rev=3, **where))
    await room.deliver(LineReleased(line_id="line-000002", rev=9, **where))
    assert await shown() == {"line-000001", "line-000004"}, "an exclusion is final"
    await room.deliver(LineHeld(line_id="line-000001", rev=2, **where))
    assert await shown() == {"line-000001", "line-000004"}, "an older word does not count"
    detail = await clerk.do("GET", f"/notices/{notice_id}")
    assert (detail["lines"], detail["withdrawn"]) == (3, 1)


async def test_a_hold_before_the_published_revision_does_not_count(room: RoomHarness) -> None:
    held = LineHeld(slice_id="slice-1", line_id="line-000001", rev=2, reason="hit")
    await room.deliver(held, *stated([line(1, rev=4), line(2, rev=1)]), publish_slice())
    await room.deliver(LineHeld(slice_id="slice-1", line_id="line-000002", rev=2, reason="hit"))
    clerk = Clerk(room)
    notice_id = await clerk.notice()
    await clerk.published(notice_id)
    assert [row["line_id"] for row in await _public(room, notice_id)] == ["line-000001"]


async def test_an_erased_person_is_stars_and_blocks_nobody(room: RoomHarness, registry: FakeRegistry) -> None:
    registry.erased = {"subject-1"}
    await room.deliver(*stated([line(1), line(2)]), publish_slice())
    clerk = Clerk(room)
    notice_id = await clerk.notice()
    await clerk.published(notice_id)
    names = {str(row["line_id"]): row["name"] for row in await _public(room, notice_id)}
    assert names["line-000001"] == "***"
    assert names["line-000002"] != "***"


async def test_pages_and_villages(room: RoomHarness) -> None:
    await room.deliver(*stated([line(number) for number in range(10)]), publish_slice())
    clerk = Clerk(room)
    notice_id = await clerk.notice()
    await clerk.published(notice_id)
    first = await _public(room, notice_id, limit=4)
    rest = await _public(room, notice_id, limit=100, after=int(str(first[-1]["seq"])))
    assert len({row["line_id"] for row in first + rest}) == 10
    assert len(await _public(room, notice_id, village=VILLAGES[1])) == 5
    detail = await clerk.do("GET", f"/notices/{notice_id}")
    assert [(one["name"], one["lines"]) for one in detail["villages"]] == [("絮樵村", 5), ("疏磬村", 5)]


async def test_a_county_sized_slice_is_listed_in_bulk(room: RoomHarness, registry: FakeRegistry) -> None:
    count = 58_893
    await room.deliver(*stated([line(number) for number in range(count)]), twice=False)
    await room.deliver(publish_slice())
    clerk = Clerk(room)
    notice_id = await clerk.notice()
    started = time.perf_counter()
    await clerk.generate(notice_id)
    took = time.perf_counter() - started
    detail = await clerk.do("GET", f"/notices/{notice_id}")
    assert (detail["state"], detail["lines"]) == ("to_publish", count)
    assert len(registry.calls) == -(-count // 2000)
    assert max(registry.calls) <= 2000
    assert took < 60, f"{took:.1f} s"
    too_large = await clerk.send("GET", f"/notices/{notice_id}/sheet.pdf")
    assert too_large.status_code == 413

"""Route C: the county opens by roster, with quantities, households and payees; cards are asked about again."""

from typing import Any

import pytest

from contracts.application import OfflineRecorded, OfflineResult, RecordOffline
from contracts.batch import BatchOpened, LineExcluded, LinesStated, LineState, SetFrozen, SliceOpened
from kit.sheets import write_xlsx
from kit.testing import RoomHarness, only
from services.batch.domain.rosters import Named, Person, Reader, read
from services.batch.tests.conftest import FakeRegistry
from services.batch.tests.county import COUNTY_HANDLER, HANDLER, OTHER_TOWN, TOWN, County
from services.batch.tests.test_api import status
from services.batch.tests.test_rosters import HEADINGS, number, row, upload

FARMLAND: dict[str, Any] = {
    "route": "C",
    "beneficiary_kind": "household",
    "payment": {"mode": "pool", "unit": "亩"},
}
COLUMNS = [*HEADINGS, "乡镇", "面积（亩）", "户主姓名", "户主身份证号码", "领款人姓名", "领款人身份证号码"]


@pytest.fixture
async def farmland(room: RoomHarness) -> County:
    """A county whose yearly batch opens by roster."""
    one = County(room)
    await one.open("2023", **FARMLAND)
    return one


def plot(serial: int, area: str, town: str = "鹭汀镇", *more: str, village: str = "絮樵村") -> list[str]:
    return [*row(serial, village=village), town, area, *more]


async def take(county: County, rows: list[list[str]]) -> RecordOffline:
    """Upload, and `application` answers that every row is an application of its own."""
    answer = await upload(county, write_xlsx(COLUMNS, rows), actor=COUNTY_HANDLER)
    assert answer.status_code == 201, answer.text
    (command,) = only(await county.room.emitted(), RecordOffline)
    results = [OfflineResult(row_id=one.row_id, application_id=f"a-{one.subject_id}") for one in command.rows]
    await county.room.deliver(OfflineRecorded(roster_id=command.roster_id, index=0, count=1, results=results))
    return command


async def test_households_are_paid_by_area_through_their_heads(
    farmland: County, registry: FakeRegistry
) -> None:
    (village,) = [one.name for one in farmland.room.room.regions.children(OTHER_TOWN)][:1]
    command = await take(
        farmland,
        [
            plot(2, "12.50"),
            plot(3, "3", "鹭汀镇", "沈户主", number(4)),
            plot(5, "0.0001", "霜桐镇", "", "", "代领人", number(6), village=village),
        ],
    )
    assert command.renew
    assert [(one.subject_id, one.quantity, one.payee_id) for one in command.rows] == [
        (f"h-s-{number(2)}", "12.5", f"s-{number(2)}"),
        (f"h-s-{number(4)}", "3", f"s-{number(4)}"),
        (f"h-s-{number(5)}", "0.0001", f"s-{number(6)}"),
    ]
    made = await farmland.post(COUNTY_HANDLER, f"/batches/{farmland.batch_id}/slices", {})
    assert sorted((one["township"], one["counters"]["lines"], one["needs"]) for one in made) == [
        (TOWN, 2, []),
        (OTHER_TOWN, 1, []),
    ]
    lines = [one for part in only(await farmland.room.emitted(), LinesStated) for one in part.rows]
    assert sorted(one.quantity for one in lines) == ["0.0001", "12.5", "3"]
    assert {one.entitlement_period for one in lines} == {"2023"}


async def test_bad_quantities_heads_and_households_are_the_rows_errors(
    farmland: County, registry: FakeRegistry
) -> None:
    registry.problems[f"s-{number(9)}"] = "household"
    rows = [
        plot(2, ""),
        plot(3, "-1"),
        plot(4, "1.00001"),
        plot(5, "一亩"),
        plot(6, "1", "鹭汀镇", "", number(7)),
        plot(7, "1", "鹭汀镇", "某某", "123"),
        plot(9, "1"),
        plot(10, "1", "鹭汀镇", "同户主", number(11)),
        plot(11, "2"),
    ]
    answer = (await upload(farmland, write_xlsx(COLUMNS, rows), actor=COUNTY_HANDLER)).json()
    codes = [(one["row"], one["code"]) for one in answer["errors"]]
    assert codes[:4] == [(line, "bad_quantity") for line in range(2, 6)]
    assert codes[4] == (6, "name_empty") and codes[5][0] == 7
    assert codes[6:] == [(8, "member_elsewhere"), (10, "duplicate_in_file")]
    assert answer["accepted"] == 1


async def test_the_next_year_takes_the_same_applications_again(
    farmland: County, registry: FakeRegistry
) -> None:
    await take(farmland, [plot(2, "1")])
    await take(farmland, [plot(2, "1.5")])  # a corrected list, before the submission
    await farmland.post(COUNTY_HANDLER, f"/batches/{farmland.batch_id}/slices", {"township": TOWN})
    body = {"project": "11810", "period": "2024", "county": "539901"}
    await farmland.room.emitted()
    farmland.batch_id = (await farmland.post(COUNTY_HANDLER, "/batches", body))["batch_id"]
    (opened,) = only(await farmland.room.emitted(), BatchOpened)
    assert opened.carried == 0
    await take(farmland, [plot(2, "2")])
    made = await farmland.post(COUNTY_HANDLER, f"/batches/{farmland.batch_id}/slices", {"township": TOWN})
    lines = await farmland.get(HANDLER, f"/slices/{made[0]['slice_id']}/lines")
    assert [(one["quantity"], one["entitlement_period"]) for one in lines] == [("2", "2024")]
    mine = await farmland.get(HANDLER, f"/lines?application_id={lines[0]['application_id']}")
    assert [one["quantity"] for one in mine] == ["1.5", "2"]


async def test_route_c_is_payable_without_a_townships_signature(
    farmland: County, registry: FakeRegistry
) -> None:
    await take(farmland, [plot(2, "1"), plot(3, "1")])
    await farmland.post(COUNTY_HANDLER, f"/batches/{farmland.batch_id}/slices", {})
    (opened,) = only(await farmland.room.emitted(), SliceOpened)
    lines = await farmland.cards(opened.slice_id, await farmland.lines(opened.slice_id), 1)
    await farmland.findings(opened.slice_id, lines, 2)
    await farmland.hand_over(opened.slice_id)
    set_id = await farmland.signed_set()
    (frozen,) = only(await farmland.freeze(set_id), SetFrozen)
    assert (frozen.payable_lines, len(frozen.frozen)) == (2, 1)


async def test_a_wrong_area_is_corrected_and_checked_again(farmland: County, registry: FakeRegistry) -> None:
    await take(farmland, [plot(2, "12.5"), plot(3, "1")])
    await farmland.post(COUNTY_HANDLER, f"/batches/{farmland.batch_id}/slices", {})
    (opened,) = only(await farmland.room.emitted(), SliceOpened)
    wrong = next(one for one in await farmland.lines(opened.slice_id) if one.quantity == "12.5")
    path = f"/lines/{wrong.line_id}:correct"
    for bad in ("0", "-1", "1.00001", "一亩"):
        assert await status(farmland, HANDLER, "POST", path, json={"quantity": bad}) == 422, bad
    assert await status(farmland, HANDLER, "POST", path, json={}) == 422
    await farmland.post(HANDLER, path, {"quantity": "11.250"})
    sent = await farmland.recheck(opened.slice_id, 1)
    (lines,) = (part.rows for part in only(sent, LinesStated))
    assert sorted(one.quantity for one in lines) == ["1", "11.25"]
    assert {one.amount_fen for one in lines} == {None}


async def test_a_month_is_a_month(county: County) -> None:
    _, (line,) = await county.submit(1)
    assert (
        await status(county, HANDLER, "POST", f"/lines/{line.line_id}:correct", json={"quantity": "12"})
        == 409
    )


async def test_a_card_lost_before_the_file_leaves(county: County) -> None:
    first, _ = await county.arrived(2)
    second, _ = await county.arrived(1, township=OTHER_TOWN)
    set_id = await county.signed_set()
    lost = (await county.lines(first))[0].line_id
    sent = await county.lose_cards("check", set_id, {lost}, only_slice=first)
    (opened,) = only(sent, SliceOpened)
    (left,) = only(sent, LineExcluded)
    assert (left.line_id, left.moved_to, left.ends_enrolment) == (lost, opened.slice_id, False)
    (moved,) = await county.lines(opened.slice_id)
    assert (moved.state, moved.reason, moved.amount_fen) == (LineState.ABNORMAL, "卡已注销", None)
    early = await county.freeze(set_id, after_cards="check")
    assert only(early, SetFrozen) == []  # the cards of one slice are still awaited
    await county.lose_cards("check", set_id, set(), only_slice=second)
    async with county.room.room.tx() as tx:
        body = await tx.fetchval("SELECT body FROM outbox WHERE type = $1", SetFrozen.TYPE)
    frozen = SetFrozen.model_validate_json(body)
    assert (frozen.payable_lines, frozen.payable_fen) == (2, 10_000)


def test_a_month_needs_no_quantity() -> None:
    reader = Reader(
        normalise=lambda text: text,
        townships={"t": "t"},
        villages={("t", "v"): "v"},
        categories={},
        township="t",
        unit="人·月",
    )
    cells = {"姓名": "甲", "身份证号码": "1", "村（社区）": "v", "补贴对象类别": "c"}
    (plain,), _ = read([(2, cells)], reader)
    assert plain == Person(2, "1", "甲", None, "t", "v", "c")
    (full,), _ = read(
        [(2, cells | {"数量": "1,000.10", "领款人姓名": "乙", "领款人身份证号码": "2"})], reader
    )
    assert (full.quantity, full.payee) == ("1000.1", Named("2", "乙"))

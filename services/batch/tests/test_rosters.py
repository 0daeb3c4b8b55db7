"""人员导入: whole-file refusals, row-level reasons, the way through `application`, what is stored."""

import io
import zipfile
from typing import Any

import openpyxl
import pytest

from contracts.application import OfflineRecorded, OfflineResult, RecordOffline
from kit.auth import Actor, Role
from kit.idnumber import check_character
from kit.sheets import write_xlsx
from kit.testing import RoomHarness, official, only
from services.batch.handlers.rosters import delete_due_files
from services.batch.ports import sealer
from services.batch.tests.conftest import FakeRegistry
from services.batch.tests.county import COUNTY_HANDLER, HANDLER, OTHER_TOWN, TOWN, County

HEADINGS = ("姓名", "身份证号码", "联系电话", "村（社区）", "补贴对象类别", "备注")


def number(serial: int) -> str:
    body = f"53980119500101{serial:03d}"
    return body + check_character(body)


def row(serial: int, *, village: str = "絮樵村", category: str = "特困人员", id_no: str = "") -> list[str]:
    return [f"沈雁迟{serial}", id_no or number(serial), "13900000000", village, category, ""]


async def upload(
    county: County, data: bytes, *, actor: Actor = HANDLER, name: str = "r.xlsx", **form: str
) -> Any:
    path = f"/batches/{county.batch_id}/rosters"
    return await county.call(actor, "POST", path, files={"file": (name, data)}, data=form)


async def stored(room: RoomHarness) -> int:
    async with room.room.tx() as tx:
        found: int = await tx.fetchval("SELECT count(*) FROM roster")
    return found


async def test_good_rows_are_taken_and_bad_ones_listed(county: County, registry: FakeRegistry) -> None:
    registry.problems[number(5)] = "name_differs"
    rows = [
        row(2),
        row(3, id_no=number(2)),
        row(4, village="天上村", category="x"),
        row(5),
        row(6, id_no="539801195001010061"),
        row(7),
    ]
    answer = await upload(county, write_xlsx(HEADINGS, rows))
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["accepted"], body["rejected"]) == (2, 4)
    assert [(one["row"], one["code"]) for one in body["errors"]] == [
        (3, "duplicate_in_file"),
        (4, "unknown_village"),
        (4, "unknown_category"),
        (5, "name_differs"),
        (6, "id_wrong_check_digit"),
    ]
    (command,) = only(await county.room.emitted(), RecordOffline)
    assert (command.index, command.count, len(command.rows)) == (0, 1, 2)
    first, second = command.rows
    results = [
        OfflineResult(row_id=first.row_id, application_id="a1"),
        OfflineResult(row_id=second.row_id, refused="R05 重复申领"),
    ]
    await county.room.deliver(OfflineRecorded(roster_id=command.roster_id, index=0, count=1, results=results))
    seen = await county.get(HANDLER, f"/rosters/{command.roster_id}")
    assert seen["rows"] == {"listed": 1, "refused": 1, "rejected": 4}
    assert ("R05 重复申领", 7) in {(one["message"], one["row"]) for one in seen["errors"]}
    (candidate,) = (await county.get(HANDLER, f"/batches/{county.batch_id}/candidates"))["candidates"]
    assert (candidate["application_id"], candidate["village"]) == ("a1", "539901101201")


async def test_a_county_roster_spans_townships(county: County, registry: FakeRegistry) -> None:
    villages = county.room.room.regions.children(OTHER_TOWN)
    rows = [[*row(2), "鹭汀镇"], [*row(3, village=villages[0].name), "霜桐镇"], [*row(4), "他县镇"]]
    data = write_xlsx([*HEADINGS, "乡镇"], rows)
    body = (await upload(county, data, actor=COUNTY_HANDLER)).json()
    assert (body["accepted"], [one["code"] for one in body["errors"]]) == (2, ["unknown_township"])
    (command,) = only(await county.room.emitted(), RecordOffline)
    assert [one.township for one in command.rows] == [TOWN, OTHER_TOWN]
    assert (await upload(county, write_xlsx(HEADINGS, [row(2)]), actor=COUNTY_HANDLER)).status_code == 422
    answer = await upload(county, write_xlsx(HEADINGS, [row(9)]), actor=COUNTY_HANDLER, township=TOWN)
    assert answer.status_code == 201


async def test_large_rosters_go_in_parts(county: County, registry: FakeRegistry) -> None:
    rows = [row(0, id_no=_serial(at)) for at in range(5_200)]
    body = (await upload(county, write_xlsx(HEADINGS, rows))).json()
    assert body["accepted"] == 5_200 and registry.calls == [5_000, 200]
    parts = only(await county.room.emitted(), RecordOffline)
    assert [(one.index, one.count, len(one.rows)) for one in parts] == [
        (at, 6, 1_000 if at < 5 else 200) for at in range(6)
    ]


def _serial(at: int) -> str:
    body = f"539801{1940 + at // 1000:04d}0101{at % 1000:03d}"
    return body + check_character(body)


def _bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (60 << 20))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "status", "slug"),
    [
        (b"name,number\n", 400, "not-xlsx"),
        (_bomb(), 400, "zip-bomb"),
        (write_xlsx(["姓名"], [["x"]]), 422, "headings"),
    ],
    ids=["text", "bomb", "headings"],
)
async def test_a_file_is_refused_as_a_whole(
    county: County, registry: FakeRegistry, data: bytes, status: int, slug: str
) -> None:
    answer = await upload(county, data)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (status, slug)
    assert await stored(county.room) == 0 and await county.room.emitted() == []


async def test_a_formula_is_an_error_of_its_row(county: County, registry: FakeRegistry) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for cells in (HEADINGS, row(2), [*row(3)[:-1], '=HYPERLINK("x")']):
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    body = (await upload(county, out.getvalue())).json()
    assert (body["accepted"], body["rejected"]) == (1, 1)
    assert [(one["row"], one["column"], one["code"]) for one in body["errors"]] == [(3, "备注", "formula")]


async def test_a_number_cell_lost_digits(county: County, registry: FakeRegistry) -> None:
    book = openpyxl.Workbook()
    book.active.append(HEADINGS)
    book.active.append([row(2)[0], 539801195001010020, *row(2)[2:]])
    out = io.BytesIO()
    book.save(out)
    body = (await upload(county, out.getvalue())).json()
    assert body["accepted"] == 0
    assert "number_not_text" in {one["code"] for one in body["errors"]}


async def test_over_the_row_limit(county: County, registry: FakeRegistry) -> None:
    county.room.room.settings.roster_row_limit = 2
    answer = await upload(county, write_xlsx(HEADINGS, [row(at) for at in range(2, 6)]))
    assert answer.status_code == 413 and await stored(county.room) == 0


async def test_the_registry_is_down(county: County, registry: FakeRegistry) -> None:
    registry.down = True
    answer = await upload(county, write_xlsx(HEADINGS, [row(2)]))
    assert answer.status_code == 503 and "retry-after" in answer.headers
    assert await stored(county.room) == 0
    registry.down = False
    assert (await upload(county, write_xlsx(HEADINGS, [row(2)]))).status_code == 201


async def test_the_same_file_twice(county: County, registry: FakeRegistry) -> None:
    data = write_xlsx(HEADINGS, [row(2)])
    first = await upload(county, data)
    assert first.status_code == 201
    answer = await upload(county, data, name="other.xlsx")
    assert (answer.status_code, await stored(county.room)) == (409, 1)
    assert answer.json()["roster_id"] == first.json()["roster_id"], "whoever lost the answer finds the roster"


async def test_other_regions_may_not_upload(county: County, registry: FakeRegistry) -> None:
    data = write_xlsx(HEADINGS, [row(2)])
    foreign = official(Role.COUNTY_HANDLER, "539902")
    assert (await upload(county, data, actor=foreign)).status_code == 404
    assert (await upload(county, data, township=OTHER_TOWN)).status_code == 404
    assert (await upload(county, data, actor=official(Role.TOWNSHIP_REVIEWER, TOWN))).status_code == 403
    assert await stored(county.room) == 0


async def test_no_persons_data_is_kept_but_the_sealed_file(county: County, registry: FakeRegistry) -> None:
    data = write_xlsx(HEADINGS, [row(2)])
    roster_id = (await upload(county, data)).json()["roster_id"]
    async with county.room.room.tx() as tx:
        # The fake registry's subject ids are the numbers themselves: only that column may show them.
        kept = await tx.fetch("SELECT to_jsonb(r) - 'subject_id' AS row FROM roster_row r")
        sealed = await tx.fetchval("SELECT ciphertext FROM roster_file")
    assert number(2) not in str([dict(one) for one in kept]) and data not in sealed
    assert sealer().open_under(sealed, f"roster|{roster_id}") == data


async def test_sealed_files_are_deleted_on_their_day(county: County, registry: FakeRegistry) -> None:
    await upload(county, write_xlsx(HEADINGS, [row(2)]))
    await county.room.work(delete_due_files)
    async with county.room.room.tx() as tx:
        assert await tx.fetchval("SELECT count(*) FROM roster_file") == 1
        await tx.execute("UPDATE roster_file SET delete_after = $1", tx.today)
    await county.room.work(delete_due_files)
    async with county.room.room.tx() as tx:
        assert await tx.fetchval("SELECT count(*) FROM roster_file") == 0

"""The posted sheet: full names, children masked, totals; real glyphs; and no formula in the spreadsheet."""

import io
import re
from typing import Any

import openpyxl

from kit.testing import RoomHarness
from services.publicity.ports import printing
from services.publicity.tests.conftest import VILLAGES, line, name_of, stated
from services.publicity.tests.desk import Clerk, publish_set, publish_slice

LINES = [line(1), line(2), line(4), line(6, child=True)]


async def _ready(room: RoomHarness, *, amounts: bool) -> tuple[Clerk, str]:
    await room.deliver(*stated(LINES), publish_set("slice-1") if amounts else publish_slice())
    clerk = Clerk(room)
    notice_id = await clerk.notice()
    await clerk.generate(notice_id)
    await clerk.fill_in(notice_id)
    return clerk, notice_id


async def _cells(clerk: Clerk, notice_id: str) -> list[tuple[Any, ...]]:
    answer = await clerk.send("GET", f"/notices/{notice_id}/sheet.xlsx")
    assert answer.status_code == 200, answer.text
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    return list(book.worksheets[0].iter_rows(values_only=True))


async def test_the_spreadsheet_posts_full_names_and_masks_children(room: RoomHarness) -> None:
    clerk, notice_id = await _ready(room, amounts=True)
    heading, *rows = await _cells(clerk, notice_id)
    assert heading == ("序号", "姓名", "村组", "数量", "金额（元）")
    assert rows[0] == ("1", name_of("subject-2"), "絮樵村", "1", "50.00")
    child = name_of("subject-6-child")
    assert child not in {row[1] for row in rows}
    assert child[0] + "*" + child[-1] in {row[1] for row in rows}


async def test_before_calculation_an_amount_is_no_zero(room: RoomHarness) -> None:
    clerk, notice_id = await _ready(room, amounts=False)
    _, *rows = await _cells(clerk, notice_id)
    assert {row[4] for row in rows} == {"待测算"}


async def test_the_pdf_is_set_per_village_and_printing_is_audited(room: RoomHarness) -> None:
    clerk, notice_id = await _ready(room, amounts=True)
    whole = await clerk.send("GET", f"/notices/{notice_id}/sheet.pdf")
    part = await clerk.send("GET", f"/notices/{notice_id}/sheet.pdf", params={"village": VILLAGES[0]})
    assert whole.content.startswith(b"%PDF-")
    assert whole.headers["cache-control"] == "no-store"
    assert _pages(whole.content) == 2, "two villages, two sections"
    assert _pages(part.content) == 1
    nowhere = await clerk.send("GET", f"/notices/{notice_id}/sheet.pdf", params={"village": "539901101999"})
    assert nowhere.status_code == 404
    async with room.room.tx() as tx:
        assert await tx.fetchval("SELECT count(*) FROM audit WHERE action = 'publicity.print'") == 2


def _pages(pdf: bytes) -> int:
    found = re.search(rb"/Type/Pages/Count (\d+)", pdf)
    assert found is not None, "no page tree"
    return int(found[1])


def _data(name: str) -> dict[str, Any]:
    rows = [[str(number), name, "絮樵村", "1", "50.00"] for number in range(1, 60)]
    section = {"village": "絮樵村", "rows": rows, "count": 59, "totals": ["59", "2,950.00"]}
    return {
        "title": "老年人服务补贴2023年5月发放对象公示（第2次）",
        "project": "11810 老年人服务补贴",
        "period": "2023年5月",
        "township": "云泠市霁川县鹭汀镇",
        "place": "村务公开栏",
        "dates": "2023-05-08 至 2023-05-15",
        "headings": ["序号", "姓名", "村组", "数量（人·月）", "金额（元）"],
        "sections": [section],
    }


def test_glyphs_are_real_and_rows_go_over_pages() -> None:
    """Were a glyph missing, two different names would print as the same empty boxes."""
    pictures = [printing.render(_data(name), "png") for name in ("陶砚秋", "龘𠮷镕", "陶砚春")]
    assert all(isinstance(pages, list) and len(pages) == 2 for pages in pictures)
    assert len({tuple(pages) for pages in pictures}) == 3
    assert printing.FAMILY in printing.fonts().families()


def test_what_looks_like_code_prints_as_text() -> None:
    """A name is data: typst must not run it."""
    evil = '#panic("x")$\\'
    assert printing.render(_data(evil), "pdf")[:5] == b"%PDF-"

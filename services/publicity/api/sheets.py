"""The posted sheet per village (M28): full names, children masked; never ID, card, phone or illness."""

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from itertools import groupby
from typing import Annotated, Any

from fastapi import Depends, Response

from kit import errors
from kit.auth import Actor, Operation, Role, Zone, guarded_router, require
from kit.db import Tx
from kit.money import format_yuan
from kit.regions import RegionTable
from kit.service import CurrentRoom
from kit.sheets import write_xlsx
from services.publicity.api.checks import reach
from services.publicity.domain.states import State
from services.publicity.domain.terms import name_of, period_label
from services.publicity.domain.texts import amount_text
from services.publicity.ports import printing
from services.publicity.store import notices, rows
from services.publicity.store.rows import ShownRow
from services.publicity.store.tables import Notice

PRINT = Operation(
    "publicity.print",
    roles=frozenset({Role.TOWNSHIP_HANDLER}),
    zone=Zone.OUTSIDE,
    states=frozenset({State.TO_PUBLISH, State.PUBLISHED, State.ENDED, State.CONFIRMED}),
)
HEADINGS = ("序号", "姓名", "村组", "数量", "金额（元）")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

router = guarded_router(prefix="/api/publicity/v1", tags=["sheets"])


@router.get("/notices/{notice_id}/sheet.pdf")
async def pdf(
    notice_id: str,
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(PRINT))],
    village: str | None = None,
) -> Response:
    """One section per village, or one village's; a whole township beyond the limit is refused (413)."""
    async with room.tx(actor) as tx:
        notice, found = await _posted(tx, notice_id, actor, village, "pdf", most=printing.MOST_ROWS)
        name = name_of(await notices.manifest(tx, notice.project), notice.project)
    return _file(await printing.pdf(_sheet(notice, name, found, room.regions)), "application/pdf", "pdf")


@router.get("/notices/{notice_id}/sheet.xlsx")
async def xlsx(
    notice_id: str,
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(PRINT))],
    village: str | None = None,
) -> Response:
    """The same rows as a spreadsheet in which no cell can run as a formula."""
    async with room.tx(actor) as tx:
        _, found = await _posted(tx, notice_id, actor, village, "xlsx", most=None)
    cells = [_cells(number, row, room.regions) for number, row in enumerate(found, start=1)]
    data = await asyncio.to_thread(write_xlsx, HEADINGS, cells, sheet="公示", widths=(8, 16, 24, 10, 14))
    return _file(data, _XLSX, "xlsx")


async def _posted(
    tx: Tx, notice_id: str, actor: Actor, village: str | None, form: str, *, most: int | None
) -> tuple[Notice, list[ShownRow]]:
    notice = await reach(tx, notice_id, actor, PRINT)
    limit = None if most is None else most + 1
    found = await rows.shown(tx, notice, posted=True, village=village, limit=limit)
    if most is not None and len(found) > most:
        raise errors.too_large(
            f"请按村打印，每份最多{most}行 (print village by village, at most {most} rows)", limit_rows=most
        )
    if not found:
        raise errors.not_found()
    # Full names leave the system here.
    tx.audit("publicity.print", f"notice:{notice_id}", form=form, village=village, lines=len(found))
    return notice, found


def _cells(number: int, row: ShownRow, regions: RegionTable) -> list[str]:
    amount = amount_text(row.amount_fen, format_yuan)
    return [str(number), row.name, regions.name(row.village), row.quantity, amount]


def _sheet(notice: Notice, name: str, found: list[ShownRow], regions: RegionTable) -> dict[str, Any]:
    return {
        "title": notice.title,
        "project": f"{notice.project} {name}",
        "period": period_label(notice.period),
        "township": regions.full_name(notice.township),
        "place": notice.place or ("线上" if notice.medium == "online" else "待填写"),
        "dates": f"{notice.starts_on} 至 {notice.ends_on}" if notice.starts_on else "待填写",
        "sections": [
            _section(list(part), regions.name(village), regions)
            for village, part in groupby(found, key=lambda row: row.village)
        ],
    }


def _section(part: list[ShownRow], village: str, regions: RegionTable) -> dict[str, Any]:
    amounts = [row.amount_fen for row in part if row.amount_fen is not None]
    total = sum(amounts) if len(amounts) == len(part) else None
    return {
        "village": village,
        "rows": [_cells(number, row, regions) for number, row in enumerate(part, start=1)],
        "count": len(part),
        "quantity": _sum(row.quantity for row in part),
        "amount": amount_text(total, lambda fen: format_yuan(fen, thousands=True)),
    }


def _sum(quantities: Iterable[str]) -> str:
    return format(sum((Decimal(one) for one in quantities), Decimal()), "f")


def _file(data: bytes, media_type: str, ending: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="notice.{ending}"',
        "Cache-Control": "no-store",
    }
    return Response(data, media_type=media_type, headers=headers)

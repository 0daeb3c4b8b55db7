"""The posted sheet per village (M28): full names, children masked; never ID, card, phone or illness."""

import asyncio
from typing import Annotated

from fastapi import Depends, Response

from kit import errors
from kit.auth import Actor, Operation, Role, Zone, guarded_router, require
from kit.db import Tx
from kit.service import CurrentRoom
from kit.sheets import write_xlsx
from services.publicity.api.checks import reach
from services.publicity.api.form import Form
from services.publicity.domain.states import State
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
        form = Form(notice, await notices.manifest_of(tx, notice), room.regions)
    return _file(await printing.pdf(form.sheet(found)), "application/pdf", "pdf")


@router.get("/notices/{notice_id}/sheet.xlsx")
async def xlsx(
    notice_id: str,
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(PRINT))],
    village: str | None = None,
) -> Response:
    """The same rows as a spreadsheet in which no cell can run as a formula."""
    async with room.tx(actor) as tx:
        notice, found = await _posted(tx, notice_id, actor, village, "xlsx", most=None)
        form = Form(notice, await notices.manifest_of(tx, notice), room.regions)
    widths = (8, 16, 24, 14, 14)[: len(form.headings)]
    data = await asyncio.to_thread(write_xlsx, form.headings, form.cells(found), sheet="公示", widths=widths)
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


def _file(data: bytes, media_type: str, ending: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="notice.{ending}"',
        "Cache-Control": "no-store",
    }
    return Response(data, media_type=media_type, headers=headers)

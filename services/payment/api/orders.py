"""Payment orders, the files they became, and what an order could not carry."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from pydantic import BaseModel

from kit import errors
from kit.auth import Actor, Operation, Resource, Role, Zone, authorize, guarded_router, require
from kit.service import CurrentRoom
from services.payment import ports
from services.payment.domain.formats import masked
from services.payment.domain.iso20022.document import is_xml
from services.payment.domain.orders import WITHHELD
from services.payment.store import reads

_COUNTY = frozenset({Role.COUNTY_HANDLER, Role.COUNTY_REVIEWER, Role.FINANCE_REVIEWER, Role.FINANCE_PAYER})
_FINANCE = frozenset({Role.FINANCE_REVIEWER, Role.FINANCE_PAYER})
LOOK = Operation("payment.look_at_order", roles=_COUNTY, zone=Zone.FINANCE)
DOWNLOAD = Operation("payment.download_file", roles=_COUNTY, zone=Zone.FINANCE)

router = guarded_router(prefix="/api/payment/v1", tags=["orders"])


class SliceOut(BaseModel):
    """`root` was recomputed from the stated lines and is what finance signed."""

    slice_id: str
    revision: int
    root: str
    exclusions: int
    township: str
    category: str
    lines: int
    total_fen: int


class FileOut(BaseModel):
    """A bank file; `state` planned | built | sending | accepted | refused | empty | settled."""

    file_id: str
    number: int
    state: str
    lines: int | None
    total_fen: int | None
    sha256: str | None
    receipt_no: str | None
    refusal: str | None
    tries: int


class WithheldOut(BaseModel):
    """A line for a person to decide about."""

    line_id: str
    slice_id: str
    payment_id: str
    amount_fen: int
    reason: str
    text: str


class OrderOut(BaseModel):
    """An order with its payments counted by state; amounts in fen."""

    order_id: str
    set_id: str
    project: str
    county: str
    period: str
    state: str
    lines: int
    total_fen: int
    withheld: int
    actor: str
    issued_at: datetime
    settled_at: datetime | None
    payments: dict[str, int]
    payments_fen: dict[str, int]
    slices: list[SliceOut]
    files: list[FileOut]


@router.get("/sets/{set_id}/order")
async def of_set(set_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(LOOK))]) -> OrderOut:
    """The order of a set; 404 while it has none."""
    async with room.tx() as tx:
        return _seen(actor, LOOK, await reads.order(tx, set_id=set_id))


@router.get("/orders/{order_id}")
async def look(order_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(LOOK))]) -> OrderOut:
    """An order: slices, files, payments by state."""
    async with room.tx() as tx:
        return _seen(actor, LOOK, await reads.order(tx, order_id=order_id))


@router.get("/orders/{order_id}/withheld")
async def withheld(
    order_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(LOOK))]
) -> list[WithheldOut]:
    """Lines that the order may not carry, each with its reason."""
    async with room.tx() as tx:
        _seen(actor, LOOK, await reads.order(tx, order_id=order_id))
        rows = await reads.withheld(tx, order_id)
    return [WithheldOut(**row, text=WITHHELD[row["reason"]]) for row in rows]


@router.get("/orders/{order_id}/file", response_class=Response)
async def download(
    order_id: str,
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(DOWNLOAD))],
    number: Annotated[int, Query(ge=1)] = 1,
) -> Response:
    """The bank file: whole for finance, masked for others. Each download is logged."""
    async with room.tx() as tx:
        _seen(actor, DOWNLOAD, await reads.order(tx, order_id=order_id))
        file = await reads.file_content(tx, order_id, number)
        if file is None or file["content"] is None:
            raise errors.not_found()
        whole = bool(actor.roles & _FINANCE)
        tx.audit(DOWNLOAD.name, f"bank_file:{file['file_id']}", actor.sub, masked=not whole)
    content = ports.unseal(room, file["file_id"], file["content"])
    if not whole:
        content = masked(content, file["encoding"])
    kind, suffix = ("application/xml", "xml") if is_xml(content) else ("text/plain", "txt")
    headers = {
        "content-disposition": f'attachment; filename="{file["file_id"]}.{suffix}"',
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }
    return Response(content, media_type=f"{kind}; charset={file['encoding']}", headers=headers)


def _seen(actor: Actor, operation: Operation, found: dict[str, Any] | None) -> OrderOut:
    if found is None:
        raise errors.not_found()
    authorize(actor, operation, Resource(region=found["county"], project=found["project"]))
    return OrderOut(**found)

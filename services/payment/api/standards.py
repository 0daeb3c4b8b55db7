"""补贴标准维护 (M31) and 指标: what a county's money is derived from and limited by."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from kit import errors
from kit.auth import Actor, Operation, Resource, Role, Zone, authorize, guarded_router, require
from kit.ids import named_id
from kit.money import check_price
from kit.service import CurrentRoom
from services.payment.domain.standards import StandardClash
from services.payment.store import quotas, standards
from services.payment.store.ledger import Book
from services.payment.store.tables import StandardRow

_COUNTY = frozenset({Role.COUNTY_HANDLER, Role.COUNTY_REVIEWER, Role.FINANCE_REVIEWER, Role.FINANCE_PAYER})
MAINTAIN = Operation("payment.maintain_standard", roles=frozenset({Role.COUNTY_HANDLER}), zone=Zone.FINANCE)
LIST_STANDARDS = Operation("payment.list_standards", roles=_COUNTY, zone=Zone.FINANCE)
GRANT = Operation("payment.grant_quota", roles=frozenset({Role.FINANCE_REVIEWER}), zone=Zone.FINANCE)
LIST_QUOTAS = Operation("payment.list_quotas", roles=_COUNTY, zone=Zone.FINANCE)

router = guarded_router(prefix="/api/payment/v1", tags=["standards"])


class StandardIn(BaseModel):
    """`unit_price` in yuan per unit as text, at most 8 decimals; in force until the next one starts.

    `ceiling_fen` is the most one line may get, e.g. of a machine paid by ratio (unit 元, price 0.3).
    """

    model_config = ConfigDict(extra="forbid")

    project: str = Field(min_length=1, max_length=40)
    county: str
    category: str = Field(min_length=1, max_length=60)
    unit: str = Field(default="人·月", max_length=20)
    unit_price: str = Field(max_length=20)
    ceiling_fen: int | None = Field(default=None, gt=0, le=10**13)
    valid_from: date


class StandardOut(BaseModel):
    standard_id: str
    project: str
    county: str
    category: str
    unit: str
    unit_price: str
    ceiling_fen: int | None
    valid_from: date
    valid_to: date | None


class QuotaIn(BaseModel):
    """`document_no` is the 指标文号: the same document counts once; another one raises the quota."""

    model_config = ConfigDict(extra="forbid")

    project: str = Field(min_length=1, max_length=40)
    county: str
    year: int = Field(ge=2000, le=2100)
    amount_fen: int = Field(gt=0, le=10**15)
    document_no: str = Field(min_length=1, max_length=60)


class QuotaOut(BaseModel):
    """Amounts in fen: granted in all, and where that money is now."""

    quota_id: str
    project: str
    county: str
    year: int
    granted_fen: int
    budget_fen: int
    committed_fen: int
    in_transit_fen: int
    paid_fen: int


@router.post("/standards", status_code=201)
async def maintain(
    body: StandardIn,
    room: CurrentRoom,
    response: Response,
    actor: Annotated[Actor, Depends(require(MAINTAIN))],
) -> StandardOut:
    """Maintain a standard; the same again is 200, a later one follows it, history is never repriced (409)."""
    authorize(actor, MAINTAIN, Resource(region=body.county, project=body.project))
    price = _price(body.unit_price)
    where = (body.project, body.county, body.category, body.valid_from.isoformat())
    fields = body.model_dump(exclude={"unit_price"}) | {"standard_id": named_id("standard", *where)}
    try:
        async with room.tx() as tx:
            row = StandardRow(**fields, unit_price=price, made_by=actor.sub, made_at=tx.wall)
            kept, new = await standards.maintain(tx, row)
            if new:
                tx.audit(MAINTAIN.name, f"standard:{kept.standard_id}", actor.sub, unit_price=str(price))
    except StandardClash:
        raise errors.conflict(
            "standard-clash",
            "已有同日或更晚生效的标准，历史标准不可更改",
            "a standard of the same or a later day exists; history is not repriced",
        ) from None
    response.status_code = 201 if new else 200
    return _standard(kept)


def _price(text: str) -> Decimal:
    try:
        if not re.fullmatch(r"\d{1,10}(\.\d{1,8})?", text, re.ASCII):
            raise ValueError
        price = check_price(Decimal(text))
        if price <= 0:
            raise ValueError
    except ValueError:
        raise errors.unprocessable(
            "bad-price", "单价应为正数，至多 8 位小数", "a unit price is positive, with at most 8 decimals"
        ) from None
    return price


def _standard(row: StandardRow) -> StandardOut:
    price = f"{row.unit_price:f}"
    whole, _, rest = price.partition(".")
    shown = f"{whole}.{rest.rstrip('0').ljust(2, '0')}"
    return StandardOut(**row.model_dump(exclude={"unit_price", "made_by", "made_at"}), unit_price=shown)


@router.get("/standards")
async def list_standards(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST_STANDARDS))],
    project: Annotated[str, Query()],
    county: Annotated[str, Query()],
) -> list[StandardOut]:
    """All standards of a county for a project, oldest first."""
    authorize(actor, LIST_STANDARDS, Resource(region=county, project=project))
    async with room.tx() as tx:
        return [_standard(row) for row in await standards.of(tx, project, county)]


@router.post("/quotas", status_code=201)
async def grant_quota(
    body: QuotaIn, room: CurrentRoom, response: Response, actor: Annotated[Actor, Depends(require(GRANT))]
) -> QuotaOut:
    """Give or raise a quota (指标下达, 追加) by a document."""
    authorize(actor, GRANT, Resource(region=body.county, project=body.project))
    book = Book(body.project, body.county, body.year)
    try:
        async with room.tx() as tx:
            new = await quotas.grant(tx, book, body.document_no, body.amount_fen, actor.sub)
            if new:
                quota = f"quota:{quotas.quota_id(book)}"
                tx.audit(
                    GRANT.name, quota, actor.sub, document_no=body.document_no, amount_fen=body.amount_fen
                )
            found = (await quotas.of(tx, body.project, body.county))[body.year]
    except quotas.OtherAmount:
        raise errors.conflict(
            "document-known", "该指标文号已登记，金额不同", "this document is known with another amount"
        ) from None
    response.status_code = 201 if new else 200
    return QuotaOut(**found)


@router.get("/quotas")
async def list_quotas(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST_QUOTAS))],
    project: Annotated[str, Query()],
    county: Annotated[str, Query()],
) -> list[QuotaOut]:
    """A county's quotas for a project by year."""
    authorize(actor, LIST_QUOTAS, Resource(region=county, project=project))
    async with room.tx() as tx:
        return [QuotaOut(**one) for one in (await quotas.of(tx, project, county)).values()]

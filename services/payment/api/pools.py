"""Pools of money divided by area: documents, who is expected, reservations for late townships, carrying over."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from kit import errors
from kit.auth import Actor, Operation, Resource, Role, Zone, authorize, guarded_router, require
from kit.db import Tx
from kit.service import CurrentRoom
from services.payment.store import pools
from services.payment.store.ledger import Book
from services.payment.store.pool_tables import Pool

_COUNTY = frozenset({Role.COUNTY_HANDLER, Role.COUNTY_REVIEWER, Role.FINANCE_REVIEWER, Role.FINANCE_PAYER})
_DESK = frozenset({Role.COUNTY_HANDLER, Role.COUNTY_REVIEWER})
ADD = Operation("payment.add_to_pool", roles=frozenset({Role.FINANCE_REVIEWER}), zone=Zone.FINANCE)
CARRY = Operation("payment.carry_pool", roles=frozenset({Role.FINANCE_REVIEWER}), zone=Zone.FINANCE)
EXPECT = Operation("payment.expect_townships", roles=_DESK, zone=Zone.FINANCE)
RESERVE = Operation("payment.reserve_area", roles=_DESK, zone=Zone.FINANCE)
LIST = Operation("payment.list_pools", roles=_COUNTY, zone=Zone.FINANCE)

router = guarded_router(prefix="/api/payment/v1", tags=["pools"])


class PoolIn(BaseModel):
    """`document_no` counts once; another one adds to the pool."""

    model_config = ConfigDict(extra="forbid")

    project: str = Field(min_length=1, max_length=40)
    county: str
    year: int = Field(ge=2000, le=2100)
    amount_fen: int = Field(gt=0, le=10**13)
    document_no: str = Field(min_length=1, max_length=60)


class CarryIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    from_year: int = Field(ge=2000, le=2100)


class TownshipsIn(BaseModel):
    """Townships that must come although nothing of them has arrived yet, in place of those named before."""

    model_config = ConfigDict(extra="forbid")

    townships: list[Annotated[str, Field(pattern=r"^\d{9}$")]] = Field(max_length=200)


class ReservationIn(BaseModel):
    """A late township's declared area (亩, as text): it counts as if it stood."""

    model_config = ConfigDict(extra="forbid")

    township: str = Field(pattern=r"^\d{9}$")
    area: str = Field(pattern=r"^\d{1,9}(\.\d{1,8})?$")
    reason: str = Field(min_length=1, max_length=200)


class ReservationOut(BaseModel):
    """`held_fen` is what it still holds; null while the pool has no price."""

    township: str
    area: Decimal
    reason: str
    held_fen: int | None
    at: datetime


class DocumentOut(BaseModel):
    document_no: str
    kind: str
    amount_fen: int
    at: datetime


class PoolOut(BaseModel):
    """`price` in yuan per 亩; granted = charged + held + remainder. `frozen_at`: 部门审核 was signed."""

    pool_id: str
    project: str
    county: str
    year: int
    price: Decimal | None
    area: Decimal | None
    priced_set: str | None
    frozen_at: datetime | None
    granted_fen: int
    charged_fen: int
    remainder_fen: int
    documents: list[DocumentOut]
    townships: list[str]
    reservations: list[ReservationOut]


@router.post("/pools", status_code=201)
async def add(
    body: PoolIn, room: CurrentRoom, response: Response, actor: Annotated[Actor, Depends(require(ADD))]
) -> PoolOut:
    """Open a county's pool of a year, or add to it, by a document; the same again is 200."""
    authorize(actor, ADD, Resource(region=body.county, project=body.project))
    book = Book(body.project, body.county, body.year)
    pool = pools.pool_id(book)
    try:
        async with room.tx() as tx:
            new = await pools.add(tx, book, body.document_no, body.amount_fen, actor.sub)
            if new:
                said = {"document_no": body.document_no, "amount_fen": body.amount_fen}
                tx.audit(ADD.name, f"pool:{pool}", actor.sub, **said)
            found = await _look(tx, pool)
    except pools.OtherAmount:
        raise errors.conflict(
            "document-known", "该文号已登记，金额不同", "this document is known with another amount"
        ) from None
    response.status_code = 201 if new else 200
    return found


@router.post("/pools/{pool_id}:carry")
async def carry(
    pool_id: str, body: CarryIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(CARRY))]
) -> PoolOut:
    """结转: take over the whole remainder of an earlier year's frozen pool."""
    try:
        async with room.tx() as tx:
            pool = await _locked(tx, actor, CARRY, pool_id)
            if body.from_year >= pool.year:
                raise errors.unprocessable(
                    "bad-year", "只能结转以前年度的余额", "only an earlier year carries over"
                )
            book = Book(pool.project, pool.county, pool.year)
            carried = await pools.carry(tx, book, body.from_year, actor.sub)
            if carried is None:
                raise errors.conflict(
                    "not-frozen", "该年度资金池不存在或尚未锁定单价", "there is no frozen pool of that year"
                )
            tx.audit(CARRY.name, f"pool:{pool_id}", actor.sub, from_year=body.from_year, amount_fen=carried)
            return await _look(tx, pool_id)
    except pools.TooLittle:
        raise errors.conflict("nothing-left", "没有可结转的余额", "nothing is left to carry over") from None


@router.put("/pools/{pool_id}/townships")
async def expect(
    pool_id: str, body: TownshipsIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(EXPECT))]
) -> PoolOut:
    """Name the townships that the price waits for, beside those whose lines are here."""
    async with room.tx() as tx:
        pool = await _locked(tx, actor, EXPECT, pool_id)
        if any(not one.startswith(pool.county) for one in body.townships):
            raise _foreign()
        await pools.expect(tx, pool_id, body.townships)
        tx.audit(EXPECT.name, f"pool:{pool_id}", actor.sub, townships=sorted(set(body.townships)))
        return await _look(tx, pool_id)


@router.post("/pools/{pool_id}/reservations", status_code=201)
async def reserve(
    pool_id: str, body: ReservationIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(RESERVE))]
) -> PoolOut:
    """Don't wait for a late township: let its declared area count, in place of an earlier declaration."""
    area = Decimal(body.area)
    if area <= 0:
        raise errors.unprocessable("bad-area", "面积应为正数", "an area is positive")
    try:
        async with room.tx() as tx:
            pool = await _locked(tx, actor, RESERVE, pool_id)
            if not body.township.startswith(pool.county):
                raise _foreign()
            await pools.reserve(tx, pool, body.township, area, body.reason, actor.sub)
            said = {"township": body.township, "area": body.area, "reason": body.reason}
            tx.audit(RESERVE.name, f"pool:{pool_id}", actor.sub, **said)
            return await _look(tx, pool_id)
    except pools.TooLittle as little:
        raise errors.conflict(
            "pool-too-small",
            f"余额不足以预留，差 {little.short_fen} 分",
            "the remainder can't hold this area",
        ) from None


@router.post("/pools/{pool_id}/reservations/{township}:release")
async def release(
    pool_id: str, township: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(RESERVE))]
) -> PoolOut:
    """Give a reservation's money back to the remainder."""
    async with room.tx() as tx:
        await _locked(tx, actor, RESERVE, pool_id)
        if not await pools.release(tx, pool_id, township, actor.sub):
            raise errors.not_found()
        tx.audit("payment.release_area", f"pool:{pool_id}", actor.sub, township=township)
        return await _look(tx, pool_id)


@router.get("/pools")
async def list_pools(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST))],
    project: Annotated[str, Query()],
    county: Annotated[str, Query()],
) -> list[PoolOut]:
    """A county's pools for a project by year."""
    authorize(actor, LIST, Resource(region=county, project=project))
    async with room.tx() as tx:
        return [_out(one) for one in await pools.of(tx, project, county)]


@router.get("/pools/{pool_id}")
async def look(pool_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(LIST))]) -> PoolOut:
    """One pool."""
    async with room.tx() as tx:
        await _locked(tx, actor, LIST, pool_id)
        return await _look(tx, pool_id)


async def _locked(tx: Tx, actor: Actor, operation: Operation, pool_id: str) -> Pool:
    pool = await pools.lock(tx, pool_id)
    if pool is None:
        raise errors.not_found()
    authorize(actor, operation, Resource(region=pool.county, project=pool.project))
    return pool


async def _look(tx: Tx, pool_id: str) -> PoolOut:
    found = await pools.look(tx, pool_id)
    assert found is not None, "it was there in this transaction"
    return _out(found)


def _out(found: dict[str, Any]) -> PoolOut:
    return PoolOut.model_validate(found)


def _foreign() -> errors.Problem:
    return errors.unprocessable("not-in-county", "乡镇不属于本县", "the township is not of this county")

"""支付申请与拨款凭证: what finance asks for, and the voucher without which an order is not sent."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from kit import errors
from kit.auth import Actor, Operation, Resource, Role, Zone, authorize, guarded_router, require
from kit.db import Tx
from kit.service import CurrentRoom
from services.payment.domain.vouchers import REFUSALS
from services.payment.handlers.building import build_files
from services.payment.store import reads, settling, vouchers
from services.payment.store.voucher_tables import PaymentRequest

_COUNTY = frozenset({Role.COUNTY_HANDLER, Role.COUNTY_REVIEWER, Role.FINANCE_REVIEWER, Role.FINANCE_PAYER})
LOOK = Operation("payment.look_at_request", roles=_COUNTY, zone=Zone.FINANCE)
REGISTER = Operation("payment.register_voucher", roles=frozenset({Role.FINANCE_PAYER}), zone=Zone.FINANCE)
WITHDRAW = Operation("payment.withdraw_request", roles=frozenset({Role.FINANCE_REVIEWER}), zone=Zone.FINANCE)

router = guarded_router(prefix="/api/payment/v1", tags=["vouchers"])


class VoucherIn(BaseModel):
    """`list_hash` and `amount_fen` as the voucher itself has them."""

    model_config = ConfigDict(extra="forbid")

    voucher_no: str = Field(min_length=1, max_length=60)
    amount_fen: int = Field(ge=0, le=10**15)
    list_hash: str = Field(pattern=r"^[0-9a-f]{64}$")


class WithdrawIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=200)


class VoucherOut(BaseModel):
    """`refusal` is null for the accepted one; `text` says it in words."""

    voucher_no: str
    amount_fen: int
    list_hash: str
    refusal: str | None
    text: str | None
    actor: str
    at: datetime


class RequestOut(BaseModel):
    """`state` waiting | vouched | refused; `list_hash` digests the order's lines in canonical form."""

    order_id: str
    list_hash: str
    lines: int
    total_fen: int
    mode: str
    state: str
    refusal: str | None
    drawn_at: datetime
    vouchers: list[VoucherOut]


@router.get("/orders/{order_id}/request")
async def look(
    order_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(LOOK))]
) -> RequestOut:
    """The payment request of an order with its vouchers."""
    async with room.tx() as tx:
        return await _out(tx, await _mine(tx, actor, LOOK, order_id))


@router.post("/orders/{order_id}/voucher", status_code=201)
async def register(
    order_id: str,
    body: VoucherIn,
    room: CurrentRoom,
    response: Response,
    actor: Annotated[Actor, Depends(require(REGISTER))],
) -> RequestOut:
    """Register the voucher. One that differs from the request is recorded and refused (422); nothing is sent."""
    try:
        async with room.tx() as tx:
            request = await _mine(tx, actor, REGISTER, order_id)
            if request.state == "refused":
                raise _withdrawn()
            said = (body.voucher_no, body.list_hash, body.amount_fen)
            done = await vouchers.register(tx, request, *said, actor.sub)
            if done.new:
                subject = f"order:{order_id}"
                tx.audit(
                    REGISTER.name,
                    subject,
                    actor.sub,
                    voucher_no=body.voucher_no,
                    amount_fen=body.amount_fen,
                    refusal=done.refusal,
                )
                tx.wake(build_files)
            out = await _out(tx, await _mine(tx, actor, REGISTER, order_id))
    except vouchers.NumberUsed:
        raise errors.conflict(
            "voucher-known",
            "该支付申请已有凭证，或凭证号已用于其他支付单",
            "this request has another voucher, or the number belongs to another order",
        ) from None
    if done.refusal:
        chinese, _, english = REFUSALS[done.refusal].partition(" (")
        raise errors.unprocessable("voucher-differs", chinese, english.rstrip(")"))
    response.status_code = 201 if done.new else 200
    return out


@router.post("/orders/{order_id}/request:withdraw")
async def withdraw(
    order_id: str, body: WithdrawIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(WITHDRAW))]
) -> RequestOut:
    """No voucher will come: the order's lines fail, their money returns to the quota. Only while it waits."""
    async with room.tx() as tx:
        # The order first, as the workers do.
        await vouchers.lock_order(tx, order_id)
        request = await _mine(tx, actor, WITHDRAW, order_id)
        if request.state != "waiting":
            raise errors.conflict(
                "not-waiting", "支付申请不在等待凭证", "this request does not wait for a voucher"
            )
        fen = await vouchers.refuse(tx, order_id, "withdrawn", actor.sub)
        tx.audit(WITHDRAW.name, f"order:{order_id}", actor.sub, reason=body.reason, restored_fen=fen)
        await settling.settle_if_done(tx, order_id)
        return await _out(tx, await _mine(tx, actor, WITHDRAW, order_id))


async def _mine(tx: Tx, actor: Actor, operation: Operation, order_id: str) -> PaymentRequest:
    order = await reads.order(tx, order_id=order_id)
    if order is None:
        raise errors.not_found()
    authorize(actor, operation, Resource(region=order["county"], project=order["project"]))
    request = await vouchers.request(tx, order_id)
    if request is None:
        raise errors.not_found()
    return request


async def _out(tx: Tx, request: PaymentRequest) -> RequestOut:
    rows = [
        VoucherOut(**one.model_dump(), text=REFUSALS[one.refusal] if one.refusal else None)
        for one in await vouchers.of_order(tx, request.order_id)
    ]
    return RequestOut(**request.model_dump(), vouchers=rows)


def _withdrawn() -> errors.Problem:
    return errors.conflict("request-refused", "支付申请已撤回或被拒", "this payment request was refused")

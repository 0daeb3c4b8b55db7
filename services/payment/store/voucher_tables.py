"""The tables of payment requests and vouchers as classes; the migrations are the truth."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Identity
from sqlmodel import Field

from services.payment.store.tables import Base, moment


class PaymentRequest(Base, table=True):
    """支付申请: the list of an order, by its digest and total."""

    __tablename__ = "payment_request"

    order_id: str = Field(primary_key=True, foreign_key="payment_order.order_id")
    list_hash: str
    lines: int
    total_fen: int
    mode: str
    state: str
    refusal: str | None = None
    drawn_at: datetime = Field(sa_column=moment())


class Voucher(Base, table=True):
    """拨款凭证, accepted or refused with the reason."""

    __tablename__ = "voucher"

    number: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    order_id: str = Field(foreign_key="payment_request.order_id")
    voucher_no: str
    list_hash: str
    amount_fen: int
    refusal: str | None = None
    actor: str
    at: datetime = Field(sa_column=moment())

"""The tables of orders, payments and the bank's files as classes; the migrations are the truth."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Column, Computed, Identity, LargeBinary
from sqlmodel import Field

from services.payment.store.tables import Base, moment


class PaymentOrder(Base, table=True):
    """支付申请 of a set."""

    __tablename__ = "payment_order"

    order_id: str = Field(primary_key=True)
    set_id: str
    project: str
    county: str
    period: str
    year: int
    state: str
    lines: int
    total_fen: int
    withheld: int
    command_id: str
    work_item_id: str
    actor: str
    issued_at: datetime = Field(sa_column=moment())
    settled_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))


class OrderSlice(Base, table=True):
    """A slice in an order, with the root that was recomputed."""

    __tablename__ = "order_slice"

    order_id: str = Field(primary_key=True, foreign_key="payment_order.order_id")
    slice_id: str = Field(primary_key=True)
    revision: int
    root: str
    exclusions: int
    township: str
    category: str
    lines: int
    total_fen: int


class Payment(Base, table=True):
    """One attempt to pay one entitlement."""

    __tablename__ = "payment"

    payment_id: str = Field(primary_key=True)
    attempt: int = Field(primary_key=True)
    line_id: str
    slice_id: str
    set_id: str
    order_id: str = Field(foreign_key="payment_order.order_id")
    file_id: str
    seq: int
    project: str
    county: str
    township: str
    village: str
    subject_id: str
    payee_id: str
    entitlement_period: str
    kind: str
    installment: int
    amount_fen: int
    net_fen: int
    paid_with: str | None = None
    paid_with_attempt: int | None = None
    state: str
    live: bool | None = Field(
        default=None, sa_column=Column(Computed("state", persisted=True), nullable=False)
    )
    code: str | None = None
    reason: str | None = None
    bank_ref: str | None = None
    paid_at: str | None = None
    committed_posting: str | None = Field(default=None, foreign_key="posting.posting_id")
    sent_posting: str | None = None
    settled_posting: str | None = None
    returned_posting: str | None = None
    decision_id: str | None = None


class ProjectTerms(Base, table=True):
    """What a project's manifest says about paying."""

    __tablename__ = "project_terms"

    project: str = Field(primary_key=True)
    version: str
    short_name: str
    payer_account: str
    bank: str


class WithheldRow(Base, table=True):
    """A line that waits for a person's decision."""

    __tablename__ = "withheld"

    order_id: str = Field(primary_key=True, foreign_key="payment_order.order_id")
    slice_id: str
    line_id: str = Field(primary_key=True)
    payment_id: str
    amount_fen: int
    reason: str


class BankFile(Base, table=True):
    """A file for the bank; its content is sealed and has a deletion date."""

    __tablename__ = "bank_file"

    file_id: str = Field(primary_key=True)
    order_id: str = Field(foreign_key="payment_order.order_id")
    project: str
    county: str
    number: int
    state: str
    format: str | None = None
    encoding: str | None = None
    lines: int | None = None
    total_fen: int | None = None
    sha256: str | None = None
    content: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    delete_after: date | None = None
    receipt_no: str | None = None
    refusal: str | None = None
    tries: int = 0
    next_try_at: datetime = Field(sa_column=moment())
    sent_posting: str | None = None
    built_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    sent_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))


class ResultFileRow(Base, table=True):
    """A result file, applied or refused."""

    __tablename__ = "result_file"

    number: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    file_id: str = Field(foreign_key="bank_file.file_id")
    bank_result_id: str
    sha256: str
    source: str
    state: str
    refusal: str | None = None
    lines: int
    paid: int
    failed: int
    unknown: int
    conflicts: int
    times: int = 1
    actor: str
    at: datetime = Field(sa_column=moment())


class UnknownPayment(Base, table=True):
    """A payment that only a query settles."""

    __tablename__ = "unknown_payment"

    payment_id: str = Field(primary_key=True)
    attempt: int = Field(primary_key=True)
    order_id: str
    since: datetime = Field(sa_column=moment())
    queries: int = 0
    next_query_at: datetime = Field(sa_column=moment())
    last_answer: str | None = None


class Conflict(Base, table=True):
    """Two contradictory words of the bank."""

    __tablename__ = "conflict"

    number: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    payment_id: str
    attempt: int
    order_id: str
    project: str
    county: str
    held: str
    claimed: str
    code: str | None = None
    source: str
    suspense_posting: str | None = None
    suspended_fen: int = 0
    settled_as: str | None = None
    decision_id: str | None = Field(default=None, foreign_key="decision.decision_id")
    at: datetime = Field(sa_column=moment())

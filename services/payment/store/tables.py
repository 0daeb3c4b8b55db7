"""The tables as classes; the migrations are the truth, and a test compares the two."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Column, DateTime, Identity, MetaData, Numeric
from sqlmodel import Field, SQLModel


class Base(SQLModel):
    """The room's own metadata: other rooms have tables of the same name in databases of their own."""

    metadata = MetaData()


def moment(nullable: bool = False) -> Column[datetime]:
    """A moment in time with its zone."""
    return Column(DateTime(timezone=True), nullable=nullable)


class StandardRow(Base, table=True):
    """A price of a category in a county from a day on."""

    __tablename__ = "standard"

    standard_id: str = Field(primary_key=True)
    project: str
    county: str
    category: str
    unit: str
    unit_price: Decimal = Field(sa_column=Column(Numeric(18, 8), nullable=False))
    ceiling_fen: int | None = None
    valid_from: date
    valid_to: date | None = None
    made_by: str
    made_at: datetime = Field(sa_column=moment())


class Calculation(Base, table=True):
    """One 测算 of a set."""

    __tablename__ = "calculation"

    calculation_id: str = Field(primary_key=True)
    set_id: str
    project: str
    county: str
    period: str
    priced_lines: int
    total_fen: int
    at: datetime = Field(sa_column=moment())


class CalculationStandard(Base, table=True):
    """A standard that a calculation pinned."""

    __tablename__ = "calculation_standard"

    calculation_id: str = Field(primary_key=True, foreign_key="calculation.calculation_id")
    category: str = Field(primary_key=True)
    entitlement_period: str = Field(primary_key=True)
    standard_id: str = Field(foreign_key="standard.standard_id")


class Quota(Base, table=True):
    """指标 of a county for a project and year; its money is the ledger's."""

    __tablename__ = "quota"

    quota_id: str = Field(primary_key=True)
    project: str
    county: str
    year: int


class QuotaGrant(Base, table=True):
    """A document that gave or raised a quota."""

    __tablename__ = "quota_grant"

    quota_id: str = Field(primary_key=True, foreign_key="quota.quota_id")
    document_no: str = Field(primary_key=True)
    amount_fen: int
    granted_by: str
    granted_at: datetime = Field(sa_column=moment())


class Reservation(Base, table=True):
    """What a set holds of its quota."""

    __tablename__ = "reservation"

    set_id: str = Field(primary_key=True)
    quota_id: str = Field(foreign_key="quota.quota_id")
    reserved_fen: int
    posting_id: str
    order_id: str | None = None


class SliceHead(Base, table=True):
    """What the lines of a slice have in common."""

    __tablename__ = "slice_head"

    slice_id: str = Field(primary_key=True)
    batch_id: str
    project: str
    period: str
    county: str
    township: str
    category: str


class LineExclusion(Base, table=True):
    """Exclusion record of a slice, as batch stated it."""

    __tablename__ = "line_exclusion"

    slice_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    line_id: str
    reason: str


class Account(Base, table=True):
    """A ledger account; the balance follows its entries."""

    __tablename__ = "account"

    account_id: str = Field(primary_key=True)
    project: str
    county: str
    year: int
    kind: str
    balance_fen: int = 0


class Posting(Base, table=True):
    """One balanced movement of money."""

    __tablename__ = "posting"

    posting_id: str = Field(primary_key=True)
    number: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False)
    )
    kind: str
    project: str
    county: str
    year: int
    set_id: str | None = None
    order_id: str | None = None
    file_id: str | None = None
    case_id: str | None = None
    memo: str
    actor: str
    business_day: date
    at: datetime = Field(sa_column=moment())
    transaction_id: int


class Entry(Base, table=True):
    """What one account gains by a posting."""

    __tablename__ = "entry"

    posting_id: str = Field(primary_key=True, foreign_key="posting.posting_id")
    account_id: str = Field(primary_key=True, foreign_key="account.account_id")
    amount_fen: int

"""The tables of a county's year: what application and registry state, deductions, adjustments, overpayments."""

from datetime import date, datetime

from sqlalchemy import BigInteger
from sqlmodel import Field

from services.batch.store.tables import BatchTable, document, moment


class Enrolment(BatchTable, table=True):
    """An enrolment as `application` last stated it."""

    __tablename__ = "enrolment"

    enrolment_id: str = Field(primary_key=True)
    application_id: str
    rev: int
    project: str
    county: str
    township: str
    village: str
    subject_id: str
    payee_id: str
    category: str
    quantity: str
    state: str
    valid_from: str
    valid_to: str | None = None
    reason: str | None = None


class Payee(BatchTable, table=True):
    """Who is paid for a beneficiary, as approved; `project` '' for every project."""

    __tablename__ = "payee"

    subject_id: str = Field(primary_key=True)
    project: str = Field(primary_key=True)
    rev: int = Field(primary_key=True)
    payee_id: str
    valid_from: date
    valid_to: date | None = None


class Household(BatchTable, table=True):
    """The head of a household from a day on."""

    __tablename__ = "household"

    household_id: str = Field(primary_key=True)
    rev: int = Field(primary_key=True)
    subject_id: str
    head_id: str
    effective_on: date


class Deduction(BatchTable, table=True):
    """扣回 as ordered; waits while no line but a void one stands for it."""

    __tablename__ = "deduction"

    case_id: str = Field(primary_key=True)
    installment: int = Field(primary_key=True)
    application_id: str
    subject_id: str
    project: str
    county: str
    amount_fen: int = Field(sa_type=BigInteger)
    entitlement_period: str
    from_period: str
    ordered_at: datetime = moment()


class Adjustment(BatchTable, table=True):
    """补发 as proposed, and what another person decided."""

    __tablename__ = "adjustment"

    adjustment_id: str = Field(primary_key=True)
    batch_id: str
    project: str
    county: str
    township: str
    kind: str
    application_ids: list[str] = document()
    entitlement_periods: list[str] = document()
    installment: int
    reason: str
    state: str
    proposed_by: str
    proposed_at: datetime = moment()
    decided_by: str | None = None
    decided_at: datetime | None = moment(nullable=True)
    opinion: str | None = None


class Overpayment(BatchTable, table=True):
    """A line that is not owed although its order was fixed; stated once it is paid."""

    __tablename__ = "overpayment"

    line_id: str = Field(primary_key=True)
    reason: str
    found_at: datetime = moment()
    stated_at: datetime | None = moment(nullable=True)


class ObjectionHold(BatchTable, table=True):
    """An accepted objection that names a line."""

    __tablename__ = "objection_hold"

    objection_id: str = Field(primary_key=True)
    line_id: str
    accepted_at: datetime = moment()
    concluded_at: datetime | None = moment(nullable=True)
    upheld: bool | None = None


class Arrival(BatchTable, table=True):
    """A slice whose results of a check or an order have been applied."""

    __tablename__ = "arrival"

    stream: str = Field(primary_key=True)
    slice_id: str = Field(primary_key=True)

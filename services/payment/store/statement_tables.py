"""The tables of the bank's daily statements as classes; the migrations are the truth."""

from datetime import date, datetime

from sqlalchemy import JSON, Column
from sqlmodel import Field

from services.payment.store.tables import Base, moment


class Statement(Base, table=True):
    """A day's statement of one county's account for a project, as it came."""

    __tablename__ = "statement"

    statement_id: str = Field(primary_key=True)
    project: str
    county: str
    day: date
    source: str
    sha256: str
    entries: int
    debit_fen: int
    credit_fen: int
    actor: str
    at: datetime = Field(sa_column=moment())


class StatementEntry(Base, table=True):
    """One movement on the account. `direction` debit: money left us; credit: money came."""

    __tablename__ = "statement_entry"

    entry_id: str = Field(primary_key=True)
    statement_id: str = Field(foreign_key="statement.statement_id")
    project: str
    county: str
    year: int
    day: date
    bank_ref: str
    direction: str
    kind: str
    amount_fen: int
    end_to_end_id: str | None = None
    reference: str | None = None
    code: str | None = None
    state: str
    why: str | None = None
    payment_id: str | None = None
    attempt: int | None = None
    case_id: str | None = Field(default=None, foreign_key="recovery.case_id")
    suspended_fen: int = 0
    posting_id: str | None = Field(default=None, foreign_key="posting.posting_id")
    decision_id: str | None = Field(default=None, foreign_key="decision.decision_id")


class ReconciliationRun(Base, table=True):
    """每日对账: a day of an account, due or booked, and what it came to then; amounts in fen."""

    __tablename__ = "reconciliation_run"

    project: str = Field(primary_key=True)
    county: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    state: str
    tries: int = 0
    next_try_at: datetime = Field(sa_column=moment())
    why: str | None = None
    entries: int = 0
    matched: int = 0
    suspended: int = 0
    suspended_fen: int = 0
    agrees: bool | None = None
    differences: dict[str, int] = Field(sa_column=Column(JSON, nullable=False))
    booked_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))

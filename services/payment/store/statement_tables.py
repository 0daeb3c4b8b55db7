"""The tables of the bank's daily statements as classes; the migrations are the truth."""

from datetime import date, datetime

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

"""The tables of decisions by two people and of recoveries as classes; the migrations are the truth."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field

from services.payment.store.tables import Base, moment


class Decision(Base, table=True):
    """What one person proposed and another decided."""

    __tablename__ = "decision"

    decision_id: str = Field(primary_key=True)
    about: str
    resource: str
    project: str
    county: str
    choice: str
    evidence: str
    detail: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    state: str
    proposed_by: str
    proposed_at: datetime = Field(sa_column=moment())
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))


class Recovery(Base, table=True):
    """追回: money that was paid without being owed."""

    __tablename__ = "recovery"

    case_id: str = Field(primary_key=True)
    payment_id: str
    attempt: int
    line_id: str
    application_id: str
    subject_id: str
    payee_id: str
    project: str
    county: str
    township: str
    entitlement_period: str
    year: int
    reason: str
    source: str
    state: str
    claimed_fen: int
    deducted_fen: int = 0
    repaid_fen: int = 0
    written_off_fen: int = 0
    withdrawn_fen: int = 0
    notice_no: str | None = None
    noticed_on: date | None = None
    due_on: date | None = None
    opened_by: str
    opened_at: datetime = Field(sa_column=moment())

    @property
    def open_fen(self) -> int:
        """What is still to come, in fen: the case's part of the account `receivable`."""
        gone = self.deducted_fen + self.repaid_fen + self.written_off_fen + self.withdrawn_fen
        return self.claimed_fen - gone


class Instalment(Base, table=True):
    """One part of a recovery: kept back from a payment, or repaid in cash."""

    __tablename__ = "instalment"

    case_id: str = Field(primary_key=True, foreign_key="recovery.case_id")
    number: int = Field(primary_key=True)
    means: str
    amount_fen: int
    state: str
    installment: int | None = None
    payment_id: str | None = None
    from_period: str | None = None
    posting_id: str | None = Field(default=None, foreign_key="posting.posting_id")
    entry_id: str | None = None
    booked_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))

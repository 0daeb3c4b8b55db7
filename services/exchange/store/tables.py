"""The tables as classes; the migrations are the truth, and a test compares the two."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel


def _moment(nullable: bool = True) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _texts() -> Any:
    return Field(sa_column=Column(ARRAY(Text), nullable=False))


def _sealed() -> Any:
    return Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class Base(SQLModel):
    """This room's tables: another room may have one of the same name."""

    metadata = MetaData()


class Agency(Base, table=True):
    """Another agency, and why it may have data at all."""

    __tablename__ = "agency"

    code: str = Field(primary_key=True)
    name: str
    legal_basis: str
    contact: str
    created_at: datetime = _moment(nullable=False)
    created_by: str


class Agreement(Base, table=True):
    """What an agency may have: the allow-list of facts, projects and regions, and its limits."""

    __tablename__ = "agreement"

    agreement_id: str = Field(primary_key=True)
    agency: str
    types: list[str] = _texts()
    projects: list[str] = _texts()
    regions: list[str] = _texts()
    purpose: str
    valid_from: date
    valid_to: date | None = None
    requests_per_minute: int
    page_size: int
    subjects_per_day: int
    state: str
    opened_by: str
    opened_at: datetime = _moment(nullable=False)
    decided_by: str | None = None
    decided_at: datetime | None = _moment()
    revoked_by: str | None = None
    revoked_at: datetime | None = _moment()
    reason: str | None = None
    fact_seq: int = 0


class EnrolmentRow(Base, table=True):
    """An enrolment as last stated."""

    __tablename__ = "enrolment"

    enrolment_id: str = Field(primary_key=True)
    rev: int
    subject_id: str
    project: str
    county: str
    township: str
    category: str
    quantity: str
    state: str
    valid_from: str
    valid_to: str | None = None


class LineRow(Base, table=True):
    """What a payment's fact needs of its line."""

    __tablename__ = "line"

    line_id: str = Field(primary_key=True)
    slice_id: str
    rev: int
    subject_id: str
    project: str
    county: str
    township: str
    category: str
    entitlement_period: str
    kind: str
    installment: int
    amount_fen: int | None = None


class SliceRow(Base, table=True):
    """Which revision of a slice is here, and which one was paid."""

    __tablename__ = "slice"

    slice_id: str = Field(primary_key=True)
    stated_revision: int = 0
    frozen_revision: int | None = None


class BankResult(Base, table=True):
    """A bank's result that becomes a fact once its line is known as it was paid."""

    __tablename__ = "bank_result"

    fact_id: str = Field(primary_key=True)
    slice_id: str
    line_id: str
    name: str
    at: datetime = _moment(nullable=False)
    told: bool = False


class Fact(Base, table=True):
    """Something that happened, for nobody in particular; `body` without references."""

    __tablename__ = "fact"

    seq: int = Field(primary_key=True)
    fact_id: str
    name: str
    subject_id: str | None = None
    ref: str | None = None
    project: str
    county: str
    township: str | None = None
    at: datetime = _moment(nullable=False)
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class FeedRow(Base, table=True):
    """One agency's `position`-th fact."""

    __tablename__ = "feed"

    agency: str = Field(primary_key=True)
    position: int = Field(primary_key=True)
    fact_seq: int
    event_id: str


class Subscription(Base, table=True):
    """How a part of the feed travels: to the agency's topic, or to a webhook."""

    __tablename__ = "subscription"

    subscription_id: str = Field(primary_key=True)
    agency: str
    channel: str
    types: list[str] = _texts()
    projects: list[str] = _texts()
    regions: list[str] = _texts()
    state: str
    endpoint: str | None = None
    secret_sealed: bytes | None = _sealed()
    former_sealed: bytes | None = _sealed()
    former_until: datetime | None = _moment()
    position: int = 0
    attempts: int = 0
    next_at: datetime | None = _moment()
    dead_in_row: int = 0
    opened_at: datetime = _moment(nullable=False)


class DeadLetter(Base, table=True):
    """An event that a webhook never took."""

    __tablename__ = "dead_letter"

    subscription_id: str = Field(primary_key=True)
    position: int = Field(primary_key=True)
    attempts: int
    reason: str
    at: datetime = _moment(nullable=False)
    delivered_at: datetime | None = _moment()


class Replay(Base, table=True):
    """A part of the feed, told again on the agency's topic."""

    __tablename__ = "replay"

    replay_id: str = Field(primary_key=True)
    agency: str
    since: datetime = _moment(nullable=False)
    asked_at: datetime = _moment(nullable=False)
    position: int
    last_position: int
    events: int = 0
    done_at: datetime | None = _moment()


class Usage(Base, table=True):
    """How much of a limit is used in a window."""

    __tablename__ = "usage"

    agency: str = Field(primary_key=True)
    what: str = Field(primary_key=True)
    since: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    used: int


class Token(Base, table=True):
    """An agency's own token of a person (none of somebody erased), and the pseudonym it gets."""

    __tablename__ = "token"

    agency: str = Field(primary_key=True)
    subject_id: str = Field(primary_key=True)
    token: str | None = None
    pseudonym: str


class Callback(Base, table=True):
    """An asynchronous question whose answer goes to the agency's own, challenged endpoint."""

    __tablename__ = "callback"

    correlation_id: str = Field(primary_key=True)
    agency: str
    subscription_id: str
    uri: str
    kind: str
    request: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    asked_at: datetime = _moment(nullable=False)
    attempts: int = 0
    next_at: datetime | None = _moment()
    state: str = "waiting"
    reason: str | None = None

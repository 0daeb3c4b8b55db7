"""The tables as classes; the migrations are the truth, and a test compares the two."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


def _moment(nullable: bool = True) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _fen() -> Any:
    return Field(sa_column=Column(BigInteger, nullable=False))


def _json() -> Any:
    return Field(sa_column=Column(JSONB, nullable=False))


def _sealed() -> Any:
    return Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class Base(SQLModel):
    """This room's tables: another room may have one of the same name."""

    metadata = MetaData()


class Project(Base, table=True):
    """The newest deployed version's names."""

    __tablename__ = "project"

    project: str = Field(primary_key=True)
    version: str
    name: str
    nodes: dict[str, str] = _json()


class Application(Base, table=True):
    """Where an application belongs, and whose it is."""

    __tablename__ = "application"

    application_id: str = Field(primary_key=True)
    project: str
    township: str
    subject_id: str


class SliceRow(Base, table=True):
    """Where a slice belongs."""

    __tablename__ = "slice"

    slice_id: str = Field(primary_key=True)
    batch_id: str
    project: str
    period: str
    county: str
    township: str
    category: str


class SetRow(Base, table=True):
    """A 送审集."""

    __tablename__ = "settlement_set"

    set_id: str = Field(primary_key=True)
    batch_id: str
    project: str
    period: str
    county: str


class SetSlice(Base, table=True):
    """A slice was in a set."""

    __tablename__ = "set_slice"

    set_id: str = Field(primary_key=True)
    slice_id: str = Field(primary_key=True)


class LineRow(Base, table=True):
    """A line as last stated."""

    __tablename__ = "line"

    line_id: str = Field(primary_key=True)
    application_id: str
    subject_id: str
    slice_id: str
    rev: int
    state: str
    entitlement_period: str
    project: str
    county: str
    township: str


class LinePlace(Base, table=True):
    """A line was in a slice, since then."""

    __tablename__ = "line_place"

    line_id: str = Field(primary_key=True)
    slice_id: str = Field(primary_key=True)
    since: datetime = _moment(nullable=False)


class Item(Base, table=True):
    """Something that waits, or waited, for a person."""

    __tablename__ = "item"

    item_id: str = Field(primary_key=True)
    kind: str
    business_key: str
    project: str | None = None
    region: str
    node: str
    role: str
    opened_at: datetime = _moment(nullable=False)
    due_at: datetime | None = _moment()
    closed_at: datetime | None = _moment()
    decision: str | None = None
    actor: str | None = None


class Step(Base, table=True):
    """Something that happened to a subject."""

    __tablename__ = "step"

    message_id: str = Field(primary_key=True)
    subject: str
    ref: str
    at: datetime = _moment(nullable=False)
    node: str
    what: str
    detail: dict[str, Any] = _json()


class PaymentResult(Base, table=True):
    """The bank's word on a line."""

    __tablename__ = "payment_result"

    line_id: str = Field(primary_key=True)
    order_id: str = Field(primary_key=True)
    state: str
    code: str | None = None
    at: datetime = _moment(nullable=False)


class Interception(Base, table=True):
    """A rule stopped a line or an application."""

    __tablename__ = "interception"

    subject: str = Field(primary_key=True)
    ref: str = Field(primary_key=True)
    rule: str = Field(primary_key=True)
    stage: str = Field(primary_key=True)
    slice_id: str | None = None
    effect: str
    first_at: datetime = _moment(nullable=False)


class HitDecision(Base, table=True):
    """Two people confirmed or lifted a hit."""

    __tablename__ = "hit_decision"

    hit_id: str = Field(primary_key=True)
    project: str
    county: str
    township: str
    rule: str
    stage: str
    confirmed: bool
    at: datetime = _moment(nullable=False)


class Recovery(Base, table=True):
    """A 追回 case as payment last stated it; amounts in fen."""

    __tablename__ = "recovery"

    case_id: str = Field(primary_key=True)
    line_id: str
    project: str
    county: str
    township: str
    state: str
    claimed_fen: int = _fen()
    recovered_fen: int = _fen()
    written_off_fen: int = _fen()


class UrgeOrder(Base, table=True):
    """One 督办 order and its handling."""

    __tablename__ = "urge_order"

    order_id: str = Field(primary_key=True)
    item_id: str
    subject_kind: str
    business_key: str
    project: str | None = None
    region: str
    node: str
    role: str
    overdue_since: datetime = _moment(nullable=False)
    named: str | None = None
    note_sealed: bytes | None = _sealed()
    issued_by: str
    issued_at: datetime = _moment(nullable=False)
    state: str
    answered_by: str | None = None
    answered_at: datetime | None = _moment()
    answer_sealed: bytes | None = _sealed()
    done_at: datetime | None = _moment()
    done_by: str | None = None


class Watch(Base, table=True):
    """关注: one official follows one thing."""

    __tablename__ = "watch"

    watch_id: str = Field(primary_key=True)
    username: str
    kind: str
    ref: str
    project: str | None = None
    region: str
    since: datetime = _moment(nullable=False)

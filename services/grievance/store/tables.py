"""The tables as classes; the migrations are the truth, and a test compares the two."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, DateTime, LargeBinary, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


def _moment(nullable: bool = True) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _sealed(nullable: bool = True) -> Any:
    return Field(default=None, sa_column=Column(LargeBinary, nullable=nullable))


class Base(SQLModel):
    """This room's tables: another room may have one of the same name."""

    metadata = MetaData()


class LineRow(Base, table=True):
    """Where a line stands: enough to accept a case against it."""

    __tablename__ = "line"

    line_id: str = Field(primary_key=True)
    slice_id: str
    rev: int
    subject_id: str
    project: str
    county: str
    township: str


class Case(Base, table=True):
    """One complaint, objection or message."""

    __tablename__ = "case_file"

    case_id: str = Field(primary_key=True)
    kind: str = "objection"
    about: str | None = None
    channel: int = 1
    department: str | None = None
    anonymous: bool = False
    public: bool = False
    notice_id: str | None = None
    line_id: str | None = None
    slice_id: str | None = None
    project: str | None = None
    county: str
    township: str | None = None
    complainant: str | None = None
    handler: str | None = None
    topic: str
    text_sealed: bytes = _sealed(nullable=False)
    state: str
    registered_at: datetime = _moment(nullable=False)
    due_on: date
    escalates_on: date | None = None
    hold_id: str | None = None
    accepted_at: datetime | None = _moment()
    accepted_by: str | None = None
    refused_at: datetime | None = _moment()
    refused_by: str | None = None
    refusal_sealed: bytes | None = _sealed()
    surveyed_at: datetime | None = _moment()
    surveyed_by: str | None = None
    findings: list[str] | None = Field(default=None, sa_column=Column(JSONB, nullable=True))
    findings_sealed: bytes | None = _sealed()
    concluded_at: datetime | None = _moment()
    concluded_by: str | None = None
    upheld: bool | None = None
    opinion_sealed: bytes | None = _sealed()
    announced_at: datetime | None = _moment()
    replied_at: datetime | None = _moment()
    replied_by: str | None = None
    reply_sealed: bytes | None = _sealed()
    rated_at: datetime | None = _moment()
    satisfied: bool | None = None
    rating_sealed: bytes | None = _sealed()
    reopened_at: datetime | None = _moment()
    closed_at: datetime | None = _moment()


class CaseStep(Base, table=True):
    """A step as it was taken, with the words of then."""

    __tablename__ = "case_step"

    case_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    step: str
    at: datetime = _moment(nullable=False)
    actor: str
    words_sealed: bytes | None = _sealed()


class Recusal(Base, table=True):
    """An official who neither sees nor handles a case."""

    __tablename__ = "recusal"

    case_id: str = Field(primary_key=True)
    username: str = Field(primary_key=True)
    why: str
    at: datetime = _moment(nullable=False)


class Image(Base, table=True):
    """A sealed picture of a case."""

    __tablename__ = "image"

    image_id: str = Field(primary_key=True)
    case_id: str
    of_complainant: bool
    media_type: str
    digest: str
    sealed: bytes = _sealed(nullable=False)
    at: datetime = _moment(nullable=False)
    by: str

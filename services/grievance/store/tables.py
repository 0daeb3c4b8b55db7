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
    """Where a line stands: enough to accept an objection against it."""

    __tablename__ = "line"

    line_id: str = Field(primary_key=True)
    slice_id: str
    rev: int
    subject_id: str
    project: str
    county: str
    township: str


class Objection(Base, table=True):
    """One citizen's objection against one line."""

    __tablename__ = "objection"

    objection_id: str = Field(primary_key=True)
    notice_id: str
    line_id: str
    slice_id: str
    project: str
    county: str
    township: str
    complainant: str
    topic: str
    text_sealed: bytes = _sealed(nullable=False)
    state: str
    registered_at: datetime = _moment(nullable=False)
    due_on: date
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

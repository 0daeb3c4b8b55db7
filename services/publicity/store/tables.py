"""The tables as classes; the migrations are the truth, and a test compares the two."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


def _moment(nullable: bool = True) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


class Base(SQLModel):
    """This room's tables: another room may have one of the same name."""

    metadata = MetaData()


class Project(Base, table=True):
    """The newest deployed manifest: rounds, days and kind of days."""

    __tablename__ = "project"

    project: str = Field(primary_key=True)
    version: str
    manifest: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class ProjectVersion(Base, table=True):
    """A deployed manifest, kept for the notices whose command names it."""

    __tablename__ = "project_version"

    project: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    manifest: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class SliceRow(Base, table=True):
    """Where a slice belongs."""

    __tablename__ = "slice"

    slice_id: str = Field(primary_key=True)
    project: str
    period: str
    county: str
    township: str
    category: str


class SetRound(Base, table=True):
    """One publicity round of a set."""

    __tablename__ = "set_round"

    command_id: str = Field(primary_key=True)
    set_id: str
    project: str
    county: str
    round: int
    closed_at: datetime | None = _moment()
    closed_by: str | None = None


class Notice(Base, table=True):
    """One notice of one slice in one round."""

    __tablename__ = "notice"

    notice_id: str = Field(primary_key=True)
    command_id: str
    set_id: str | None = None
    slice_id: str
    revision: int
    project: str
    period: str
    county: str
    township: str
    round: int
    with_amounts: bool
    state: str
    title: str
    medium: str = "offline"
    place: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    generating: bool = False
    lines: int | None = None
    created_at: datetime = _moment(nullable=False)
    published_at: datetime | None = _moment()
    ended_at: datetime | None = _moment()
    confirmed_at: datetime | None = _moment()
    confirmed_by: str | None = None
    published_lines: int | None = None
    project_version: str | None = None
    scope: str = "all"
    across_periods: bool = False


class NoticeRow(Base, table=True):
    """One published line. `masked` and `posted` are the two places outside the registry with names."""

    __tablename__ = "notice_row"

    notice_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    line_id: str
    subject_id: str
    rev: int
    village: str
    quantity: str
    amount_fen: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    masked: str | None = None
    posted: str | None = None
    application_id: str | None = None
    kind: str = "normal"


class LineStanding(Base, table=True):
    """Whether a line was held, freed or excluded since its revision was stated."""

    __tablename__ = "line_standing"

    slice_id: str = Field(primary_key=True)
    line_id: str = Field(primary_key=True)
    standing: str
    rev: int


class Photo(Base, table=True):
    """A sealed photo with its date and digest."""

    __tablename__ = "photo"

    photo_id: str = Field(primary_key=True)
    notice_id: str
    moment: str
    taken_on: date
    media_type: str
    digest: str
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    uploaded_at: datetime = _moment(nullable=False)
    uploaded_by: str

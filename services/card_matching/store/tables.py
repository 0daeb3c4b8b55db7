"""The tables as classes; the migrations are the truth, and a test compares the two."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, DateTime, MetaData
from sqlmodel import Field, SQLModel


class Base(SQLModel):
    """The room's own metadata: other rooms have tables of the same name in databases of their own."""

    metadata = MetaData()


def _moment(nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


class ProjectTerms(Base, table=True):
    """A project's parameters."""

    __tablename__ = "project"

    project: str = Field(primary_key=True)
    version: str
    fresh_days: int
    most_asks: int
    recheck_days: int = 0


class SliceHead(Base, table=True):
    """Where a slice belongs."""

    __tablename__ = "slice"

    slice_id: str = Field(primary_key=True)
    project: str
    county: str
    township: str


class CardMatch(Base, table=True):
    """One 人社匹卡."""

    __tablename__ = "card_match"

    match_id: str = Field(primary_key=True)
    slice_id: str
    revision: int
    project: str
    county: str
    township: str
    most_asks: int
    at: datetime = _moment()
    done_at: datetime | None = _moment(nullable=True)
    check_id: str | None = Field(default=None, foreign_key="recheck.check_id")
    payees_checked: bool = False


class Recheck(Base, table=True):
    """A check of a set before the file."""

    __tablename__ = "recheck"

    check_id: str = Field(primary_key=True)
    set_id: str
    project: str
    slices: int
    at: datetime = _moment()
    done_at: datetime | None = _moment(nullable=True)


class Unauthorised(Base, table=True):
    """A payee who may not receive this beneficiary's money."""

    __tablename__ = "unauthorised"

    match_id: str = Field(primary_key=True, foreign_key="card_match.match_id")
    subject_id: str = Field(primary_key=True)
    payee_id: str = Field(primary_key=True)


class Distrusted(Base, table=True):
    """A payee whose account failed at the bank."""

    __tablename__ = "distrusted"

    payee_id: str = Field(primary_key=True)
    since: datetime = _moment()


class MatchPart(Base, table=True):
    """One request to the agency."""

    __tablename__ = "match_part"

    match_id: str = Field(primary_key=True, foreign_key="card_match.match_id")
    part: int = Field(primary_key=True)
    operation: str
    tries: int = 0
    lies: int = 0
    next_at: datetime = _moment()
    done: bool = False


class PartPerson(Base, table=True):
    """Somebody in a request."""

    __tablename__ = "part_person"

    match_id: str = Field(primary_key=True)
    part: int = Field(primary_key=True)
    payee_id: str = Field(primary_key=True)


class MatchPerson(Base, table=True):
    """A payee of a match."""

    __tablename__ = "match_person"

    match_id: str = Field(primary_key=True, foreign_key="card_match.match_id")
    payee_id: str = Field(primary_key=True)
    part: int
    status: str
    reason: str | None = None
    asks: int = 0
    settled_at: datetime | None = _moment(nullable=True)

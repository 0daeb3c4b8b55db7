"""The tables as classes; the migrations are the truth, and a test compares the two."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, DateTime, LargeBinary, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Base(SQLModel):
    """This room's tables: another room may have one of the same name."""

    metadata = MetaData()


class Subject(Base, table=True):
    """One person: a random id, a keyed index of the number, and a sealed envelope."""

    __tablename__ = "subject"

    subject_id: str = Field(primary_key=True)
    blind_index: str = Field(unique=True)
    wrapped_key: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    erased_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))


class SubjectRegion(Base, table=True):
    """A township that has to do with a person."""

    __tablename__ = "subject_region"

    subject_id: str = Field(primary_key=True, foreign_key="subject.subject_id")
    township: str = Field(primary_key=True)
    since: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class AccountRow(Base, table=True):
    """A person's account, sealed under the person's key."""

    __tablename__ = "account"

    subject_id: str = Field(primary_key=True, foreign_key="subject.subject_id")
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class Household(Base, table=True):
    """A household as a beneficiary, with a subject id of its own."""

    __tablename__ = "household"

    household_id: str = Field(primary_key=True)
    subject_id: str = Field(unique=True)
    township: str
    head_id: str = Field(foreign_key="subject.subject_id")
    rev: int
    since: date


class HouseholdMember(Base, table=True):
    """Who lives in a household, from when to when."""

    __tablename__ = "household_member"

    household_id: str = Field(primary_key=True, foreign_key="household.household_id")
    subject_id: str = Field(primary_key=True, foreign_key="subject.subject_id")
    joined_on: date = Field(primary_key=True)
    left_on: date | None = None


class Mandate(Base, table=True):
    """Who may receive a beneficiary's money, and on what ground."""

    __tablename__ = "mandate"

    subject_id: str = Field(primary_key=True)
    project: str = Field(default="", primary_key=True)
    rev: int = Field(primary_key=True)
    payee_id: str
    basis: str
    valid_from: date
    valid_to: date | None = None
    change_id: str


class Change(Base, table=True):
    """What one official proposes and another one decides."""

    __tablename__ = "change"

    change_id: str = Field(primary_key=True)
    kind: str
    subject_id: str
    township: str
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    reason: str
    sealed_under: str = Field(foreign_key="subject.subject_id")
    sealed_name: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    evidence_digest: str
    evidence: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    state: str
    proposed_by: str
    proposed_region: str
    proposed_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    decided_by: str | None = None
    decided_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=True)
    )

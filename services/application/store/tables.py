"""The tables as classes; the migrations are the truth, and a test compares the two."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, DateTime, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Base(SQLModel):
    """This room's tables: another room may have one of the same name."""

    metadata = MetaData()


def _moment() -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=False))


def _json() -> Any:
    return Field(sa_column=Column(JSONB, nullable=False))


class Project(Base, table=True):
    """Newest deployed version of a project."""

    __tablename__ = "project"

    project: str = Field(primary_key=True)
    version: str
    manifest: dict[str, Any] = _json()
    form_schema: dict[str, Any] = _json()
    deployed_at: datetime = _moment()


class Application(Base, table=True):
    """One person's application for one project."""

    __tablename__ = "application"

    application_id: str = Field(primary_key=True)
    receipt: str = Field(unique=True)
    project: str
    project_version: str | None = None
    county: str
    township: str
    village: str | None = None
    subject_id: str
    category: str
    channel: str
    form: dict[str, Any] = _json()
    state: str
    live: bool
    reasons: list[str] = _json()
    submitted_by: str
    submitted_on: date
    at: datetime = _moment()
    roster_id: str | None = None
    row_id: str | None = None
    quantity: str = "1"
    payee_id: str | None = None
    renewed_roster: str | None = None
    renewed_row: str | None = None
    refusals: int = 0


class Consent(Base, table=True):
    """M2: what was agreed to."""

    __tablename__ = "consent"

    application_id: str = Field(primary_key=True, foreign_key="application.application_id")
    version: str
    text_digest: str
    signature_digest: str
    given_by: str
    at: datetime = _moment()


class Submission(Base, table=True):
    """The answer once given to an Idempotency-Key."""

    __tablename__ = "submission"

    submitted_by: str = Field(primary_key=True)
    idempotency_key: str = Field(primary_key=True)
    request_digest: str
    application_id: str


class Enrolment(Base, table=True):
    """A person's standing in a project."""

    __tablename__ = "enrolment"

    enrolment_id: str = Field(primary_key=True)
    application_id: str = Field(unique=True, foreign_key="application.application_id")
    project: str
    county: str
    township: str
    village: str
    category: str
    subject_id: str
    payee_id: str
    state: str
    valid_from: str
    valid_to: str | None = None
    reason: str | None = None
    updated_at: datetime = _moment()
    rev: int = 1
    quantity: str = "1"
    own_payee_id: str


class EnrolmentChange(Base, table=True):
    """What one official proposes about an enrolment and another one decides."""

    __tablename__ = "enrolment_change"

    change_id: str = Field(primary_key=True)
    enrolment_id: str = Field(foreign_key="enrolment.enrolment_id")
    project: str
    county: str
    township: str
    act: str
    fields: dict[str, Any] = _json()
    last_period: str | None = None
    reason: str
    note: str | None = None
    state: str
    proposed_by: str
    proposed_region: str
    proposed_at: datetime = _moment()
    decided_by: str | None = None
    decided_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=True)
    )
    decision_note: str | None = None


class Mandate(Base, table=True):
    """Who may receive whose money, as the registry stated it."""

    __tablename__ = "mandate"

    subject_id: str = Field(primary_key=True)
    project: str = Field(default="", primary_key=True)
    rev: int = Field(primary_key=True)
    payee_id: str
    valid_from: str
    valid_to: str | None = None


class Household(Base, table=True):
    """The newest head of a household that is a beneficiary."""

    __tablename__ = "household"

    subject_id: str = Field(primary_key=True)
    head_id: str
    rev: int


class Slice(Base, table=True):
    """How far a slice is known here, and the set it went to."""

    __tablename__ = "slice"

    slice_id: str = Field(primary_key=True)
    revision: int = 0
    set_id: str | None = None
    set_revision: int | None = None


class SignedSet(Base, table=True):
    """A set that the department has approved."""

    __tablename__ = "signed_set"

    set_id: str = Field(primary_key=True)
    at: datetime = _moment()


class LeftLine(Base, table=True):
    """A line that left its slice."""

    __tablename__ = "left_line"

    slice_id: str = Field(primary_key=True)
    line_id: str = Field(primary_key=True)

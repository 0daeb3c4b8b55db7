"""The tables as classes; the migrations are the truth, and a test compares the two."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Base(SQLModel):
    """The room's own metadata: other rooms have tables of the same name in databases of their own."""

    metadata = MetaData()


def moment(nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


def document() -> Any:
    return Field(sa_column=Column(JSONB, nullable=False))


def counter(primary_key: bool = False) -> Any:
    column = Column(BigInteger, Identity(always=True), nullable=False, primary_key=primary_key)
    return Field(default=None, sa_column=column)


class ProjectVersion(Base, table=True):
    """A deployed version: manifest and rule files."""

    __tablename__ = "project_version"

    version: str = Field(primary_key=True)
    project: str
    manifest: dict[str, Any] = document()
    rules: dict[str, Any] = document()
    at: datetime = moment()


class ReferenceFile(Base, table=True):
    """One department's list."""

    __tablename__ = "reference_file"

    file_id: str = Field(primary_key=True)
    kind: str
    source: str
    region: str
    sha256: str
    accepted: int
    rejected: int
    valid_to: date | None = None
    loaded_by: str
    loaded_at: datetime = moment()
    replaced_at: datetime | None = moment(nullable=True)
    as_of: date | None = None


class ReferenceRow(Base, table=True):
    """One person on a list, by keyed index."""

    __tablename__ = "reference_row"
    __mapper_args__ = {"primary_key": ["file_id", "blind_index"]}

    file_id: str = Field(primary_key=True, foreign_key="reference_file.file_id")
    kind: str
    blind_index: str = Field(primary_key=True)
    day: date | None = None
    detail: str | None = None


class Claim(Base, table=True):
    """An application as a claim of a person on a project."""

    __tablename__ = "claim"

    application_id: str = Field(primary_key=True)
    number: int = counter()
    subject_id: str
    project: str
    county: str
    township: str
    live: bool
    enrolment_rev: int = 0


class LineClaim(Base, table=True):
    """A line as a claim on one entitlement."""

    __tablename__ = "line_claim"

    line_id: str = Field(primary_key=True)
    number: int = counter()
    subject_id: str
    project: str
    entitlement_period: str
    kind: str
    installment: int
    live: bool
    ended: bool = False
    application_id: str | None = None
    slice_id: str | None = None


class SliceHead(Base, table=True):
    """What the lines of a slice have in common."""

    __tablename__ = "slice"

    slice_id: str = Field(primary_key=True)
    project: str
    period: str
    county: str
    township: str
    category: str


class ApplicationCheck(Base, table=True):
    """A 资格校验."""

    __tablename__ = "application_check"

    job_id: str = Field(primary_key=True)
    application_id: str
    subject_id: str
    project: str
    county: str
    township: str
    category: str
    submitted_on: date
    project_version: str
    at: datetime = moment()
    done_at: datetime | None = moment(nullable=True)
    verdict: str | None = None


class LineCheck(Base, table=True):
    """A 预警核实, or the check before the file."""

    __tablename__ = "line_check"

    job_id: str = Field(primary_key=True)
    stage: str
    target_id: str
    project: str
    project_version: str
    slices: int
    at: datetime = moment()
    done_at: datetime | None = moment(nullable=True)


class LineCheckSlice(Base, table=True):
    """One slice of a check."""

    __tablename__ = "line_check_slice"

    job_id: str = Field(primary_key=True, foreign_key="line_check.job_id")
    slice_id: str = Field(primary_key=True)
    revision: int
    passed: int = 0
    warned: int = 0
    intercepted: int = 0
    done_at: datetime | None = moment(nullable=True)


class HitRow(Base, table=True):
    """A rule that answered other than pass."""

    __tablename__ = "hit"

    hit_id: int = counter(primary_key=True)
    check_id: str
    stage: str
    project: str
    county: str
    township: str
    slice_id: str | None = None
    line_id: str | None = None
    rev: int | None = None
    application_id: str
    subject_id: str
    rule: str
    effect: str
    source: str
    text: str
    at: datetime = moment()
    state: str = "open"
    period: str = ""
    fact: str = ""
    fact_value: str = ""
    fingerprint: str
    consequence: str | None = None
    last_period: str | None = None
    decided_at: datetime | None = moment(nullable=True)
    announced_at: datetime | None = moment(nullable=True)

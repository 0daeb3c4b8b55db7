"""The tables as classes; the migrations are the truth, and a test compares the two."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, LargeBinary, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class BatchTable(SQLModel):
    """Base of this room's tables: metadata of its own, so that rooms' names never meet."""

    metadata = MetaData()


def moment(*, nullable: bool = False) -> Any:
    kind: Any = DateTime(timezone=True)
    return Field(default=None, sa_type=kind, nullable=nullable)


def document() -> Any:
    return Field(sa_column=Column(JSONB, nullable=False))


class Project(BatchTable, table=True):
    """What batch keeps of a deployed project."""

    __tablename__ = "project"

    project: str = Field(primary_key=True)
    version: str
    name: str
    categories: dict[str, str] = document()
    deployed_at: datetime = moment()
    opens_by: str = "carry_over"
    signatures: list[str] = document()
    unit: str = ""
    households: bool = False


class Batch(BatchTable, table=True):
    """Project × period × county."""

    __tablename__ = "batch"

    batch_id: str = Field(primary_key=True)
    project: str
    period: str
    county: str
    opened_by: str
    opened_at: datetime = moment()
    opens_by: str = "carry_over"
    closed_by: str | None = None
    closed_at: datetime | None = moment(nullable=True)


class Roster(BatchTable, table=True):
    """An uploaded file, by its digest."""

    __tablename__ = "roster"

    roster_id: str = Field(primary_key=True)
    batch_id: str
    project: str
    county: str
    township: str
    sha256: str
    accepted: int
    rejected: int
    uploaded_by: str
    uploaded_at: datetime = moment()


class RosterFile(BatchTable, table=True):
    """The file itself, sealed, until its deletion date."""

    __tablename__ = "roster_file"

    roster_id: str = Field(primary_key=True)
    ciphertext: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    delete_after: date


class RosterRow(BatchTable, table=True):
    """What became of a row."""

    __tablename__ = "roster_row"

    roster_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    row_id: str
    subject_id: str | None = None
    township: str | None = None
    village: str | None = None
    category: str | None = None
    state: str
    reasons: list[Any] = document()
    application_id: str | None = None
    quantity: str = "1"
    payee_id: str | None = None


class Candidate(BatchTable, table=True):
    """An application on the 补贴清单; with `change`, an enrolment carried over into one batch."""

    __tablename__ = "candidate"

    application_id: str = Field(primary_key=True)
    batch_id: str = Field(default="", primary_key=True)
    project: str
    county: str
    township: str
    subject_id: str
    village: str | None = None
    category: str
    channel: str
    state: str
    reason: str | None = None
    line_id: str | None = None
    listed_at: datetime = moment()
    payee_id: str | None = None
    quantity: str = "1"
    change: str | None = None
    reasons: list[Any] = document()


class SettlementSet(BatchTable, table=True):
    """送审集."""

    __tablename__ = "settlement_set"

    set_id: str = Field(primary_key=True)
    batch_id: str
    project: str
    period: str
    county: str
    state: str
    order_id: str | None = None
    opened_by: str
    opened_at: datetime = moment()


class Slice(BatchTable, table=True):
    """One township submission."""

    __tablename__ = "slice"

    slice_id: str = Field(primary_key=True)
    batch_id: str
    project: str
    period: str
    county: str
    township: str
    category: str
    number: int
    kind: str
    parent_id: str | None = None
    state: str
    revision: int
    exclusions: int = 0
    set_id: str | None = None
    hand_command: str | None = None
    submitted_by: str
    submitted_at: datetime = moment()
    signatures: list[str] = document()


class SliceRevision(BatchTable, table=True):
    """Which command's results a revision states."""

    __tablename__ = "slice_revision"

    slice_id: str = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    cause: str | None = None
    lines: int
    stated_at: datetime = moment()


class LineRow(BatchTable, table=True):
    """One enrolment's entitlement; `resume_*` is where it goes when its objection is dismissed."""

    __tablename__ = "line"

    line_id: str = Field(primary_key=True)
    slice_id: str
    batch_id: str
    project: str
    period: str
    county: str
    township: str
    category: str
    application_id: str
    subject_id: str
    payee_id: str
    village: str
    state: str
    reason: str | None = None
    resume_state: str | None = None
    resume_reason: str | None = None
    rev: int
    kind: str = "normal"
    installment: int = 1
    entitlement_period: str
    quantity: str = "1"
    amount_fen: int | None = Field(default=None, sa_type=BigInteger)
    published: bool = False
    payment_code: str | None = None
    reissue_of: str | None = None
    case_id: str | None = None
    replaced_by: str | None = None


class LineChange(BatchTable, table=True):
    """Append-only history of a line."""

    __tablename__ = "line_change"

    line_id: str = Field(primary_key=True)  # the mapper wants a key; the table has none
    rev: int = Field(primary_key=True)
    slice_id: str
    state: str
    reason: str | None = None
    amount_fen: int | None = Field(default=None, sa_type=BigInteger)
    actor: str
    cause: str | None = None
    at: datetime = moment()


class SetSlice(BatchTable, table=True):
    """A slice's stay in a set, and why it left."""

    __tablename__ = "set_slice"

    set_id: str = Field(primary_key=True)
    slice_id: str = Field(primary_key=True)
    left_for: str | None = None
    left_reason: str | None = None
    left_by: str | None = None
    left_at: datetime | None = moment(nullable=True)


class Manifest(BatchTable, table=True):
    """A signature, or a slice's part of a set's signature."""

    __tablename__ = "manifest"

    manifest_id: str = Field(primary_key=True)
    subject: str
    node: str
    set_id: str | None = None
    revision: int | None = None
    root: str
    lines: int
    total_fen: int | None = Field(default=None, sa_type=BigInteger)
    exclusions: int
    actor: str
    work_item_id: str
    signed_at: datetime = moment()
    signature: str | None = None
    key_id: str | None = None
    superseded_at: datetime | None = moment(nullable=True)
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False))


class ManifestLeaf(BatchTable, table=True):
    """One line of a signed manifest."""

    __tablename__ = "manifest_leaf"

    manifest_id: str = Field(primary_key=True)
    line_id: str = Field(primary_key=True)
    leaf: str
    amount_fen: int | None = Field(default=None, sa_type=BigInteger)


class Exclusion(BatchTable, table=True):
    """Record `seq` of a slice: a line left."""

    __tablename__ = "exclusion"

    slice_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    line_id: str
    reason: str
    actor: str
    ends_enrolment: bool
    moved_to: str | None = None
    at: datetime = moment()

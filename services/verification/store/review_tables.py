"""The tables of reviews, decisions and surveys as classes; the migrations are the truth."""

from datetime import date, datetime
from typing import Any

from sqlmodel import Field

from services.verification.store.tables import Base, counter, document, moment


class HitProposal(Base, table=True):
    """What one person proposed about a hit, and another answered."""

    __tablename__ = "hit_proposal"

    proposal_id: str = Field(primary_key=True)
    hit_id: int = Field(foreign_key="hit.hit_id")
    decision: str
    consequence: str | None = None
    last_period: str | None = None
    reason_sealed: bytes
    evidence_ids: list[Any] = document()
    proposed_by: str
    proposed_at: datetime = moment()
    answer: str | None = None
    opinion_sealed: bytes | None = None
    decided_by: str | None = None
    decided_at: datetime | None = moment(nullable=True)


class Evidence(Base, table=True):
    """An uploaded document, sealed."""

    __tablename__ = "evidence"

    evidence_id: str = Field(primary_key=True)
    project: str
    township: str
    subject_id: str | None = None
    media_type: str
    digest: str
    size: int
    body_sealed: bytes
    loaded_by: str
    loaded_at: datetime = moment()


class Override(Base, table=True):
    """A rule that two people lifted for a person, or for one line, while the evidence is the same."""

    __tablename__ = "override"

    subject_id: str = Field(primary_key=True)
    project: str = Field(primary_key=True)
    rule: str = Field(primary_key=True)
    fingerprint: str = Field(primary_key=True)
    line_id: str = Field(default="", primary_key=True)
    origin: str
    at: datetime = moment()


class Review(Base, table=True):
    """核实 at a refused citizen's request."""

    __tablename__ = "review"

    review_id: str = Field(primary_key=True)
    number: int = counter()
    application_id: str
    check_id: str
    subject_id: str
    project: str
    county: str
    township: str
    category: str
    state: str
    text_sealed: bytes
    requested_at: datetime = moment()
    decision: str | None = None
    reason_sealed: bytes | None = None
    evidence_ids: list[Any] = document()
    proposed_by: str | None = None
    proposed_at: datetime | None = moment(nullable=True)
    decided_by: str | None = None
    decided_at: datetime | None = moment(nullable=True)
    opinion_sealed: bytes | None = None


class Survey(Base, table=True):
    """入户调查 of a person for a project."""

    __tablename__ = "survey"

    survey_id: str = Field(primary_key=True)
    number: int = counter()
    application_id: str
    line_id: str | None = None
    hit_id: int | None = Field(default=None, foreign_key="hit.hit_id")
    subject_id: str
    project: str
    township: str
    outcome: str
    after_action: str
    surveyed_on: date
    findings_sealed: bytes
    evidence_ids: list[Any] = document()
    surveyed_by: str
    at: datetime = moment()


class Pair(Base, table=True):
    """What two subsidies are to each other in a region."""

    __tablename__ = "pair"

    pair_id: str = Field(primary_key=True)
    region: str
    project: str
    other: str
    relation: str
    from_age: int | None = None
    valid_from: date
    valid_to: date | None = None
    document_no: str
    loaded_by: str
    loaded_at: datetime = moment()
    ended_at: datetime | None = moment(nullable=True)
    ended_by: str | None = None


class StopEntry(Base, table=True):
    """A person on the stop list."""

    __tablename__ = "stop_entry"

    stop_id: str = Field(primary_key=True)
    region: str
    subject_id: str | None = None
    blind_index: str | None = None
    project: str | None = None
    valid_from: date
    valid_to: date | None = None
    document_no: str
    reason_sealed: bytes
    state: str
    proposed_by: str
    proposed_at: datetime = moment()
    decided_by: str | None = None
    decided_at: datetime | None = moment(nullable=True)
    end_proposed_by: str | None = None
    ended_by: str | None = None
    ended_at: datetime | None = moment(nullable=True)

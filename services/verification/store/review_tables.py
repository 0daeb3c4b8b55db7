"""The tables of reviews, decisions and surveys as classes; the migrations are the truth."""

from datetime import datetime
from typing import Any

from sqlmodel import Field

from services.verification.store.tables import Base, document, moment


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
    """A rule that two people lifted for a person, while the evidence is the same."""

    __tablename__ = "override"

    subject_id: str = Field(primary_key=True)
    project: str = Field(primary_key=True)
    rule: str = Field(primary_key=True)
    fingerprint: str = Field(primary_key=True)
    origin: str
    at: datetime = moment()

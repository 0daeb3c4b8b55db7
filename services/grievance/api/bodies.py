"""What comes in and goes out over HTTP, and who sees what of it."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.grievance.domain import Finding, Topic

Key = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class ObjectionIn(BaseModel):
    """M47: against which published line, about what, in the citizen's own words."""

    model_config = ConfigDict(extra="forbid")

    notice_id: Key
    line_id: Key
    topic: Topic
    text: Words


class RefusalIn(BaseModel):
    """Why the objection is not taken up; the citizen reads it."""

    model_config = ConfigDict(extra="forbid")

    reason: Words


class SurveyIn(BaseModel):
    """What the visit found: codes to count, and words."""

    model_config = ConfigDict(extra="forbid")

    findings: Annotated[list[Finding], Field(min_length=1, max_length=10)]
    text: Words


class ConclusionIn(BaseModel):
    """成立 or not, with the opinion that the citizen reads."""

    model_config = ConfigDict(extra="forbid")

    upheld: bool
    opinion: Words


class Filed(BaseModel):
    """The receipt; `due_on` is the last day for 受理."""

    objection_id: str
    state: str
    state_label: str
    due_on: date


class ObjectionOut(BaseModel):
    """An objection as far as the reader may know it; what is not theirs to see is null."""

    objection_id: str
    notice_id: str
    line_id: str
    project: str
    county: str
    township: str
    topic: str
    state: str
    state_label: str
    registered_at: datetime
    due_on: date
    overdue: bool
    accepted_at: datetime | None
    refused_at: datetime | None
    surveyed_at: datetime | None
    concluded_at: datetime | None
    upheld: bool | None
    findings: list[str] | None = None
    complainant: str | None = None
    text: str | None = None
    refusal: str | None = None
    survey: str | None = None
    opinion: str | None = None


class ObjectionPage(BaseModel):
    """`next` goes into `after` for the next page; null at the end."""

    items: list[ObjectionOut]
    next: str | None

"""What comes in and goes out over HTTP, and who sees what of it."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.grievance.domain import About, Channel, Department, Finding, Topic

Key = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
Username = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_.@:-]{3,64}$")]
Region = Annotated[str, StringConstraints(pattern=r"^([0-9]{6}|[0-9]{9})$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ObjectionIn(_In):
    """M47: against which published line, about what, in the citizen's own words."""

    notice_id: Key
    line_id: Key
    topic: Topic
    text: Words


class ComplaintIn(_In):
    """投诉 about a service, a person, a project, or naming a line (`about` line: then it may hold that line).

    Without a line the `region` (county or township) says where. `respondent` is an official's username: they
    neither see nor handle it. Citizens file on channels 1 and 2; the desk registers 3 to 5, for nobody or for
    `complainant` (a subject id). `anonymous`: nobody is shown who it was. `public`: how it ended may be listed.
    """

    about: About
    topic: Topic
    text: Words
    line_id: Key | None = None
    notice_id: Key | None = None
    project: Key | None = None
    region: Region | None = None
    respondent: Username | None = None
    complainant: Key | None = None
    channel: Channel = Channel.MINI_PROGRAM
    anonymous: bool = False
    public: bool = False


class MessageIn(_In):
    """咨询留言 (M47) to a department of a county."""

    department: Department
    region: Region
    topic: Topic = Topic.OTHER
    text: Words
    project: Key | None = None
    channel: Channel = Channel.MINI_PROGRAM
    public: bool = False


class RefusalIn(_In):
    """Why the case is not taken up; the citizen reads it."""

    reason: Words


class SurveyIn(_In):
    """What the visit found: codes to count, and words."""

    findings: Annotated[list[Finding], Field(min_length=1, max_length=10)]
    text: Words


class ConclusionIn(_In):
    """成立 or not, with the opinion that the citizen reads."""

    upheld: bool
    opinion: Words


class ReplyIn(_In):
    """处理情况, as the citizen reads it (M56)."""

    text: Words


class RatingIn(_In):
    """Satisfied or not, and why; once a dissatisfied complainant may have it reopened."""

    satisfied: bool
    reason: Words | None = None
    reopen: bool = False


class RecusalIn(_In):
    """回避: of oneself (no username), or of an official who is related to somebody concerned."""

    username: Username | None = None


class AssignIn(_In):
    """Who alone takes the steps from now on."""

    handler: Username


class Filed(BaseModel):
    """The receipt; `due_on` is the last day for 受理, or for the answer to a message."""

    case_id: str
    objection_id: str | None
    kind: str
    state: str
    state_label: str
    due_on: date


class StepOut(BaseModel):
    """A step of the record: 处理时间, 处理人 (officials alone), 处理意见."""

    step: str
    at: datetime
    actor: str | None
    words: str | None


class ImageOut(BaseModel):
    """A picture, without the picture."""

    image_id: str
    of_complainant: bool
    media_type: str
    at: datetime


class CaseOut(BaseModel):
    """A case as far as the reader may know it; what is not theirs to see is null."""

    case_id: str
    objection_id: str | None = None
    kind: str
    about: str | None
    channel: int
    department: str | None
    anonymous: bool
    public: bool
    notice_id: str | None
    line_id: str | None
    project: str | None
    county: str
    township: str | None
    topic: str
    state: str
    state_label: str
    registered_at: datetime
    due_on: date
    overdue: bool
    escalated: bool
    accepted_at: datetime | None
    refused_at: datetime | None
    surveyed_at: datetime | None
    concluded_at: datetime | None
    upheld: bool | None
    replied_at: datetime | None
    rated_at: datetime | None
    satisfied: bool | None
    reopened_at: datetime | None
    closed_at: datetime | None
    findings: list[str] | None = None
    handler: str | None = None
    complainant: str | None = None
    recused: dict[str, str] | None = None
    text: str | None = None
    refusal: str | None = None
    survey: str | None = None
    opinion: str | None = None
    reply: str | None = None
    rating: str | None = None
    record: list[StepOut] | None = None
    images: list[ImageOut] | None = None


class CasePage(BaseModel):
    """`next` goes into `after` for the next page; null at the end."""

    items: list[CaseOut]
    next: str | None


class CaseFigure(BaseModel):
    """Cases of one kind and topic. `satisfaction` = satisfied / rated, null when nobody rated."""

    kind: str
    topic: str
    cases: int
    waiting: int
    overdue: int
    escalated: int
    refused: int
    upheld: int
    dismissed: int
    closed: int
    reopened: int
    satisfied: int
    dissatisfied: int
    satisfaction: float | None


class PublicCase(BaseModel):
    """How a case ended, for everybody: codes and days."""

    case_id: str
    kind: Literal["complaint", "objection", "message"]
    topic: str
    project: str | None
    county: str
    state: str
    state_label: str
    upheld: bool | None
    registered_on: date
    closed_on: date | None


class PublicCases(BaseModel):
    """`next` goes into `after` for the next page; null at the end."""

    items: list[PublicCase]
    next: str | None

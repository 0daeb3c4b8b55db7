"""What comes in and goes out over HTTP."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Phone = Annotated[str, StringConstraints(pattern=r"^1[3-9][0-9]{9}$")]
Signature = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]


class ConsentIn(BaseModel):
    """M2: the wording agreed to, and the signature (a typed name, or a drawing as text)."""

    model_config = ConfigDict(extra="forbid")

    version: Code
    signature: Signature


class SubmissionIn(BaseModel):
    """An application as entered (M5, M6, M11). `township` is a region code; `village` a code or free text."""

    model_config = ConfigDict(extra="forbid")

    project: Code
    id_no: Annotated[str, StringConstraints(max_length=64)]
    name: Annotated[str, StringConstraints(max_length=200)]
    phone: Phone | None = None
    township: Code
    village: Line | None = None
    category: Code
    form: dict[str, Any] = {}
    consent: ConsentIn


class ReceiptOut(BaseModel):
    """`receipt` is what the applicant writes down; `notices` say how the number was normalised."""

    application_id: str
    receipt: str
    notices: list[str] = []


class ConsentOut(BaseModel):
    """The wording to show before signing."""

    version: str
    text: str
    digest: str


class ApplicationOut(BaseModel):
    """An application; the person stands in the registry."""

    application_id: str
    receipt: str
    project: str
    county: str
    township: str
    village: str | None
    subject_id: str
    category: str
    channel: str
    channel_label: str
    form: dict[str, Any]
    state: str
    reasons: list[str]
    submitted_on: date
    at: datetime
    roster_id: str | None


class EnrolmentOut(BaseModel):
    """A person's standing in a project."""

    enrolment_id: str
    application_id: str
    project: str
    county: str
    township: str
    village: str
    category: str
    subject_id: str
    payee_id: str
    state: str
    valid_from: str
    valid_to: str | None
    reason: str | None
    updated_at: datetime


class ApplicationPage(BaseModel):
    """`next` goes into `after` for the next page; null at the end."""

    items: list[ApplicationOut]
    next: str | None


class EnrolmentPage(BaseModel):
    """`next` goes into `after` for the next page; null at the end."""

    items: list[EnrolmentOut]
    next: str | None

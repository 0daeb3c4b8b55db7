"""What comes in and goes out over HTTP."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from kit.mask import looks_like_pii
from services.application.domain import CHANGEABLE, Act, is_period

Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Phone = Annotated[str, StringConstraints(pattern=r"^1[3-9][0-9]{9}$")]
Reason = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,39}$")]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Quantity = Annotated[str, StringConstraints(pattern=r"^(0\.[0-9]{0,3}[1-9]|[1-9][0-9]{0,8}(\.[0-9]{1,4})?)$")]
Signature = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]


class ConsentIn(BaseModel):
    """M2: the wording agreed to, and the signature (a typed name, or a drawing as text)."""

    model_config = ConfigDict(extra="forbid")

    version: Code
    signature: Signature


class SubmissionIn(BaseModel):
    """An application as entered (M5, M6, M11). `township` is a region code; `village` a code or free text.

    `quantity` in the project's unit (台, 亩, months of a year), as text; never asked where everybody gets one a month.
    """

    model_config = ConfigDict(extra="forbid")

    project: Code
    id_no: Annotated[str, StringConstraints(max_length=64)]
    name: Annotated[str, StringConstraints(max_length=200)]
    phone: Phone | None = None
    township: Code
    village: Line | None = None
    category: Code
    form: dict[str, Any] = {}
    quantity: Quantity = "1"
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
    quantity: str
    payee_id: str | None


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
    rev: int
    quantity: str


class ChangeIn(BaseModel):
    """A proposal. `reason` is a code (`death`, `moved_out`, `no_contact` …); `note` holds no person's data.

    stop: `last_period` (YYYYMM or YYYY) is the last one still owed. change: one or more of the new values;
    `quantity` is a decimal above 0 in text; `payee_id` somebody whom the registry has as an authorised payee.
    """

    model_config = ConfigDict(extra="forbid")

    act: Act
    reason: Reason
    note: Note | None = None
    last_period: str | None = None
    township: Code | None = None
    village: Code | None = None
    category: Code | None = None
    quantity: Quantity | None = None
    payee_id: Code | None = None

    @model_validator(mode="after")
    def _fits(self) -> "ChangeIn":
        values = [name for name in CHANGEABLE if getattr(self, name) is not None]
        if (self.act is Act.CHANGE) != bool(values):
            raise ValueError(
                "变更须有新值，其他办理不得有 (new values belong to a change, and to nothing else)"
            )
        if (self.act is Act.STOP) != (self.last_period is not None):
            raise ValueError("停发须注明最后发放期 (last_period belongs to a stop, and to nothing else)")
        if self.last_period is not None and not is_period(self.last_period):
            raise ValueError("最后发放期应为YYYYMM或YYYY (last_period is YYYYMM or YYYY)")
        if self.note and looks_like_pii(self.note):
            raise ValueError("备注不得含证件或账号 (no ID or account numbers in a note)")
        return self


class DecisionIn(BaseModel):
    """Why it was approved or refused, where there is something to say."""

    model_config = ConfigDict(extra="forbid")

    note: Note | None = None


class ChangeOut(BaseModel):
    """A proposal and what became of it: `state` proposed | approved | refused."""

    change_id: str
    enrolment_id: str
    project: str
    township: str
    act: str
    fields: dict[str, str]
    last_period: str | None
    reason: str
    note: str | None
    state: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str | None


class ChangePage(BaseModel):
    """`next` goes into `after` for the next page; null at the end."""

    items: list[ChangeOut]
    next: str | None


class WithdrawnOut(BaseModel):
    """撤回 was done."""

    application_id: str
    state: str


class ApplicationPage(BaseModel):
    """`next` goes into `after` for the next page; null at the end."""

    items: list[ApplicationOut]
    next: str | None


class EnrolmentPage(BaseModel):
    """`next` goes into `after` for the next page; null at the end."""

    items: list[EnrolmentOut]
    next: str | None

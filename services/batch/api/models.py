"""What goes in and out over HTTP. Amounts in fen; `total_fen` null means 待测算, not zero."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Code = Annotated[str, Field(min_length=1, max_length=64)]
Ids = Annotated[list[Code], Field(min_length=1, max_length=200_000)]


class In(BaseModel):
    """A request body: unknown fields are an error."""

    model_config = ConfigDict(extra="forbid")


class OpenBatch(In):
    project: Code
    period: Annotated[str, Field(pattern=r"^[0-9]{4}((0[1-9]|1[0-2]))?$")]
    county: Annotated[str, Field(pattern=r"^[0-9]{6}$")]


class SubmitSlice(In):
    """`category` None: one slice per category among the chosen applications. `township` None (county handler, batch
    opened by roster): every township of the batch that has something to submit.
    """

    township: Annotated[str, Field(pattern=r"^[0-9]{9}$")] | None = None
    category: Code | None = None
    application_ids: Ids | Literal["all"] = "all"


class OpenSet(In):
    batch_id: Code
    slice_ids: Ids | Literal["all_arrived"] = "all_arrived"


class CorrectLine(In):
    """What was wrong: the village, or how much (land, machines), as text. The line is then checked and priced anew."""

    village: Annotated[str, Field(pattern=r"^[0-9]{12}$")] | None = None
    quantity: Annotated[str, Field(min_length=1, max_length=20)] | None = None

    @model_validator(mode="after")
    def _something(self) -> "CorrectLine":
        if self.village is None and self.quantity is None:
            raise ValueError("须填写更正内容 (something must be corrected)")
        return self


class BatchOut(BaseModel):
    batch_id: str
    project: str
    period: str
    county: str
    opened_by: str
    opened_at: datetime
    lines: int = 0
    normal: int = 0
    abnormal: int = 0
    open: int = 0
    void: int = 0
    paid: int = 0
    failed: int = 0
    total_fen: int | None = None
    opens_by: str = "carry_over"
    carried: int | None = None
    closed_by: str | None = None
    closed_at: datetime | None = None


class RowErrorOut(BaseModel):
    row: int
    column: str
    code: str
    message: str


class RosterOut(BaseModel):
    """`accepted` and `rejected` as uploaded; `rows` by state now (accepted, listed, refused, rejected)."""

    roster_id: str
    batch_id: str
    township: str
    accepted: int
    rejected: int
    rows: dict[str, int] = {}
    errors: list[RowErrorOut]


class CandidateOut(BaseModel):
    application_id: str
    township: str
    subject_id: str
    payee_id: str | None
    village: str | None
    category: str
    quantity: str
    channel: str
    state: str
    reason: str | None
    line_id: str | None


class CandidatesOut(BaseModel):
    counts: dict[str, int]
    candidates: list[CandidateOut]


class Counters(BaseModel):
    """总人数, 正常, 异常, 处理中, 挂起, 作废; total_fen 总金额 or null 待测算."""

    lines: int = 0
    normal: int = 0
    abnormal: int = 0
    processing: int = 0
    held: int = 0
    void: int = 0
    paid: int = 0
    failed: int = 0
    total_fen: int | None = None


class SliceOut(BaseModel):
    slice_id: str
    batch_id: str
    project: str
    period: str
    county: str
    township: str
    category: str
    number: int
    kind: str
    parent_id: str | None
    state: str
    tab: str
    revision: int
    exclusions: int
    set_id: str | None
    submitted_by: str
    submitted_at: datetime
    needs: list[str]
    signed: list[str]
    counters: Counters


class SignedRoot(BaseModel):
    """One signature; what it covers is the document of these fields (`services/batch/domain/signing.py`)."""

    subject: str
    node: str
    revision: int | None
    root: str
    lines: int
    total_fen: int | None
    actor: str
    work_item_id: str
    signed_at: datetime
    signature: str | None
    key_id: str | None


class SignatureOut(SignedRoot):
    set_id: str | None
    superseded_at: datetime | None


class ExclusionOut(BaseModel):
    seq: int
    line_id: str
    reason: str
    actor: str
    ends_enrolment: bool
    moved_to: str | None
    at: datetime


class RevisionOut(BaseModel):
    revision: int
    cause: str | None
    lines: int
    stated_at: datetime


class SliceDetail(SliceOut):
    revisions: list[RevisionOut]
    signatures: list[SignatureOut]
    exclusion_records: list[ExclusionOut]


class LineOut(BaseModel):
    line_id: str
    rev: int
    application_id: str
    subject_id: str
    payee_id: str
    village: str
    state: str
    reason: str | None
    kind: str
    installment: int
    entitlement_period: str
    quantity: str
    amount_fen: int | None
    published: bool
    reissue_of: str | None = None
    replaced_by: str | None = None


class LineWhere(LineOut):
    slice_id: str
    batch_id: str
    project: str
    period: str
    township: str


class ManifestOut(BaseModel):
    """What a signature of now would cover; `root` goes into the reviewer's form."""

    subject: str
    node: str
    revision: int | None
    root: str
    lines: int
    total_fen: int | None
    signed: SignatureOut | None


class SliceRoot(BaseModel):
    slice_id: str
    revision: int
    root: str
    lines: int
    total_fen: int | None


class SetManifestOut(ManifestOut):
    slices: list[SliceRoot]


class SetOut(BaseModel):
    set_id: str
    batch_id: str
    project: str
    period: str
    county: str
    state: str
    tab: str
    order_id: str | None
    opened_by: str
    opened_at: datetime
    signed: list[str]
    members: list[str]
    lines: int
    normal: int
    abnormal: int
    void: int
    paid: int
    failed: int
    total_fen: int | None


class StayOut(BaseModel):
    slice_id: str
    left_for: str | None
    left_reason: str | None
    left_by: str | None
    left_at: datetime | None


class SetDetail(SetOut):
    slices: list[SliceOut]
    stays: list[StayOut]
    signatures: list[SignatureOut]


class LineHistory(BaseModel):
    line_id: str
    slice_id: str
    application_id: str
    subject_id: str
    state: str
    changes: list[dict[str, Any]]
    signatures: list[dict[str, Any]]

"""What goes in and out over HTTP of carry-over, adjustments and closing."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from services.batch.api.models import Code, In

Period = Annotated[str, Field(pattern=r"^[0-9]{4}((0[1-9]|1[0-2]))?$")]


class ProposeAdjustment(In):
    """补发 of these periods for each of these applications; `installment` above 1 where 1 is paid already."""

    kind: Literal["back_pay"] = "back_pay"
    application_ids: Annotated[list[Code], Field(min_length=1, max_length=5_000)]
    entitlement_periods: Annotated[list[Period], Field(min_length=1, max_length=60)]
    installment: Annotated[int, Field(ge=1, le=99)] = 1
    reason: Annotated[str, Field(min_length=2, max_length=500)]


class DecideAdjustment(In):
    opinion: Annotated[str, Field(min_length=1, max_length=500)] | None = None


class CloseBatch(In):
    """`leave_unconfirmed`: who was carried over but never confirmed by the township stays without this period."""

    leave_unconfirmed: bool = False


class AdjustmentOut(BaseModel):
    adjustment_id: str
    batch_id: str
    project: str
    township: str
    kind: str
    application_ids: list[str]
    entitlement_periods: list[str]
    installment: int
    reason: str
    state: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    opinion: str | None


class ChangeReason(BaseModel):
    """`code` new | resumed (增), why it ended (减), or the field that changed, with its values (变动)."""

    code: str
    before: str | None = None
    after: str | None = None


class CarriedOut(BaseModel):
    """One row of 结转; `change` added 增 | left 减 | changed 变动 | same 不变."""

    application_id: str
    township: str
    subject_id: str
    payee_id: str | None
    village: str | None
    category: str
    quantity: str
    change: str
    change_name: str
    reasons: list[ChangeReason]
    state: str
    line_id: str | None


class CarryOverOut(BaseModel):
    """结转 of a batch against `previous`; `counts` by change, `open` still to be confirmed by the township."""

    previous: str | None
    counts: dict[str, int]
    open: int
    rows: list[CarriedOut]

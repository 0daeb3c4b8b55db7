"""What comes in and goes out over HTTP."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


class NoticeIn(BaseModel):
    """M26: title, type 线下 offline / 线上 online, place (needed offline), first and last day."""

    model_config = ConfigDict(extra="forbid")

    title: Text | None = None
    medium: Literal["offline", "online"] = "offline"
    place: Text | None = None
    starts_on: date
    ends_on: date


class PhotoOut(BaseModel):
    """A photo, without the picture; `digest` names its algorithm."""

    photo_id: str
    moment: str
    taken_on: date
    media_type: str
    digest: str
    uploaded_at: datetime
    uploaded_by: str


class NoticeOut(BaseModel):
    """A notice as its officials see it. `days` of `kind_of_days` are the least between first and last day."""

    notice_id: str
    set_id: str | None
    slice_id: str
    project: str
    period: str
    county: str
    township: str
    round: int
    with_amounts: bool
    state: str
    state_label: str
    title: str
    medium: str
    place: str | None
    starts_on: date | None
    ends_on: date | None
    generating: bool
    lines: int | None
    published_at: datetime | None
    ended_at: datetime | None
    confirmed_at: datetime | None
    published_lines: int | None
    project_version: str | None
    scope: str
    across_periods: bool


class NoticeDetail(NoticeOut):
    """One notice with its terms, villages, withdrawn lines and photos."""

    days: int
    kind_of_days: str
    unit: str | None
    withdrawn: int
    villages: list[dict[str, Any]]
    photos: list[PhotoOut]


class Tab(BaseModel):
    """One tab of the list (M25) with its number."""

    state: str
    label: str
    count: int


class NoticePage(BaseModel):
    """`next` goes into `after` for the next page; null at the end."""

    items: list[NoticeOut]
    tabs: list[Tab]
    next: str | None


class PublicNotice(BaseModel):
    """What everybody may know of a notice."""

    notice_id: str
    title: str
    project: str
    period: str
    township: str
    township_name: str
    round: int
    medium: str
    place: str | None
    starts_on: date
    ends_on: date
    lines: int


class PublicRow(BaseModel):
    """A masked row. `line_id` names it in an objection; `amount` is yuan as text, or 待测算; `quantity` in `unit`."""

    seq: int
    line_id: str
    name: str
    village: str
    quantity: str
    unit: str | None
    amount_fen: int | None
    amount: str | None


class PublicRows(BaseModel):
    """`next` goes into `after` for the next page; null at the end."""

    items: list[PublicRow]
    next: int | None


class ReminderOut(BaseModel):
    """到期提醒 (M58): `overdue_days` natural days since the last day (0: it ends today, negative: still hangs).

    `missing` are the photos that the confirmation needs. Nothing is ever confirmed by itself.
    """

    notice: NoticeOut
    overdue_days: int
    missing: list[str]
    confirmable: bool


class RoundClosed(BaseModel):
    """How a set's round ended."""

    set_id: str
    round: int
    unconfirmed: list[str]
    published_lines: int

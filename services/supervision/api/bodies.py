"""What comes in and goes out over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Key = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_.:-]{1,80}$")]
Username = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_.@:-]{3,64}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[0-9]{4,12}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class OverdueItem(BaseModel):
    """M65: 功能节点, 逾期开始时间, 逾期天数 (working days, by today's business date)."""

    item_id: str
    kind: str
    business_key: str
    project: str | None
    project_name: str | None
    region: str
    region_name: str
    node: str
    node_name: str
    role: str
    role_label: str
    opened_at: datetime
    overdue_since: datetime
    overdue_days: int
    escalated: bool


class OverduePage(BaseModel):
    """`next` goes into `after` for the next page; null at the end."""

    items: list[OverdueItem]
    next: str | None


class NodeCount(BaseModel):
    """Overdue items at one node."""

    node: str
    node_name: str
    items: int


class ProjectCount(BaseModel):
    """Overdue items of one project; `project` is empty for complaints that name none."""

    project: str
    project_name: str
    items: int
    nodes: list[NodeCount]


class TownshipCount(BaseModel):
    """Overdue items of a township, or of 县本级 (`county`)."""

    township: str
    township_name: str
    items: int
    projects: list[ProjectCount]


class CountyCount(BaseModel):
    """M65: a county's overdue items and the number of projects affected."""

    county: str
    county_name: str
    items: int
    projects_affected: int
    townships: list[TownshipCount]


class OverdueCounts(BaseModel):
    """All overdue items that the reader may see, as a tree."""

    items: int
    projects_affected: int
    counties: list[CountyCount]


class UrgeIn(BaseModel):
    """一键督办 (nobody named: whoever may act) or 指定督办人员; `note` is sealed."""

    model_config = ConfigDict(extra="forbid")

    named: Username | None = None
    note: Words | None = None


class UrgeAllIn(UrgeIn):
    """督办 of everything overdue in a region, narrowed by project and node."""

    region: Region
    project: Key | None = None
    node: Key | None = None


class AnswerIn(BaseModel):
    """督办后处理情况, in the official's words; sealed."""

    model_config = ConfigDict(extra="forbid")

    text: Words


class OrderOut(BaseModel):
    """A 督办 order and its handling. `note` and `answer` stand in the single view alone."""

    order_id: str
    item_id: str
    subject_kind: str
    project: str | None
    region: str
    region_name: str
    node: str
    node_name: str
    overdue_since: datetime
    named: str | None
    issued_by: str
    issued_at: datetime
    state: str
    state_label: str
    answered_by: str | None
    answered_at: datetime | None
    done_at: datetime | None
    done_by: str | None
    note: str | None = None
    answer: str | None = None


class OrderPage(BaseModel):
    """`next` goes into `after` for the next page; null at the end."""

    items: list[OrderOut]
    next: str | None


class UrgedAll(BaseModel):
    """What one press issued; `more` when over 1,000 items were late: press again."""

    orders: int
    more: bool


class WatchIn(BaseModel):
    """What to follow, by its id."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["item", "case", "application", "line", "slice"]
    ref: Key


class WatchOut(BaseModel):
    """A followed thing and where it stands now: its last step, its node if it waits, whether it is late."""

    watch_id: str
    kind: str
    ref: str
    project: str | None
    region: str
    region_name: str
    since: datetime
    node: str | None
    what: str | None
    at: datetime | None
    overdue_days: int


class InterceptionOut(BaseModel):
    """One rule that stopped one line or application (M59); ids and codes, no person."""

    subject: str
    ref: str
    rule: str
    stage: str
    effect: str
    at: datetime
    project: str
    county: str
    township: str
    township_name: str


class InterceptionPage(BaseModel):
    """`next` goes into `after` for the next page; null at the end."""

    items: list[InterceptionOut]
    next: str | None


class InterceptionFigure(BaseModel):
    """M69: one class, region, project, month or day. `precision` = confirmed / decided, null when none is."""

    part: str
    name: str
    intercepted: int
    cases: int
    confirmed: int
    lifted: int
    precision: float | None


class StepOut(BaseModel):
    """One step of a timeline (M41, M44): when, where, what, and which role of which office did it."""

    at: datetime
    subject: str
    ref: str | None
    node: str
    what: str
    role_label: str | None
    office: str | None
    actor: str | None
    detail: dict[str, Any] | None


class TimelineOut(BaseModel):
    """The whole way, oldest first."""

    subject: str
    ref: str
    project: str | None
    project_name: str | None
    region: str
    region_name: str
    steps: list[StepOut]


class CountyFigures(BaseModel):
    """One county in a line: what is late, urged, complained about, intercepted, recovered (fen)."""

    county: str
    county_name: str
    overdue: int
    orders_open: int
    cases_open: int
    intercepted: int
    recoveries_open: int
    recovery_claimed_fen: int
    recovery_recovered_fen: int
    projects_affected: int = Field(description="projects with something overdue")

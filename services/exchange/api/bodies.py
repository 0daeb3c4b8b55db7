"""What comes in and goes out over HTTP."""

from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, field_validator

from services.exchange.domain import AGENCY_CODE, MAX_PAGE, Filter, is_region, unknown_types
from services.exchange.store.tables import Agreement, DeadLetter, Replay, Subscription

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Code = Annotated[str, StringConstraints(pattern=AGENCY_CODE)]
Project = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,32}$")]


class FilterIn(BaseModel):
    """Types by short name (`payment_made`), projects and regions by code (city, county or township)."""

    model_config = ConfigDict(extra="forbid")

    types: Annotated[list[str], Field(min_length=1, max_length=20)]
    projects: Annotated[list[Project], Field(min_length=1, max_length=200)]
    regions: Annotated[list[str], Field(min_length=1, max_length=200)]

    @field_validator("types")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        if unknown_types(value):
            raise ValueError("没有这种公开事实 (no such public fact)")
        return sorted(set(value))

    @field_validator("regions")
    @classmethod
    def _regions(cls, value: list[str]) -> list[str]:
        if not all(is_region(one) for one in value):
            raise ValueError("区划代码应为 4、6 或 9 位 (a region has 4, 6 or 9 digits)")
        return sorted(set(value))

    def filter(self) -> Filter:
        """As the domain knows it."""
        return Filter(self.types, self.projects, self.regions)


class AgencyIn(BaseModel):
    """Another agency: why it may have data (legal basis) and whom to reach there."""

    model_config = ConfigDict(extra="forbid")

    code: Code
    name: Words
    legal_basis: Words
    contact: Words


class AgreementIn(FilterIn):
    """The allow-list, for one purpose, for a time, within limits. `valid_from` may lie in the past."""

    purpose: Words
    valid_from: date
    valid_to: date | None = None
    requests_per_minute: Annotated[int, Field(ge=1, le=6000)] = 60
    page_size: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 500
    subjects_per_day: Annotated[int, Field(ge=0, le=1_000_000)] = 10_000


class ReasonIn(BaseModel):
    """Why an agreement is refused or revoked."""

    model_config = ConfigDict(extra="forbid")

    reason: Words


class AgreementOut(BaseModel):
    """An agreement as it stands."""

    agreement_id: str
    agency: str
    types: list[str]
    projects: list[str]
    regions: list[str]
    purpose: str
    valid_from: date
    valid_to: date | None
    requests_per_minute: int
    page_size: int
    subjects_per_day: int
    state: str
    opened_by: str
    decided_by: str | None
    revoked_by: str | None
    reason: str | None

    @classmethod
    def of(cls, one: Agreement) -> Self:
        """From the table."""
        return cls(**one.model_dump(include=set(cls.model_fields)))


class EventPage(BaseModel):
    """Events in CloudEvents' JSON format, oldest first; `next` goes into `after`. `more`: ask again at once."""

    events: list[dict[str, Any]]
    next: int
    more: bool


class WebhookIn(FilterIn):
    """Where to send, from which position on (null: from now)."""

    endpoint: Annotated[str, StringConstraints(max_length=500)]
    after: Annotated[int, Field(ge=0)] | None = None


class SubscriptionOut(BaseModel):
    """A subscription; a webhook's secret is shown once, when it is made or rotated."""

    subscription_id: str
    channel: str
    types: list[str]
    projects: list[str]
    regions: list[str]
    state: str
    endpoint: str | None
    position: int
    attempts: int
    next_at: datetime | None
    secret: str | None = None

    @classmethod
    def of(cls, one: Subscription, secret: str | None = None) -> Self:
        """From the table."""
        shown = set(cls.model_fields) - {"secret"}
        return cls(**one.model_dump(include=shown), secret=secret)


class DeadLetterOut(BaseModel):
    """An event that the endpoint never took; `GET events?after=<position - 1>&limit=1` shows it."""

    position: int
    attempts: int
    reason: str
    at: datetime
    delivered_at: datetime | None

    @classmethod
    def of(cls, one: DeadLetter) -> Self:
        """From the table."""
        return cls(**one.model_dump(include=set(cls.model_fields)))


class ReplayIn(BaseModel):
    """From when on (business time, with zone) the topic shall be told again."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime


class ReplayOut(BaseModel):
    """A replay: `events` so far; every event carries `replayid`."""

    replay_id: str
    since: datetime
    events: int
    done_at: datetime | None

    @classmethod
    def of(cls, one: Replay) -> Self:
        """From the table."""
        return cls(**one.model_dump(include=set(cls.model_fields)))

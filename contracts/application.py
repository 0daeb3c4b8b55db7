"""Door of `application`: applications, intake, enrolments."""

from contracts.base import Message, Record, Zone, command, event


class OfflineRow(Record):
    """One accepted roster row on route T (channel 线下)."""

    row_id: str
    subject_id: str
    township: str
    village: str
    category: str


class OfflineResult(Record):
    """What became of a row: an application id, or the reason (e.g. R05 already applied)."""

    row_id: str
    application_id: str | None = None
    refused: str | None = None


@command(
    "subsidy.application.record_offline.v1",
    key="roster_id",
    zone=Zone.OUTSIDE,
    outcomes=["subsidy.application.offline_recorded.v1"],
)
class RecordOffline(Message):
    """Record a roster's rows as applications, straight onto the 补贴清单; part `index` of `count`."""

    roster_id: str
    project: str
    batch_id: str
    index: int
    count: int
    rows: list[OfflineRow]


@command(
    "subsidy.application.list_application.v1",
    key="application_id",
    zone=Zone.OUTSIDE,
    outcomes=["subsidy.application.application_listed.v1"],
)
class ListApplication(Message):
    """Put a checked application onto the 补贴清单 (M9): intake ends here."""

    application_id: str


@command(
    "subsidy.application.refuse_application.v1",
    key="application_id",
    zone=Zone.OUTSIDE,
    outcomes=["subsidy.application.application_refused.v1"],
)
class RefuseApplication(Message):
    """End intake with reasons (M8: a failed check never reaches the township)."""

    application_id: str
    reasons: list[str]


@event("subsidy.application.application_submitted.v1", key="application_id", zone=Zone.OUTSIDE)
class ApplicationSubmitted(Message):
    """A citizen or helper submitted (M5–M13); starts the project's `intake` instance."""

    application_id: str
    subject_id: str
    project: str
    township: str
    village: str | None = None
    category: str
    channel: str
    submitted_on: str


@event("subsidy.application.application_listed.v1", key="application_id", zone=Zone.OUTSIDE)
class ApplicationListed(Message):
    """On the 补贴清单: `batch` shows it to the township as a candidate (M17)."""

    application_id: str
    subject_id: str
    project: str
    township: str
    village: str | None = None
    category: str
    channel: str


@event("subsidy.application.application_refused.v1", key="application_id", zone=Zone.OUTSIDE)
class ApplicationRefused(Message):
    application_id: str
    project: str
    township: str
    reasons: list[str]


@event("subsidy.application.offline_recorded.v1", key="roster_id", zone=Zone.OUTSIDE)
class OfflineRecorded(Message):
    """Answer to `RecordOffline`, row by row."""

    roster_id: str
    index: int
    count: int
    results: list[OfflineResult]

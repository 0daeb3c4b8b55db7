"""Door of `application`: applications, intake, enrolments."""

from enum import StrEnum
from typing import ClassVar

from contracts.base import Chunk, Message, Record, Zone, command, event


class EnrolmentState(StrEnum):
    """待定, 在享, 暂停, 停发 (valid to a period), and ended by refusal or exclusion (decisions §1)."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    STOPPED = "stopped"
    ENDED = "ended"


class OfflineRow(Record):
    """One accepted roster row (channel 线下). `quantity` is a decimal in text: 人·月, 亩, 台.

    `payee_id` is named where somebody else than the beneficiary is paid (head of a household, guardian).
    """

    row_id: str
    subject_id: str
    township: str
    village: str
    category: str
    quantity: str = "1"
    payee_id: str | None = None


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
    """Record a roster's rows as applications, straight onto the 补贴清单; part `index` of `count`.

    `renew`: the project opens every batch by roster (route C), so a row of somebody with a live application is
    that application again, with today's category, village and quantity, and not a second one.
    """

    roster_id: str
    project: str
    batch_id: str
    renew: bool = False
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
    quantity: str = "1"
    payee_id: str | None = None


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


@event("subsidy.application.application_withdrawn.v1", key="application_id", zone=Zone.OUTSIDE)
class ApplicationWithdrawn(Message):
    """撤回 by the applicant before a slice took it: the candidate leaves the 补贴清单."""

    application_id: str
    project: str
    township: str


class Enrolment(Record):
    """One enrolment as it stands now; `rev` rises with every change. Periods are `YYYYMM` or `YYYY`.

    `valid_to` is the last period that is still owed. `reason` is a code (`death`, `moved_out`, `no_contact` …).
    """

    enrolment_id: str
    application_id: str
    rev: int
    subject_id: str
    payee_id: str
    township: str
    village: str
    category: str
    quantity: str = "1"
    state: EnrolmentState
    valid_from: str
    valid_to: str | None = None
    reason: str | None = None


@event("subsidy.application.enrolments_stated.v1", key="stream_id", crosses=True)
class EnrolmentsStated(Chunk):
    """Enrolments that one act changed, in parts. `stream_id` = `enrolments:<id of the act>`, revision 1."""

    ROWS: ClassVar[str] = "enrolments"

    project: str
    county: str
    enrolments: list[Enrolment]

"""Door of `verification`: 资格校验 of one application, 预警核实 of slices, the check before the file."""

from typing import ClassVar

from contracts.base import Chunk, Message, Record, Zone, command, event
from contracts.batch import SliceRevision


class Hit(Record):
    """A rule that answered other than pass: rule id (R01 …), effect, evidence source, its text in Chinese."""

    rule: str
    effect: str
    source: str
    text: str
    at: str


class LineFinding(Record):
    """Verdict for one line at `rev`: pass | warn | hold | block, with every hit."""

    line_id: str
    rev: int
    verdict: str
    hits: list[Hit] = []


@command(
    "subsidy.verification.check_eligibility.v1",
    key="application_id",
    zone=Zone.OUTSIDE,
    outcomes=[
        "subsidy.verification.eligibility_passed.v1",
        "subsidy.verification.eligibility_refused.v1",
    ],
)
class CheckEligibility(Message):
    """资格校验 (M8, M13): the project's rules bound to stage `application`."""

    application_id: str
    subject_id: str
    project: str
    township: str
    category: str
    submitted_on: str
    project_version: str

    def awaits(self) -> list[tuple[str, int]]:
        return [(f"project:{self.project_version}", 1)]


@event("subsidy.verification.eligibility_passed.v1", key="application_id", zone=Zone.OUTSIDE)
class EligibilityPassed(Message):
    application_id: str
    warnings: list[str] = []


@event("subsidy.verification.eligibility_refused.v1", key="application_id", zone=Zone.OUTSIDE)
class EligibilityRefused(Message):
    application_id: str
    reasons: list[str]


@command(
    "subsidy.verification.verify_slice.v1",
    key="slice_id",
    zone=Zone.OUTSIDE,
    outcomes=["subsidy.verification.slice_verified.v1"],
)
class VerifySlice(Message):
    """预警核实 (M19) of the lines of a revision, set-wise."""

    slice_id: str
    revision: int
    project: str
    period: str
    project_version: str

    def awaits(self) -> list[tuple[str, int]]:
        return [(self.slice_id, self.revision), (f"project:{self.project_version}", 1)]


@event("subsidy.verification.slice_verified.v1", key="slice_id", zone=Zone.OUTSIDE)
class SliceVerified(Message):
    """After the findings' chunks; `batch` states `revision` (= the checked one + 1) from them."""

    slice_id: str
    revision: int
    passed: int
    warned: int
    intercepted: int


@command(
    "subsidy.verification.recheck_set.v1",
    key="set_id",
    zone=Zone.FINANCE,
    outcomes=["subsidy.verification.set_rechecked.v1"],
)
class RecheckSet(Message):
    """R04–R06, stop list and card state before the file; hits become exclusions, never a revision."""

    set_id: str
    project: str
    period: str
    project_version: str
    slices: list[SliceRevision]

    def awaits(self) -> list[tuple[str, int]]:
        slices = [(one.slice_id, one.revision) for one in self.slices]
        return [*slices, (f"project:{self.project_version}", 1)]


@event("subsidy.verification.set_rechecked.v1", key="set_id", zone=Zone.FINANCE)
class SetRechecked(Message):
    set_id: str
    check_id: str
    rechecked: int
    intercepted: int
    slices_found: int


@event("subsidy.verification.findings_stated.v1", key="slice_id")
class FindingsStated(Chunk):
    """Findings of one check of one slice. `stream_id` = `findings:<check id>:<slice id>`, revision 1.

    `stage` alert_verification | before_file. `slices` is how many slices the check states in all.
    """

    ROWS: ClassVar[str] = "findings"

    slice_id: str
    checked_revision: int
    check_id: str
    stage: str
    slices: int
    findings: list[LineFinding]


@event("subsidy.verification.line_reviewed.v1", key="slice_id", crosses=True)
class LineReviewed(Message):
    """Two people decided every holding hit of a line. `verdict` cleared | confirmed.

    Confirmed: `consequence` exclude (this period only) | stop (the enrolment ends; `last_period` is still owed)
    | payee (somebody else must be paid). A cleared hit does not come again while its evidence is the same.
    """

    slice_id: str
    line_id: str
    application_id: str
    project: str
    verdict: str
    consequence: str
    rules: list[str]
    reason: str
    last_period: str | None = None


@event("subsidy.verification.review_granted.v1", key="application_id", zone=Zone.OUTSIDE)
class ReviewGranted(Message):
    """核实 at a refused citizen's request was granted by two people; starts the project's `review` instance."""

    application_id: str
    subject_id: str
    project: str
    township: str
    category: str
    review_id: str


@event("subsidy.verification.hit_decided.v1", key="hit_id", crosses=True)
class HitDecided(Message):
    """One hit lifted or confirmed by two people: what precision and interceptions are counted from."""

    hit_id: str
    project: str
    county: str
    township: str
    rule: str
    stage: str
    decision: str

"""One example of every handled message, for the suite that delivers each twice and late.

Each has a slice (and set) of its own, so that they can come in any order.
"""

from contracts.application import (
    ApplicationListed,
    ApplicationWithdrawn,
    Enrolment,
    EnrolmentsStated,
    EnrolmentState,
    OfflineRecorded,
    OfflineResult,
)
from contracts.base import Message
from contracts.batch import (
    CloseSet,
    ConfirmAmounts,
    FreezeSet,
    HandToCounty,
    RecheckLines,
    ReturnLines,
    ReturnSlices,
    SetAsideOpenLines,
    SignSet,
    SignSlice,
    SliceRevision,
)
from contracts.card_matching import CardsStated, LineCard
from contracts.grievance import ObjectionAccepted, ObjectionConcluded
from contracts.orchestrator import ProjectDeployed
from contracts.payment import (
    AmountsStated,
    DeductionOrdered,
    DeductionsCancelled,
    LineAmount,
    LinePayment,
    PaymentFoundPaid,
    PaymentReturned,
    PaymentsStated,
)
from contracts.publicity import NoticeConfirmed
from contracts.registry import Basis, HouseholdChanged, PayeeChanged
from contracts.verification import FindingsStated, LineFinding, LineReviewed
from kit.testing import sealed
from services.batch.tests.county import CATEGORY, COUNTY, PERIOD, PROJECT, TOWN, VILLAGE
from services.batch.tests.golden_world import prepare, root_of, set_root_of

__all__ = ["GOLDEN", "prepare"]


def _part(stream: str) -> dict[str, object]:
    return {"stream_id": stream, "revision": 1, "index": 0, "count": 1, "digest": "golden"}


def _one(name: str) -> list[SliceRevision]:
    return [SliceRevision(slice_id=name, revision=1)]


GOLDEN: dict[type[Message], Message] = {
    ProjectDeployed: ProjectDeployed(
        project=PROJECT,
        version="v2",
        manifest={"categories": {CATEGORY: "特困人员"}},
        rules={},
        form_schema={},
    ),
    ApplicationListed: ApplicationListed(
        application_id="a-listed",
        subject_id="s-listed",
        project=PROJECT,
        township=TOWN,
        village=VILLAGE,
        category=CATEGORY,
        channel="mini_program",
    ),
    ApplicationWithdrawn: ApplicationWithdrawn(application_id="a-gone", project=PROJECT, township=TOWN),
    EnrolmentsStated: EnrolmentsStated.model_validate(
        _part("enrolments:golden")
        | {"project": PROJECT, "county": COUNTY}
        | {
            "enrolments": [
                Enrolment(
                    enrolment_id="e-golden",
                    application_id="a-enrolled",
                    rev=2,
                    subject_id="s-enrolled",
                    payee_id="s-enrolled",
                    township=TOWN,
                    village=VILLAGE,
                    category=CATEGORY,
                    state=EnrolmentState.ACTIVE,
                    valid_from=PERIOD,
                )
            ]
        }
    ),
    PayeeChanged: PayeeChanged(
        subject_id="s-paid",
        payee_id="s-guardian",
        basis=Basis.GUARDIAN,
        valid_from="2023-01-01",
        rev=1,
    ),
    HouseholdChanged: HouseholdChanged(
        household_id="h-golden",
        subject_id="s-household",
        head_id="s-head",
        member_ids=["s-head"],
        change="formed",
        effective_on="2023-01-01",
        rev=1,
    ),
    OfflineRecorded: OfflineRecorded(
        roster_id="golden",
        index=0,
        count=1,
        results=[OfflineResult(row_id="golden-row", application_id="a-offline")],
    ),
    CardsStated: CardsStated.model_validate(
        _part("cards:golden")
        | {"slice_id": "cards", "checked_revision": 1, "match_id": "golden"}
        | {"cards": [LineCard(line_id="l-cards", rev=1, status="abnormal", reason="卡未激活")]}
    ),
    FindingsStated: FindingsStated.model_validate(
        _part("findings:golden:findings")
        | {"slice_id": "findings", "checked_revision": 1, "check_id": "golden", "slices": 1}
        | {"stage": "alert_verification"}
        | {"findings": [LineFinding(line_id="l-findings", rev=1, verdict="hold")]}
    ),
    AmountsStated: AmountsStated.model_validate(
        _part("amounts:golden:amounts")
        | {"slice_id": "amounts", "checked_revision": 1, "calculation_id": "golden"}
        | {"amounts": [LineAmount(line_id="l-amounts", rev=1, amount_fen=6000)]}
    ),
    PaymentsStated: PaymentsStated.model_validate(
        _part("payments:golden:payments")
        | {"slice_id": "payments", "order_id": "golden", "slices": 1}
        | {"payments": [LinePayment(line_id="l-payments", state="paid")]}
    ),
    DeductionOrdered: DeductionOrdered(
        case_id="case-golden",
        application_id="a-enrolled",
        subject_id="s-enrolled",
        project=PROJECT,
        county=COUNTY,
        installment=1,
        amount_fen=1000,
        entitlement_period=PERIOD,
        from_period="202306",
    ),
    DeductionsCancelled: DeductionsCancelled(
        case_id="case-golden", application_id="a-enrolled", installments=[7]
    ),
    LineReviewed: LineReviewed(
        slice_id="reviewed",
        line_id="l-reviewed",
        application_id="a-reviewed",
        project=PROJECT,
        verdict="confirmed",
        consequence="stop",
        rules=["R04"],
        reason="已死亡",
    ),
    PaymentReturned: PaymentReturned(
        slice_id="back", line_id="l-back", order_id="o", payment_id="p", attempt=1, code="F03"
    ),
    PaymentFoundPaid: PaymentFoundPaid(
        slice_id="found", line_id="l-found", order_id="o", payment_id="p", attempt=1
    ),
    SetAsideOpenLines: SetAsideOpenLines(slice_id="aside", revision=1),
    RecheckLines: RecheckLines(slice_id="recheck", revision=1),
    SignSlice: SignSlice(
        slice_id="sign",
        revision=1,
        node="township_review",
        root=root_of("sign"),
        actor="reviewer",
        work_item_id="w",
    ),
    HandToCounty: HandToCounty(slice_id="hand", revision=1),
    NoticeConfirmed: NoticeConfirmed(slice_id="notice", notice_id="n", round=1, published_lines=1),
    ObjectionAccepted: ObjectionAccepted(objection_id="o-accept", slice_id="accept", line_id="l-accept"),
    ObjectionConcluded: ObjectionConcluded(
        objection_id="o-conclude", slice_id="conclude", line_id="l-conclude", upheld=True
    ),
    ConfirmAmounts: ConfirmAmounts(set_id="set-priced", slices=_one("priced")),
    SignSet: SignSet(
        set_id="set-signset",
        slices=_one("signset"),
        node="department_review",
        root=set_root_of("signset"),
        actor="department",
        work_item_id="w",
    ),
    ReturnSlices: ReturnSlices(
        set_id="set-return",
        slice_ids=["return"],
        target="township_handler",
        return_reason="材料不全",
        actor="county",
    ),
    ReturnLines: ReturnLines(
        slice_id="backline", revision=1, line_ids=["l-backline"], return_reason="材料不全", actor="reviewer"
    ),
    FreezeSet: FreezeSet(set_id="set-freeze", slices=_one("freeze"), after_check="golden-freeze"),
    CloseSet: CloseSet(set_id="set-close", order_id="golden-close"),
}
GOLDEN |= {cls: sealed(message) for cls, message in GOLDEN.items()}

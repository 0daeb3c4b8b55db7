"""An example of each handled message, for the suite that delivers everything twice."""

from contracts.application import Enrolment, EnrolmentsStated, EnrolmentState
from contracts.base import Message
from contracts.batch import BatchClosed, FrozenSlice, Line, LinesStated, LineState, SetFrozen
from contracts.payment import LinePayment, PaymentFoundPaid, PaymentReturned, PaymentsStated
from kit.db import Tx
from kit.testing import sealed

COUNTY, TOWNSHIP = "539901", "539901101"

_LINE = Line(
    line_id="line-1",
    rev=2,
    application_id="application-1",
    subject_id="subject-1",
    payee_id="subject-1",
    village="539901101201",
    state=LineState.NORMAL,
    entitlement_period="202305",
    amount_fen=8000,
)
_ENROLMENT = Enrolment(
    enrolment_id="enrolment-1",
    application_id="application-1",
    rev=2,
    subject_id="subject-1",
    payee_id="subject-1",
    township=TOWNSHIP,
    village="539901101201",
    category="destitute",
    state=EnrolmentState.ACTIVE,
    valid_from="202305",
)
GOLDEN: dict[type[Message], Message] = {
    EnrolmentsStated: EnrolmentsStated(
        stream_id="enrolments:act-1",
        revision=1,
        index=0,
        count=1,
        digest="-",
        project="11810",
        county=COUNTY,
        enrolments=[_ENROLMENT],
    ),
    LinesStated: LinesStated(
        stream_id="slice-1",
        revision=3,
        index=0,
        count=1,
        digest="-",
        batch_id="batch-1",
        project="11810",
        period="202305",
        county=COUNTY,
        township=TOWNSHIP,
        category="destitute",
        rows=[_LINE],
    ),
    SetFrozen: SetFrozen(
        set_id="set-1",
        frozen=[FrozenSlice(slice_id="slice-1", revision=3, root="r", exclusions=0, exclusions_at_signing=0)],
        payable_lines=1,
        payable_fen=8000,
    ),
    PaymentsStated: PaymentsStated(
        stream_id="payments:order-1:slice-1",
        revision=1,
        index=0,
        count=1,
        digest="-",
        slice_id="slice-1",
        order_id="order-1",
        slices=1,
        payments=[LinePayment(line_id="line-1", state="paid")],
    ),
    PaymentReturned: PaymentReturned(
        slice_id="slice-1",
        line_id="line-1",
        order_id="order-1",
        payment_id="payment-1",
        attempt=1,
        code="F02",
        reason="账户已销户",
    ),
    PaymentFoundPaid: PaymentFoundPaid(
        slice_id="slice-1", line_id="line-1", order_id="order-1", payment_id="payment-1", attempt=1
    ),
    BatchClosed: BatchClosed(
        batch_id="batch-1", project="11810", period="202305", county=COUNTY, paid=1, paid_fen=8000
    ),
}
GOLDEN |= {cls: sealed(message) for cls, message in GOLDEN.items()}


async def prepare(tx: Tx) -> None:
    """Nothing has to be there before."""

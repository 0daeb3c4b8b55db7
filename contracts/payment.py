"""Door of `payment`: 测算, 指标, payment order, bank, ledger."""

from typing import ClassVar

from contracts.base import Chunk, Message, Record, Zone, command, event
from contracts.batch import FrozenSlice, SliceRevision


class LineAmount(Record):
    """测算 result for one line at `rev`, in fen: above zero, below it for a deduction line."""

    line_id: str
    rev: int
    amount_fen: int


class LinePayment(Record):
    """Bank result for one line: paid | failed with the internal code F01 … F99 (domain §4)."""

    line_id: str
    state: str
    code: str | None = None
    reason: str | None = None


@command(
    "subsidy.payment.calculate_set.v1",
    key="set_id",
    zone=Zone.FINANCE,
    outcomes=[
        "subsidy.payment.set_calculated.v1",
        "subsidy.payment.standard_missing.v1",
        "subsidy.payment.pool_waiting.v1",
    ],
)
class CalculateSet(Message):
    """项目测算 (M32): price every normal line from the county's standard, pinned by version."""

    set_id: str
    project: str
    period: str
    county: str
    slices: list[SliceRevision]

    def awaits(self) -> list[tuple[str, int]]:
        return [(one.slice_id, one.revision) for one in self.slices]


@event("subsidy.payment.amounts_stated.v1", key="slice_id", zone=Zone.FINANCE)
class AmountsStated(Chunk):
    """Amounts of one slice, in parts. `stream_id` = `amounts:<calculation id>:<slice id>`, revision 1."""

    ROWS: ClassVar[str] = "amounts"

    slice_id: str
    checked_revision: int
    calculation_id: str
    amounts: list[LineAmount]


@event("subsidy.payment.set_calculated.v1", key="set_id", zone=Zone.FINANCE)
class SetCalculated(Message):
    """`slices` name the revisions that `batch` states from the amounts (each + 1)."""

    set_id: str
    slices: list[SliceRevision]
    priced_lines: int
    total_fen: int
    standard_id: str


@event("subsidy.payment.standard_missing.v1", key="set_id", zone=Zone.FINANCE)
class StandardMissing(Message):
    set_id: str
    missing: list[str]


@command(
    "subsidy.payment.link_quota.v1",
    key="set_id",
    zone=Zone.FINANCE,
    outcomes=["subsidy.payment.quota_linked.v1", "subsidy.payment.quota_short.v1"],
)
class LinkQuota(Message):
    """审核挂账: reserve the set's approved amount from the county's quota for the project."""

    set_id: str
    project: str
    period: str
    county: str
    approved_fen: int


@event("subsidy.payment.quota_linked.v1", key="set_id", zone=Zone.FINANCE)
class QuotaLinked(Message):
    set_id: str
    quota_id: str
    reserved_fen: int


@event("subsidy.payment.quota_short.v1", key="set_id", zone=Zone.FINANCE)
class QuotaShort(Message):
    set_id: str
    short_fen: int


@command(
    "subsidy.payment.issue_order.v1",
    key="set_id",
    zone=Zone.FINANCE,
    outcomes=["subsidy.payment.order_settled.v1"],
)
class IssueOrder(Message):
    """支付申请: the order is exactly the signed lines minus exclusions, checked against each root.

    Answered when every line is paid or failed; UNKNOWN lines are settled by query only.
    """

    set_id: str
    project: str
    period: str
    county: str
    frozen: list[FrozenSlice]
    actor: str
    work_item_id: str

    def awaits(self) -> list[tuple[str, int]]:
        lines = [(one.slice_id, one.revision) for one in self.frozen]
        left = [(f"exclusions:{one.slice_id}", one.exclusions) for one in self.frozen if one.exclusions]
        return lines + left


@event("subsidy.payment.payments_stated.v1", key="slice_id", zone=Zone.FINANCE)
class PaymentsStated(Chunk):
    """Bank results of one slice, in parts. `stream_id` = `payments:<order id>:<slice id>`, revision 1.

    `slices` is how many slices the order states in all.
    """

    ROWS: ClassVar[str] = "payments"

    slice_id: str
    order_id: str
    slices: int
    payments: list[LinePayment]


@event("subsidy.payment.order_settled.v1", key="set_id", zone=Zone.FINANCE)
class OrderSettled(Message):
    set_id: str
    order_id: str
    paid: int
    paid_fen: int
    failed: int
    failed_fen: int


@event("subsidy.payment.pool_waiting.v1", key="set_id", zone=Zone.FINANCE)
class PoolWaiting(Message):
    """Pool ÷ area can't be priced yet: `missing` names townships without a closed area notice, or the pool."""

    set_id: str
    missing: list[str]


@event("subsidy.payment.payment_returned.v1", key="slice_id", crosses=True)
class PaymentReturned(Message):
    """退票: money came back after the order was settled. The line has failed; `batch` opens its 重发."""

    slice_id: str
    line_id: str
    order_id: str
    payment_id: str
    attempt: int
    code: str | None = None
    reason: str | None = None


@event("subsidy.payment.payment_found_paid.v1", key="slice_id", crosses=True)
class PaymentFoundPaid(Message):
    """改判已付: two people decided that the bank had paid what it reported as failed, after the order was settled.

    The line is paid; `batch` withdraws the 重发 that stands in its place. Was the 重发 paid too, this is not sent:
    a recovery is opened instead.
    """

    slice_id: str
    line_id: str
    order_id: str
    payment_id: str
    attempt: int


@event("subsidy.payment.deduction_ordered.v1", key="application_id", crosses=True)
class DeductionOrdered(Message):
    """扣回: instalment `installment` of a recovery is kept back from the next line of this application.

    `batch` makes a deduction line of `-amount_fen` beside the normal line in the first batch from `from_period` on.
    """

    case_id: str
    application_id: str
    subject_id: str
    project: str
    county: str
    installment: int
    amount_fen: int
    entitlement_period: str
    from_period: str


@event("subsidy.payment.deductions_cancelled.v1", key="application_id", crosses=True)
class DeductionsCancelled(Message):
    """These instalments are no longer to be kept back: planned anew, repaid or given up. Lines made by then stand."""

    case_id: str
    application_id: str
    installments: list[int]


@event("subsidy.payment.recovery_changed.v1", key="case_id", zone=Zone.FINANCE, crosses=True)
class RecoveryChanged(Message):
    """追回: `state` opened | noticed | recovering | recovered | written_off | withdrawn."""

    case_id: str
    line_id: str
    project: str
    county: str
    township: str
    state: str
    claimed_fen: int
    recovered_fen: int
    written_off_fen: int

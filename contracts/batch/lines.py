"""Lines as a revision states them, and what becomes of one line."""

from enum import StrEnum

from contracts.base import Chunk, Message, Record, Zone, command, event


class LineState(StrEnum):
    """Line states of decisions §1: 正常, 异常, 处理中, 挂起, 作废; and 在发 paid/failed after the bank."""

    NORMAL = "normal"
    ABNORMAL = "abnormal"
    PROCESSING = "processing"
    HELD = "held"
    VOID = "void"
    PAID = "paid"
    FAILED = "failed"


class Line(Record):
    """One enrolment's entitlement as stated in a revision. `quantity` is a decimal in text (人·月, 亩).

    `kind` normal | back_pay 补发 | deduction 扣回: a deduction's amount is negative and stands from the start.
    `reissue_of` names the failed or returned line that this one replaces (重发).
    """

    line_id: str
    rev: int
    application_id: str
    subject_id: str
    payee_id: str
    village: str
    state: LineState
    reason: str | None = None
    kind: str = "normal"
    installment: int = 1
    entitlement_period: str
    quantity: str = "1"
    amount_fen: int | None = None
    reissue_of: str | None = None


class SliceRevision(Record):
    """A slice at a revision, as set commands name it."""

    slice_id: str
    revision: int


class FrozenSlice(SliceRevision):
    """What finance signed of a slice, and how many exclusion records it has by now.

    `root` covers the revision's normal lines but those of the first `exclusions_at_signing` records.
    """

    root: str
    exclusions: int
    exclusions_at_signing: int


@event("subsidy.batch.lines_stated.v1", key="stream_id", crosses=True)
class LinesStated(Chunk):
    """Revision `revision` of slice `stream_id`, in parts; `cause` of the envelope is the command applied."""

    batch_id: str
    project: str
    period: str
    county: str
    township: str
    category: str
    rows: list[Line]


@event("subsidy.batch.line_held.v1", key="slice_id", crosses=True)
class LineHeld(Message):
    """A line is held (accepted objection, unreviewed hit); raises the line's rev, never the revision."""

    slice_id: str
    line_id: str
    rev: int
    reason: str


@event("subsidy.batch.line_released.v1", key="slice_id", crosses=True)
class LineReleased(Message):
    slice_id: str
    line_id: str
    rev: int
    reason: str


@event("subsidy.batch.line_excluded.v1", key="slice_id", crosses=True)
class LineExcluded(Message):
    """Exclusion record `seq` of a slice: after a signature lines only leave (decisions §3).

    `ends_enrolment` is true when the person is not entitled (upheld objection), false when the line moves on.
    """

    slice_id: str
    line_id: str
    application_id: str
    seq: int
    reason: str
    ends_enrolment: bool
    moved_to: str | None = None


@command(
    "subsidy.batch.return_lines.v1",
    key="slice_id",
    zone=Zone.OUTSIDE,
    outcomes=["subsidy.batch.lines_returned.v1"],
)
class ReturnLines(Message):
    """退回 of chosen lines by the township reviewer: they leave into a correction submission; the rest goes on."""

    slice_id: str
    revision: int
    line_ids: list[str]
    return_reason: str
    actor: str

    def awaits(self) -> list[tuple[str, int]]:
        return [(self.slice_id, self.revision)]


@event("subsidy.batch.lines_returned.v1", key="slice_id", zone=Zone.OUTSIDE)
class LinesReturned(Message):
    """`normal` lines remain in the slice."""

    slice_id: str
    returned: int
    normal: int
    correction_slice_id: str | None = None


@event("subsidy.batch.overpayment_found.v1", key="slice_id", crosses=True)
class OverpaymentFound(Message):
    """A paid line turned out not to be owed (upheld objection, confirmed hit): `payment` opens a recovery."""

    slice_id: str
    line_id: str
    application_id: str
    subject_id: str
    payee_id: str
    project: str
    county: str
    township: str
    entitlement_period: str
    amount_fen: int
    reason: str

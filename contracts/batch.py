"""Door of `batch`: batches, lines, slices, sets, manifests and exclusions. Sole writer of line state."""

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


@event("subsidy.batch.slice_opened.v1", key="slice_id", zone=Zone.OUTSIDE)
class SliceOpened(Message):
    """A township submission exists (M17); starts the project's township instance.

    `kind`: first | supplement (held, abnormal or late lines, decisions §2) | correction (chosen lines that were
    returned) | adjustment (补发, separately approved) | reissue (重发: re-matched, not published again, §6).
    `publicity_done` is true when every line keeps the evidence of an earlier notice.
    """

    slice_id: str
    batch_id: str
    project: str
    period: str
    county: str
    township: str
    category: str
    number: int
    kind: str
    publicity_done: bool
    revision: int
    lines: int


@event("subsidy.batch.set_opened.v1", key="set_id", zone=Zone.FINANCE)
class SetOpened(Message):
    """The county gathered slices into a 送审集: starts the project's county instance.

    `reissues` is true when every line is a 重发: no calculation is open, no notice is needed.
    """

    set_id: str
    batch_id: str
    project: str
    period: str
    county: str
    slices: list[SliceRevision]
    lines: int
    reissues: bool = False


@command(
    "subsidy.batch.set_aside_open_lines.v1",
    key="slice_id",
    zone=Zone.OUTSIDE,
    outcomes=["subsidy.batch.lines_set_aside.v1"],
)
class SetAsideOpenLines(Message):
    """Move lines that are not normal (异常, 处理中, 挂起) into a supplement slice of their own."""

    slice_id: str
    revision: int

    def awaits(self) -> list[tuple[str, int]]:
        return [(self.slice_id, self.revision)]


@event("subsidy.batch.lines_set_aside.v1", key="slice_id", zone=Zone.OUTSIDE)
class LinesSetAside(Message):
    slice_id: str
    set_aside: int
    normal: int
    supplement_slice_id: str | None = None


@command(
    "subsidy.batch.recheck_lines.v1",
    key="slice_id",
    zone=Zone.OUTSIDE,
    outcomes=["subsidy.batch.lines_reopened.v1"],
)
class RecheckLines(Message):
    """After a correction or a return: restate the slice, its open lines 处理中, to be checked again."""

    slice_id: str
    revision: int

    def awaits(self) -> list[tuple[str, int]]:
        return [(self.slice_id, self.revision)]


@event("subsidy.batch.lines_reopened.v1", key="slice_id", zone=Zone.OUTSIDE)
class LinesReopened(Message):
    slice_id: str
    revision: int
    lines: int


@command(
    "subsidy.batch.sign_slice.v1",
    key="slice_id",
    zone=Zone.OUTSIDE,
    outcomes=["subsidy.batch.slice_signed.v1", "subsidy.batch.signature_refused.v1"],
)
class SignSlice(Message):
    """Sign a slice's manifest at a node. `root` is what the signer saw; another root refuses."""

    slice_id: str
    revision: int
    node: str
    root: str
    actor: str
    work_item_id: str

    def awaits(self) -> list[tuple[str, int]]:
        return [(self.slice_id, self.revision)]


@event("subsidy.batch.slice_signed.v1", key="slice_id", crosses=True)
class SliceSigned(Message):
    slice_id: str
    node: str
    root: str
    signed_lines: int


@event("subsidy.batch.signature_refused.v1", key="subject_key", crosses=True)
class SignatureRefused(Message):
    """What was shown is no longer what stands, or maker = checker. `subject_key` is the slice or set."""

    subject_key: str
    node: str
    refusal: str


@command(
    "subsidy.batch.hand_to_county.v1",
    key="slice_id",
    zone=Zone.OUTSIDE,
    crosses=True,
    outcomes=["subsidy.batch.slice_settled.v1", "subsidy.batch.slice_returned.v1"],
)
class HandToCounty(Message):
    """送区县审核 (M30). Answered when the county has settled the slice or returned it."""

    slice_id: str
    revision: int

    def awaits(self) -> list[tuple[str, int]]:
        return [(self.slice_id, self.revision)]


@event("subsidy.batch.slice_settled.v1", key="slice_id", crosses=True)
class SliceSettled(Message):
    slice_id: str
    paid: int
    failed: int


@event("subsidy.batch.slice_returned.v1", key="slice_id", crosses=True)
class SliceReturned(Message):
    """退回: `target` township_handler | township_review; `revision` is where the slice stands now."""

    slice_id: str
    revision: int
    target: str
    return_reason: str


@command(
    "subsidy.batch.confirm_amounts.v1",
    key="set_id",
    zone=Zone.FINANCE,
    outcomes=["subsidy.batch.amounts_confirmed.v1"],
)
class ConfirmAmounts(Message):
    """Answer once every slice stands at its priced revision, so that nobody reviews a half-priced set."""

    set_id: str
    slices: list[SliceRevision]

    def awaits(self) -> list[tuple[str, int]]:
        return [(one.slice_id, one.revision) for one in self.slices]


@event("subsidy.batch.amounts_confirmed.v1", key="set_id", zone=Zone.FINANCE)
class AmountsConfirmed(Message):
    set_id: str
    priced_fen: int


@command(
    "subsidy.batch.sign_set.v1",
    key="set_id",
    zone=Zone.FINANCE,
    outcomes=["subsidy.batch.set_signed.v1", "subsidy.batch.signature_refused.v1"],
)
class SignSet(Message):
    """Sign all manifests of a set at a node; `root` is the Merkle root over the slices' roots."""

    set_id: str
    slices: list[SliceRevision]
    node: str
    root: str
    actor: str
    work_item_id: str

    def awaits(self) -> list[tuple[str, int]]:
        return [(one.slice_id, one.revision) for one in self.slices]


@event("subsidy.batch.set_signed.v1", key="set_id", zone=Zone.FINANCE)
class SetSigned(Message):
    set_id: str
    node: str
    root: str
    signed_lines: int
    approved_fen: int


@command(
    "subsidy.batch.return_slices.v1",
    key="set_id",
    zone=Zone.FINANCE,
    crosses=True,
    outcomes=["subsidy.batch.slices_returned.v1"],
)
class ReturnSlices(Message):
    """Slices leave the set: back to a target node of the township, or `later_set` (stay at the county).

    With `line_ids`, only these lines leave their slices, into correction submissions of their own; the rest of
    the set stays, at its revisions, and is signed anew.
    """

    set_id: str
    slice_ids: list[str] = []
    line_ids: list[str] = []
    target: str
    return_reason: str
    actor: str


@event("subsidy.batch.slices_returned.v1", key="set_id", zone=Zone.FINANCE)
class SlicesReturned(Message):
    set_id: str
    slices: list[SliceRevision]
    remaining: int


@command(
    "subsidy.batch.freeze_set.v1",
    key="set_id",
    zone=Zone.FINANCE,
    outcomes=["subsidy.batch.set_frozen.v1"],
)
class FreezeSet(Message):
    """State the basis of the payment order once the last check's findings are applied.

    `after_check` is the check's outcome field `check_id`, `after_cards` the card recheck's where the diagram has
    one; a line that leaves later is a recovery.
    """

    set_id: str
    slices: list[SliceRevision]
    after_check: str
    after_cards: str = ""

    def awaits(self) -> list[tuple[str, int]]:
        cards = [(f"cards:{self.after_cards}", 1)] if self.after_cards else []
        return [(f"findings:{self.after_check}", 1), *cards]


@event("subsidy.batch.set_frozen.v1", key="set_id", zone=Zone.FINANCE)
class SetFrozen(Message):
    set_id: str
    frozen: list[FrozenSlice]
    payable_lines: int
    payable_fen: int


@command(
    "subsidy.batch.close_set.v1",
    key="set_id",
    zone=Zone.FINANCE,
    crosses=True,
    outcomes=["subsidy.batch.set_closed.v1"],
)
class CloseSet(Message):
    """归档: every line of the set has its bank result; its slices are settled. `order_id` as paid."""

    set_id: str
    order_id: str

    def awaits(self) -> list[tuple[str, int]]:
        return [(f"order:{self.order_id}", 1)]


@event("subsidy.batch.set_closed.v1", key="set_id", zone=Zone.FINANCE)
class SetClosed(Message):
    set_id: str
    paid: int
    failed: int


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


@event("subsidy.batch.batch_opened.v1", key="batch_id", crosses=True)
class BatchOpened(Message):
    """批次创建. `carried` enrolments were taken over from earlier periods (结转)."""

    batch_id: str
    project: str
    period: str
    county: str
    carried: int


@event("subsidy.batch.batch_closed.v1", key="batch_id", crosses=True)
class BatchClosed(Message):
    """批次归档: every line is paid, void, replaced, or has left for a later batch."""

    batch_id: str
    project: str
    period: str
    county: str
    paid: int
    paid_fen: int


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

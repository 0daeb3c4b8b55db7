"""Batches and 批次清册: opened, signed by the township, handed to the county, settled or sent back."""

from contracts.base import Message, Zone, command, event


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

"""送审集: gathered by the county, priced, signed, frozen, paid and closed."""

from contracts.base import Message, Zone, command, event
from contracts.batch.lines import FrozenSlice, SliceRevision


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

"""Door of `card_matching`: 人社匹卡, number → social security card → financial function (M18)."""

from typing import ClassVar

from contracts.base import Chunk, Message, Record, Zone, command, event
from contracts.batch import SliceRevision


class LineCard(Record):
    """Card result for one line at `rev`: normal | abnormal | processing, with the agency's reason."""

    line_id: str
    rev: int
    status: str
    reason: str | None = None


@command(
    "subsidy.card_matching.match_slice.v1",
    key="slice_id",
    zone=Zone.OUTSIDE,
    outcomes=["subsidy.card_matching.slice_matched.v1"],
)
class MatchSlice(Message):
    """Match the payees' cards of a revision; answered once the agency has settled every person."""

    slice_id: str
    revision: int
    project: str

    def awaits(self) -> list[tuple[str, int]]:
        return [(self.slice_id, self.revision)]


@event("subsidy.card_matching.cards_stated.v1", key="slice_id", zone=Zone.OUTSIDE)
class CardsStated(Chunk):
    """Card results in parts; `batch` applies them. `stage` match | before_file.

    `stream_id` = `cards:<match id>`, or before the file `cards:<check id>:<slice id>`; revision 1. Before the file
    `slices` is how many slices the check states in all, and an abnormal card excludes its line.
    """

    ROWS: ClassVar[str] = "cards"

    slice_id: str
    checked_revision: int
    match_id: str
    stage: str = "match"
    slices: int = 1
    cards: list[LineCard]


@event("subsidy.card_matching.slice_matched.v1", key="slice_id", zone=Zone.OUTSIDE)
class SliceMatched(Message):
    """`revision` is the one that `batch` states from these results (the matched one + 1)."""

    slice_id: str
    revision: int
    matched: int
    abnormal_cards: int


@command(
    "subsidy.card_matching.recheck_cards.v1",
    key="set_id",
    zone=Zone.FINANCE,
    crosses=True,
    outcomes=["subsidy.card_matching.cards_rechecked.v1"],
)
class RecheckCards(Message):
    """Card and account state before the file (decisions §4): cards matched long ago are asked about again."""

    set_id: str
    project: str
    slices: list[SliceRevision]

    def awaits(self) -> list[tuple[str, int]]:
        return [(one.slice_id, one.revision) for one in self.slices]


@event("subsidy.card_matching.cards_rechecked.v1", key="set_id", crosses=True)
class CardsRechecked(Message):
    """`cards_check_id` is what `batch.freeze_set` awaits as `after_cards`."""

    set_id: str
    cards_check_id: str
    rechecked_cards: int
    lost_cards: int

"""Door of `card_matching`: 人社匹卡, number → social security card → financial function (M18)."""

from typing import ClassVar

from contracts.base import Chunk, Message, Record, Zone, command, event


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
    """Card results in parts. `stream_id` = `cards:<match id>`, revision 1; `batch` applies them."""

    ROWS: ClassVar[str] = "cards"

    slice_id: str
    checked_revision: int
    match_id: str
    cards: list[LineCard]


@event("subsidy.card_matching.slice_matched.v1", key="slice_id", zone=Zone.OUTSIDE)
class SliceMatched(Message):
    """`revision` is the one that `batch` states from these results (the matched one + 1)."""

    slice_id: str
    revision: int
    matched: int
    abnormal_cards: int

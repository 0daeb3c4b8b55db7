"""Once everybody of a match is settled: R12 by the registry, then the results, per slice or for a whole set."""

from collections import Counter
from typing import Any

from contracts.card_matching import CardsRechecked, CardsStated, LineCard, SliceMatched
from kit import chunks
from kit.db import Tx
from kit.service import Room
from services.card_matching import ports
from services.card_matching.handlers.door import on
from services.card_matching.store import matches, rechecks


@on.worker(every=1.0)
async def check_payees(room: Room) -> bool:
    """Ask the registry whether the payees of the next match may receive (R12). Raises when it is out: still due."""
    async with room.tx() as tx:
        match = await matches.payees_unchecked(tx)
        if match is None:
            return False
        pairs, today = await matches.pairs(tx, match), tx.today
    wrong = await ports.unauthorised(room, match["project"], today, pairs)
    async with room.tx() as tx:
        await matches.record_payees(tx, match["match_id"], wrong)
        tx.wake(state_results)
        tx.wake(state_rechecks)
    return True


@on.worker(every=2.0)
async def state_results(room: Room) -> bool:
    """Answer the next match whose persons are all settled."""
    async with room.tx() as tx:
        match = await matches.settled(tx)
        if match is None:
            return False
        match_id = match["match_id"]
        counts = await _state(tx, match, stream_id=f"cards:{match_id}", cause=match_id, match_id=match_id)
        outcome = SliceMatched(
            slice_id=match["slice_id"],
            revision=match["revision"] + 1,
            matched=counts["normal"],
            abnormal_cards=counts["abnormal"],
        )
        tx.emit(outcome, cause=match_id)
        await matches.close(tx, match_id)
    return True


@on.worker(every=2.0)
async def state_rechecks(room: Room) -> bool:
    """Answer the next check before the file whose slices are all settled."""
    async with room.tx() as tx:
        check = await rechecks.settled(tx)
        if check is None:
            return False
        check_id = check["check_id"]
        lost = 0
        for match in await rechecks.matches(tx, check_id):
            counts = await _state(
                tx,
                match,
                stream_id=f"cards:{check_id}:{match['slice_id']}",
                cause=check_id,
                match_id=check_id,
                stage="before_file",
                slices=check["slices"],
            )
            lost += counts["abnormal"]
        outcome = CardsRechecked(
            set_id=check["set_id"],
            cards_check_id=check_id,
            rechecked_cards=await rechecks.asked(tx, check_id),
            lost_cards=lost,
        )
        tx.emit(outcome, cause=check_id)
        await rechecks.close(tx, check_id)
    return True


async def _state(tx: Tx, match: Any, **fields: Any) -> Counter[str]:
    """The slice's lines with their payees' cards; returns how many stand where."""
    cards = [LineCard.model_construct(**dict(row)) for row in await matches.line_cards(tx, match)]
    await chunks.state(
        tx,
        CardsStated,
        cards,
        revision=1,
        slice_id=match["slice_id"],
        checked_revision=match["revision"],
        **fields,
    )
    return Counter(card.status for card in cards)

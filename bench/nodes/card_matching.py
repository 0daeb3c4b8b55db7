"""人社匹卡 of one slice, and the question before the file, with the agency simulator answering at once."""

from bench.nodes import world
from bench.nodes.desk import Desk
from contracts.batch import LineState, SliceRevision
from contracts.card_matching import CardsRechecked, MatchSlice, RecheckCards, SliceMatched
from services.card_matching.handlers.asking import ask_agency
from services.card_matching.handlers.stating import check_payees, state_rechecks, state_results

WORKERS = (ask_agency, check_payees, state_results, state_rechecks)


async def run(desk: Desk, count: int) -> None:
    """Receive, match, ask again before the file."""
    first = world.stated(count, 1, state=LineState.PROCESSING)
    async with desk.meter.node("接收一版 receive a revision"):
        await desk.receive(first)
    async with desk.meter.node("人社匹卡 match_slice"):
        await desk.send(MatchSlice(slice_id=world.SLICE, revision=1, project=world.PROJECT))
        await desk.work(lambda: desk.answered(SliceMatched), *WORKERS)
    found = await desk.answer(SliceMatched)
    if found.matched != count:
        raise RuntimeError(f"{found.matched} of {count} cards are good")
    async with desk.meter.node("文件前复核卡 recheck_cards"):
        slices = [SliceRevision(slice_id=world.SLICE, revision=1)]
        await desk.send(RecheckCards(set_id=world.SET, project=world.PROJECT, slices=slices))
        await desk.work(lambda: desk.answered(CardsRechecked), *WORKERS)

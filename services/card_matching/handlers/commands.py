"""A match is the command: its persons are divided into requests, and the workers do the rest."""

from contracts.batch import LinesStated
from contracts.card_matching import MatchSlice, RecheckCards
from contracts.orchestrator import ProjectDeployed
from kit import chunks
from kit.db import Tx
from kit.ids import named_id
from services.card_matching.domain import Terms
from services.card_matching.handlers.asking import ask_agency
from services.card_matching.handlers.door import on
from services.card_matching.handlers.stating import check_payees, state_rechecks, state_results
from services.card_matching.store import matches, rechecks

FIRST_REVISION = 1


@on(ProjectDeployed)
async def project_deployed(message: ProjectDeployed, tx: Tx) -> None:
    """The newest version's terms."""
    await matches.save_terms(tx, message, Terms.read(message.manifest))


@on.complete(LinesStated)
async def lines_stated(message: LinesStated, tx: Tx) -> None:
    """Keep where the slice belongs; of its rows the newest two revisions. A 重发 begins with its failed account."""
    await matches.save_slice(tx, message)
    if message.revision == FIRST_REVISION:
        await matches.distrust(tx, message.stream_id, message.revision)
    await chunks.forget(tx, message.stream_id, message.revision - 1)


@on(MatchSlice)
async def match_slice(message: MatchSlice, tx: Tx) -> None:
    """Persons with a card found good a short while ago need not be asked about (the project's parameter)."""
    assert tx.cause is not None
    terms = await matches.terms_of(tx, message.project)
    await matches.open_match(
        tx,
        tx.cause.id,
        message.slice_id,
        message.revision,
        fresh_days=terms.fresh_days,
        most_asks=terms.most_asks,
    )
    _wake(tx)


@on(RecheckCards)
async def recheck_cards(message: RecheckCards, tx: Tx) -> None:
    """Before the file: one match per slice, of cards that were not found good within `recheck_days`."""
    assert tx.cause is not None
    terms = await matches.terms_of(tx, message.project)
    if await rechecks.begin(tx, tx.cause.id, message):
        for one in message.slices:
            await matches.open_match(
                tx,
                named_id("card-recheck", tx.cause.id, one.slice_id),
                one.slice_id,
                one.revision,
                fresh_days=terms.recheck_days,
                most_asks=terms.most_asks,
                check_id=tx.cause.id,
            )
    _wake(tx)


def _wake(tx: Tx) -> None:
    tx.wake(ask_agency)
    tx.wake(check_payees)
    tx.wake(state_results)
    tx.wake(state_rechecks)

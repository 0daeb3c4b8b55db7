"""A match is the command: its persons are divided into requests, and the workers do the rest."""

from contracts.batch import LinesStated
from contracts.card_matching import MatchSlice
from contracts.orchestrator import ProjectDeployed
from kit import chunks
from kit.db import Tx
from services.card_matching.domain import Terms
from services.card_matching.handlers.asking import ask_agency, state_results
from services.card_matching.handlers.door import on
from services.card_matching.store import matches


@on(ProjectDeployed)
async def project_deployed(message: ProjectDeployed, tx: Tx) -> None:
    """The newest version's terms."""
    await matches.save_terms(tx, message, Terms.read(message.manifest))


@on.complete(LinesStated)
async def lines_stated(message: LinesStated, tx: Tx) -> None:
    """Keep where the slice belongs; of its rows the newest two revisions."""
    await matches.save_slice(tx, message)
    await chunks.forget(tx, message.stream_id, message.revision - 1)


@on(MatchSlice)
async def match_slice(message: MatchSlice, tx: Tx) -> None:
    """Persons with a card found good a short while ago need not be asked about (the project's parameter)."""
    assert tx.cause is not None
    await matches.open_match(tx, tx.cause.id, message)
    tx.wake(ask_agency)
    tx.wake(state_results)

"""One example of every message the room handles, for the suite that delivers everything twice."""

from contracts.base import Message
from contracts.batch import LinesStated
from contracts.card_matching import MatchSlice, RecheckCards
from contracts.orchestrator import ProjectDeployed
from kit import chunks
from kit.db import Tx
from services.card_matching.tests.world import (
    PROJECT,
    SLICE,
    TOWNSHIP,
    deployed,
    line,
    match,
    recheck,
    stated,
)

GOLDEN: dict[type[Message], Message] = {
    ProjectDeployed: deployed(fresh_days=30),
    LinesStated: stated([line(1)], revision=2)[0],
    MatchSlice: match(),
    RecheckCards: recheck((SLICE, 1)),
}


async def prepare(tx: Tx) -> None:
    """What the command awaits: revision 1 of the slice."""
    await tx.execute(
        "INSERT INTO slice VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        SLICE,
        PROJECT,
        TOWNSHIP[:6],
        TOWNSHIP,
    )
    await chunks.mark(tx, SLICE, 1)

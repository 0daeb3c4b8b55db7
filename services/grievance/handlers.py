"""Messages in: only what batch states about lines. Objections themselves come over HTTP."""

from contracts.batch import LinesStated
from kit.bus import Handlers
from kit.db import Tx
from services.grievance.store import lines

on = Handlers()


@on.complete(LinesStated)
async def lines_stated(message: LinesStated, tx: Tx) -> None:
    """A citizen may now object to these lines."""
    await lines.keep(tx, message)

"""The room's one registry of handlers, and the business time of what happened elsewhere."""

from datetime import datetime

from kit.bus import Handlers
from kit.db import Tx
from kit.envelope import Envelope

on = Handlers()


def happened(envelope: Envelope | None, tx: Tx) -> datetime:
    """When it happened, by the business clock: the sender's wall time, moved by today's distance of the clocks.

    So an event that is read late, or again from an emptied broker, keeps its time.
    """
    if envelope is None:
        return tx.now
    return datetime.fromisoformat(envelope.time) + (tx.now - tx.wall)

"""Interceptions and what became of them."""

from contracts.verification import FindingsStated, HitDecided
from kit import chunks
from kit.db import Tx
from services.supervision.handlers.base import happened, on
from services.supervision.store import interceptions


@on.complete(FindingsStated)
async def findings_stated(message: FindingsStated, tx: Tx) -> None:
    """Lines that a check stopped, in one statement; the parts are dropped once read."""
    await interceptions.of_lines(tx, message, happened(tx.cause, tx))
    await chunks.forget(tx, message.stream_id, message.revision + 1)


@on(HitDecided)
async def hit_decided(message: HitDecided, tx: Tx) -> None:
    """Two people lifted or confirmed a hit: the precision of its rule."""
    await interceptions.decided(tx, message, happened(tx.cause, tx))

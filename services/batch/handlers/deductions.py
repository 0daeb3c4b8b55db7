"""扣回 ordered by `payment`: the line is made beside the person's next normal line."""

from contracts.payment import DeductionOrdered, DeductionsCancelled
from kit.db import Tx
from services.batch.handlers.base import on
from services.batch.store import deductions


@on(DeductionOrdered)
async def deduction_ordered(message: DeductionOrdered, tx: Tx) -> None:
    """Keep the order until a submission has a line of its application."""
    await deductions.keep(tx, message)


@on(DeductionsCancelled)
async def deductions_cancelled(message: DeductionsCancelled, tx: Tx) -> None:
    """Orders of which no line was made yet are forgotten; `payment` withholds what comes all the same."""
    await deductions.forget(tx, message)

"""扣回 ordered by `payment`: the line is made beside the person's next normal line."""

from contracts.payment import DeductionOrdered
from kit.db import Tx
from services.batch.handlers.base import on
from services.batch.store import deductions


@on(DeductionOrdered)
async def deduction_ordered(message: DeductionOrdered, tx: Tx) -> None:
    """Keep the order until a submission has a line of its application."""
    await deductions.keep(tx, message)

"""Enrolments and payees as other rooms state them; open batches follow what changes (结转)."""

from contracts.application import EnrolmentsStated
from contracts.registry import HouseholdChanged, PayeeChanged
from kit import chunks
from kit.db import Tx
from services.batch.handlers.base import on
from services.batch.store import carry, enrolments


@on.complete(EnrolmentsStated)
async def enrolments_stated(message: EnrolmentsStated, tx: Tx) -> None:
    """Keep them; who became entitled, or is no longer, shows in every batch that is still open."""
    await carry.guard(tx, message.project, message.county)
    changed = await enrolments.keep(tx, message)
    if changed:
        for batch in await carry.open_batches(tx, message.project, message.county):
            await carry.refresh(tx, batch, changed)
    await chunks.forget(tx, message.stream_id, message.revision + 1)  # kept as enrolments, not as chunks


@on(PayeeChanged)
async def payee_changed(message: PayeeChanged, tx: Tx) -> None:
    """Lines made, or checked again, from now on name this payee while the change is valid."""
    await enrolments.keep_payee(tx, message)


@on(HouseholdChanged)
async def household_changed(message: HouseholdChanged, tx: Tx) -> None:
    """The head is paid for the household unless another payee was approved."""
    await enrolments.keep_household(tx, message)

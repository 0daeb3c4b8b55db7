"""The room's handlers, and what several of them check first."""

from kit.db import Tx
from kit.errors import NonRetryableError
from kit.handlers import Handlers
from services.batch.store import slices
from services.batch.store.tables import Slice

on = Handlers()


async def standing(tx: Tx, slice_id: str, revision: int) -> Slice:
    """The slice, locked, if it stands at this revision; else NonRetryableError: the sender is out of step."""
    one = await slices.find(tx, slice_id, lock=True)
    if one is None or one.revision != revision:
        raise NonRetryableError(f"slice {slice_id} does not stand at revision {revision}")
    return one


def command_id(tx: Tx) -> str:
    """The id of the command being handled."""
    assert tx.cause is not None, "only for handlers"
    return tx.cause.id


def result_cause(tx: Tx) -> str | None:
    """The command whose results are being applied: what the results themselves name as cause."""
    return tx.cause.causation_id if tx.cause else None

"""The line that a fact about a person is about, wherever it is by now."""

from contracts.batch import LineState
from kit.db import Tx
from kit.errors import RetryableError
from services.batch.domain.lines import FINAL
from services.batch.store import exclusions, lines, overpayments, sets, slices
from services.batch.store.tables import LineRow, Slice


async def locked(tx: Tx, line_id: str) -> tuple[Slice, LineRow] | None:
    """The line that stands for it now, with its slice: slice first, in the order of all other handlers.

    None when it is unknown. Raises RetryableError when it moved between the two locks.
    """
    line = await lines.standing(tx, line_id)
    if line is None:
        return None
    one = await slices.find(tx, line.slice_id, lock=True)
    line = await lines.find(tx, line.line_id, lock=True)
    if one is None or line is None or line.slice_id != one.slice_id or line.replaced_by:
        raise RetryableError("the line moved meanwhile")
    return one, line


async def ordered(tx: Tx, one: Slice, line: LineRow) -> bool:
    """Whether the money is on its way, or was: what turns out now is a recovery."""
    return LineState(line.state) in FINAL or await sets.frozen(tx, one.set_id)


async def not_owed(
    tx: Tx, one: Slice, line: LineRow, reason: str, actor: str, *, recovery: str, ends_enrolment: bool
) -> None:
    """The line leaves for good; where its order is fixed, a record of why and an overpayment once it is paid."""
    if line.state == LineState.VOID:
        return
    late = await ordered(tx, one, line)
    if late and not await overpayments.found(tx, line, reason):
        return  # known already: one recovery
    await exclusions.exclude(
        tx, one, line, recovery if late else reason, actor, void=not late, ends_enrolment=ends_enrolment
    )

"""改判已付: the bank had paid a line that we held as failed. What stands in its place must not be paid as well.

A paid line that still has `replaced_by` waits for an order that already holds its 重发: `payment` lets no second
payment of the entitlement out, the order reports the 重发 as failed, and then it leaves for good instead of being
replaced once more.
"""

from contracts.batch import SliceSettled
from kit.db import Tx
from services.batch.store import exclusions, lines, slices
from services.batch.store.tables import LineRow, Slice

PROVEN = "经查银行已付 (found to be paid by the bank)"
WITHDRAWN = "原明细经查已付，撤销重发 (the former line was paid: its reissue is withdrawn)"
_KEY = "(subject_id, project, entitlement_period, kind, installment)"


async def in_place_of(tx: Tx, line: LineRow) -> LineRow | None:
    """The one live line of the same entitlement (R05) other than this: its newest 重发, as a rule."""
    row = await tx.fetchrow(
        f"SELECT * FROM line WHERE {_KEY} = ($2, $3, $4, $5, $6) AND state <> 'void' AND replaced_by IS NULL "
        "AND line_id <> $1",
        line.line_id,
        line.subject_id,
        line.project,
        line.entitlement_period,
        line.kind,
        line.installment,
    )
    return LineRow(**row) if row else None


async def withdraw(tx: Tx, one: Slice, line: LineRow, paid: LineRow, actor: str) -> None:
    """The 重发 leaves for good, with its deductions; open objections go back to the line that was paid."""
    await exclusions.exclude(tx, one, line, WITHDRAWN, actor, void=True, ends_enrolment=False)
    await tx.execute(
        "UPDATE objection_hold SET line_id = $2 WHERE line_id = $1 AND concluded_at IS NULL",
        line.line_id,
        paid.line_id,
    )
    left = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM line WHERE slice_id = $1 AND state <> 'void')", one.slice_id
    )
    # Nobody will gather a slice without lines: its township is told that it is over.
    if one.state == "arrived" and not left:
        await slices.set_state(tx, one.slice_id, "ended")
        tx.emit(SliceSettled(slice_id=one.slice_id, paid=0, failed=0), cause=one.hand_command)


async def pay(tx: Tx, line: LineRow, stands: LineRow | None, actor: str) -> None:
    """The line is paid; it is live again unless `stands` is in an order and must be failed by it first."""
    await tx.execute(
        "UPDATE line SET state = 'paid', payment_code = NULL, reason = NULL, replaced_by = $2, rev = rev + 1 "
        "WHERE line_id = $1",
        line.line_id,
        stands.line_id if stands else None,
    )
    await lines.note(tx, [line.line_id], actor, reason=PROVEN)


async def drop_failed(tx: Tx, one: Slice, actor: str) -> None:
    """Failed lines of a slice whose entitlement turned out to be paid leave for good; the paid ones are live again."""
    rows = await tx.fetch(
        "SELECT l.line_id, p.line_id AS paid FROM line l JOIN line p USING "
        f"{_KEY} WHERE l.slice_id = $1 AND l.state = 'failed' AND l.replaced_by IS NULL "
        "AND p.state = 'paid' AND p.replaced_by IS NOT NULL",
        one.slice_id,
    )
    if not rows:
        return
    await exclusions.leave_void(tx, one, {row["line_id"]: WITHDRAWN for row in rows}, actor)
    await tx.execute(
        "UPDATE line SET replaced_by = NULL, rev = rev + 1 WHERE line_id = ANY($1)",
        [row["paid"] for row in rows],
    )
    await lines.note(tx, [row["paid"] for row in rows], actor, reason=PROVEN)

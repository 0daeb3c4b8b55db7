"""Lines leave a slice only by exclusion records; those that move on come into a supplement slice (§2–3)."""

from collections.abc import Mapping
from typing import Any

from contracts.batch import LineExcluded
from kit.db import Tx
from services.batch.store import batches, slices
from services.batch.store.tables import LineRow, Slice


async def open_lines(tx: Tx, slice_id: str, *, unpriced: bool = False) -> dict[str, str]:
    """Line id → reason of the lines that no signature could cover; `unpriced`: also without amount."""
    rows = await tx.fetch(
        "SELECT line_id, coalesce(reason, CASE state WHEN 'normal' THEN '待测算 (not priced)' "
        "ELSE '处理中 (being processed)' END) AS reason FROM line WHERE slice_id = $1 "
        "AND (state IN ('abnormal', 'processing', 'held') "
        "OR ($2 AND state = 'normal' AND amount_fen IS NULL))",
        slice_id,
        unpriced,
    )
    return {row["line_id"]: row["reason"] for row in rows}


async def move(tx: Tx, one: Slice, reasons: Mapping[str, str], actor: str) -> str | None:
    """Move lines into a supplement slice of their own; returns its id, None when there are none.

    The supplement is announced, and needs no new notice when every line stood in a confirmed one.
    """
    if not reasons:
        return None
    batch = await batches.find_batch(tx, one.batch_id)
    assert batch is not None
    supplement = await slices.add(tx, batch, one.township, one.category, by=one.submitted_by, parent=one)
    await _record(tx, one, reasons, actor, moved_to=supplement.slice_id)
    await tx.execute(
        """
        WITH changed AS (
            UPDATE line SET slice_id = $1, amount_fen = NULL, rev = rev + 1
             WHERE line_id = ANY($2) RETURNING *
        )
        INSERT INTO line_change
        SELECT line_id, rev, slice_id, state, reason, amount_fen, $3, $4, $5 FROM changed
        """,
        supplement.slice_id,
        list(reasons),
        actor,
        tx.cause.id if tx.cause else None,
        tx.now,
    )
    published = await tx.fetchval(
        "SELECT bool_and(published) FROM line WHERE slice_id = $1", supplement.slice_id
    )
    await slices.announce(tx, supplement, publicity_done=bool(published))
    return supplement.slice_id


async def exclude(tx: Tx, one: Slice, line: LineRow, reason: str, actor: str, *, void: bool) -> None:
    """Not entitled: the line leaves for good; `void` false once the order is fixed (a recovery)."""
    if void:
        await tx.execute(
            "UPDATE line SET state = 'void', reason = $2, resume_state = NULL, resume_reason = NULL, "
            "rev = rev + 1 "
            "WHERE line_id = $1",
            line.line_id,
            reason,
        )
    else:
        await tx.execute("UPDATE line SET rev = rev + 1 WHERE line_id = $1", line.line_id)
    await tx.execute(
        "INSERT INTO line_change SELECT line_id, rev, slice_id, state, $2, amount_fen, $3, $4, $5 "
        "FROM line WHERE line_id = $1",
        line.line_id,
        reason,
        actor,
        tx.cause.id if tx.cause else None,
        tx.now,
    )
    await _record(tx, one, {line.line_id: reason}, actor, ends_enrolment=True)


async def _record(
    tx: Tx,
    one: Slice,
    reasons: Mapping[str, str],
    actor: str,
    *,
    ends_enrolment: bool = False,
    moved_to: str | None = None,
) -> None:
    rows = await tx.fetch(
        """
        WITH slot AS (
            UPDATE slice SET exclusions = exclusions + $2 WHERE slice_id = $1
            RETURNING exclusions - $2 AS before
        ), wanted AS (
            SELECT line_id, reason FROM jsonb_to_recordset($3) AS w(line_id text, reason text)
        ), written AS (
            INSERT INTO exclusion
            SELECT $1, slot.before + row_number() OVER (ORDER BY wanted.line_id), wanted.line_id,
                   wanted.reason, $4, $5, $6, $7
              FROM wanted CROSS JOIN slot
            RETURNING seq, line_id, reason
        )
        SELECT written.*, line.application_id FROM written JOIN line USING (line_id) ORDER BY seq
        """,
        one.slice_id,
        len(reasons),
        [{"line_id": line_id, "reason": reason} for line_id, reason in reasons.items()],
        actor,
        ends_enrolment,
        moved_to,
        tx.now,
    )
    assert len(rows) == len(reasons), "an exclusion names a line that does not exist"
    for row in rows:
        tx.emit(
            LineExcluded(
                slice_id=one.slice_id,
                line_id=row["line_id"],
                application_id=row["application_id"],
                seq=row["seq"],
                reason=row["reason"],
                ends_enrolment=ends_enrolment,
                moved_to=moved_to,
            )
        )


async def of_slice(tx: Tx, slice_id: str) -> list[dict[str, Any]]:
    """A slice's exclusion records in order."""
    rows = await tx.fetch("SELECT * FROM exclusion WHERE slice_id = $1 ORDER BY seq", slice_id)
    return [dict(row) for row in rows]

"""Lines leave a slice only by exclusion records; those that move on come into a supplement slice (§2–3)."""

from collections.abc import Mapping
from typing import Any

from contracts.batch import LineExcluded
from kit.db import Tx
from services.batch.store import deductions, lines, slices
from services.batch.store.tables import LineRow, Slice

SUPPLEMENT, CORRECTION = "supplement", "correction"


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


async def move(
    tx: Tx, one: Slice, reasons: Mapping[str, str], actor: str, *, kind: str = SUPPLEMENT
) -> str | None:
    """Move lines, with their deductions, into a slice of their own; returns its id, None when there are none.

    It is announced. A correction's lines are 异常 for the reason given; any other slice needs no new notice
    when every line stood in a confirmed one.
    """
    if not reasons:
        return None
    reasons = dict(reasons) | await deductions.beside(tx, one.slice_id, reasons)
    target = await slices.child(tx, one, kind)
    await _record(tx, one, reasons, actor, moved_to=target.slice_id)
    await tx.execute(
        """
        WITH reason AS (
            SELECT * FROM jsonb_to_recordset($2) AS r(line_id text, reason text)
        ), changed AS (
            UPDATE line SET slice_id = $1, rev = rev + 1,
                   amount_fen = CASE WHEN kind = 'deduction' THEN amount_fen END,
                   state = CASE WHEN $3 AND resume_state IS NULL THEN 'abnormal' ELSE state END,
                   reason = CASE WHEN $3 AND resume_state IS NULL THEN reason.reason ELSE line.reason END,
                   resume_state = CASE WHEN $3 AND resume_state IS NOT NULL THEN 'abnormal' ELSE resume_state END,
                   resume_reason = CASE WHEN $3 AND resume_state IS NOT NULL THEN reason.reason
                                        ELSE resume_reason END
              FROM reason WHERE line.line_id = reason.line_id RETURNING line.*
        )
        INSERT INTO line_change
        SELECT line_id, rev, slice_id, state, reason, amount_fen, $4, $5, $6 FROM changed
        """,
        target.slice_id,
        [{"line_id": line_id, "reason": reason} for line_id, reason in reasons.items()],
        kind == CORRECTION,
        actor,
        tx.cause.id if tx.cause else None,
        tx.now,
    )
    published = await tx.fetchval("SELECT bool_and(published) FROM line WHERE slice_id = $1", target.slice_id)
    done = target.kind == slices.REISSUE or (target.kind != CORRECTION and bool(published))
    await slices.announce(tx, target, publicity_done=done)
    return target.slice_id


async def exclude(
    tx: Tx, one: Slice, line: LineRow, reason: str, actor: str, *, void: bool, ends_enrolment: bool = True
) -> None:
    """Not entitled: the line leaves for good; `void` false once the order is fixed (a recovery)."""
    if void:
        reasons = {line.line_id: reason} | await deductions.beside(tx, one.slice_id, {line.line_id: reason})
        await leave_void(tx, one, reasons, actor, ends_enrolment=ends_enrolment)
        return
    await tx.execute("UPDATE line SET rev = rev + 1 WHERE line_id = $1", line.line_id)
    await lines.note(tx, [line.line_id], actor, reason=reason)
    await _record(tx, one, {line.line_id: reason}, actor, ends_enrolment=ends_enrolment)


async def leave_void(
    tx: Tx, one: Slice, reasons: Mapping[str, str], actor: str, *, ends_enrolment: bool = False
) -> None:
    """Lines leave for good and free their keys."""
    if not reasons:
        return
    await tx.execute(
        "UPDATE line SET state = 'void', reason = r.reason, resume_state = NULL, resume_reason = NULL, "
        "rev = rev + 1 FROM jsonb_to_recordset($1) AS r(line_id text, reason text) "
        "WHERE line.line_id = r.line_id",
        [{"line_id": line_id, "reason": reason} for line_id, reason in reasons.items()],
    )
    await lines.note(tx, list(reasons), actor)
    await _record(tx, one, reasons, actor, ends_enrolment=ends_enrolment)


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

"""Single lines: objections that hold them, corrections, the notice they stood in, their history."""

from collections.abc import Collection, Sequence
from typing import Any

from contracts.batch import LineHeld, LineReleased
from kit.db import Tx
from services.batch.domain.lines import UNDER_OBJECTION
from services.batch.store import deductions
from services.batch.store.tables import LineRow


async def find(tx: Tx, line_id: str, *, lock: bool = False) -> LineRow | None:
    """The line or None."""
    row = await tx.fetchrow(f"SELECT * FROM line WHERE line_id = $1 {'FOR UPDATE' if lock else ''}", line_id)
    return LineRow(**row) if row else None


async def standing(tx: Tx, line_id: str) -> LineRow | None:
    """The line to act on: its newest reissue, and for a deduction its normal line; None when it is unknown.

    A reissue that was withdrawn because a former line was paid after all stands for that line.
    """
    row = await tx.fetchrow(
        """
        WITH RECURSIVE chain AS (
            SELECT line_id, replaced_by FROM line
             WHERE line_id = (SELECT coalesce(n.line_id, l.line_id) FROM line l LEFT JOIN line n
                      ON l.kind = 'deduction' AND n.kind = 'normal' AND n.slice_id = l.slice_id
                     AND n.application_id = l.application_id WHERE l.line_id = $1)
            UNION ALL SELECT l.line_id, l.replaced_by FROM chain JOIN line l ON l.line_id = chain.replaced_by
        )
        SELECT line.* FROM chain JOIN line USING (line_id) WHERE chain.replaced_by IS NULL
        """,
        line_id,
    )
    if row and row["state"] == "void" and row["reissue_of"]:
        paid = await tx.fetchrow(
            "SELECT * FROM line WHERE (subject_id, project, entitlement_period, kind, installment) "
            "= ($1, $2, $3, $4, $5) AND state = 'paid' AND replaced_by IS NULL",
            *(row[name] for name in ("subject_id", "project", "entitlement_period", "kind", "installment")),
        )
        row = paid or row
    return LineRow(**row) if row else None


async def returnable(tx: Tx, slice_ids: Collection[str], line_ids: Sequence[str]) -> dict[str, str]:
    """Line id → slice of the chosen lines that may go back: normal ones of these slices, not deductions alone."""
    rows = await tx.fetch(
        "SELECT coalesce(n.line_id, l.line_id) AS line_id, l.slice_id FROM line l LEFT JOIN line n "
        "ON l.kind = 'deduction' AND n.kind = 'normal' AND n.slice_id = l.slice_id "
        "AND n.application_id = l.application_id "
        "WHERE l.line_id = ANY($1) AND l.slice_id = ANY($2) AND l.state = 'normal' ORDER BY 1",
        list(line_ids),
        list(slice_ids),
    )
    return {row["line_id"]: row["slice_id"] for row in rows}


async def note(tx: Tx, line_ids: Sequence[str], actor: str, reason: str | None = None) -> None:
    """Append the lines as they stand to their history; `reason` of the act where the line itself has another."""
    await tx.execute(
        "INSERT INTO line_change "
        "SELECT line_id, rev, slice_id, state, coalesce($5, reason), amount_fen, $2, $3, $4 "
        "FROM line WHERE line_id = ANY($1)",
        list(line_ids),
        actor,
        tx.cause.id if tx.cause else None,
        tx.now,
        reason,
    )


async def hold(tx: Tx, line: LineRow, actor: str) -> None:
    """Hold a line under an objection, remembering what it returns to; held twice stays held."""
    if line.resume_state is not None:
        return
    rev = await tx.fetchval(
        "UPDATE line SET resume_state = state, resume_reason = reason, state = 'held', reason = $2, "
        "rev = rev + 1 WHERE line_id = $1 RETURNING rev",
        line.line_id,
        UNDER_OBJECTION,
    )
    await note(tx, [line.line_id], actor)
    await deductions.follow(tx, [line.slice_id])
    tx.emit(LineHeld(slice_id=line.slice_id, line_id=line.line_id, rev=rev, reason=UNDER_OBJECTION))


async def resume(tx: Tx, line: LineRow, actor: str, *, announce: bool) -> None:
    """Back to what the line was before its objection; `announce` when it stays in its slice."""
    rev = await tx.fetchval(
        "UPDATE line SET state = resume_state, reason = resume_reason, resume_state = NULL, "
        "resume_reason = NULL, rev = rev + 1 WHERE line_id = $1 RETURNING rev",
        line.line_id,
    )
    await note(tx, [line.line_id], actor)
    await deductions.follow(tx, [line.slice_id])
    if announce:
        reason = "异议不成立 (objection dismissed)"
        tx.emit(LineReleased(slice_id=line.slice_id, line_id=line.line_id, rev=rev, reason=reason))


async def release(tx: Tx, line: LineRow, actor: str, reason: str) -> None:
    """A lifted hit: the held line waits for its slice's next check; under an objection only what it returns to."""
    row = await tx.fetchrow(
        "UPDATE line SET rev = rev + 1, resume_reason = NULL, "
        "state = CASE WHEN resume_state IS NULL THEN 'processing' ELSE state END, "
        "reason = CASE WHEN resume_state IS NULL THEN NULL ELSE reason END, "
        "resume_state = CASE WHEN resume_state IS NOT NULL THEN 'processing' END "
        "WHERE line_id = $1 AND coalesce(resume_state, state) = 'held' RETURNING rev, state",
        line.line_id,
    )
    if row is None:
        return
    await note(tx, [line.line_id], actor, reason=reason)
    await deductions.follow(tx, [line.slice_id])
    if row["state"] == "processing":
        tx.emit(LineReleased(slice_id=line.slice_id, line_id=line.line_id, rev=row["rev"], reason=reason))


async def wait_for_payee(tx: Tx, line: LineRow, actor: str, reason: str) -> None:
    """The person is entitled, who was to receive is not: 异常 until another payee is approved and it is rechecked."""
    await tx.execute(
        "UPDATE line SET rev = rev + 1, "
        "state = CASE WHEN resume_state IS NULL THEN 'abnormal' ELSE state END, "
        "reason = CASE WHEN resume_state IS NULL THEN $2 ELSE reason END, "
        "resume_reason = CASE WHEN resume_state IS NOT NULL THEN $2 END, "
        "resume_state = CASE WHEN resume_state IS NOT NULL THEN 'abnormal' END "
        "WHERE line_id = $1 AND state <> 'void'",
        line.line_id,
        reason,
    )
    await note(tx, [line.line_id], actor)
    await deductions.follow(tx, [line.slice_id])


async def accept_objection(tx: Tx, objection_id: str, line_id: str) -> bool:
    """Record an accepted objection; False when it is known already."""
    return bool(
        await tx.execute(
            "INSERT INTO objection_hold (objection_id, line_id, accepted_at) VALUES ($1, $2, $3) "
            "ON CONFLICT DO NOTHING",
            objection_id,
            line_id,
            tx.now,
        )
    )


async def conclude_objection(tx: Tx, objection_id: str, upheld: bool) -> bool:
    """Record a conclusion; False when it was never accepted or is concluded already."""
    return bool(
        await tx.execute(
            "UPDATE objection_hold SET concluded_at = $2, upheld = $3 "
            "WHERE objection_id = $1 AND concluded_at IS NULL",
            objection_id,
            tx.now,
            upheld,
        )
    )


async def open_objections(tx: Tx, line_id: str) -> int:
    """How many accepted objections against a line are not concluded."""
    found: int = await tx.fetchval(
        "SELECT count(*) FROM objection_hold WHERE line_id = $1 AND concluded_at IS NULL", line_id
    )
    return found


async def mark_published(tx: Tx, slice_id: str) -> int:
    """The slice's notice was confirmed: its lines that stood in it keep that evidence wherever they go."""
    return await tx.execute(
        "UPDATE line SET published = true WHERE slice_id = $1 AND coalesce(resume_state, state) = 'normal' "
        "AND NOT published",
        slice_id,
    )


async def correct(tx: Tx, line: LineRow, village: str | None, quantity: str | None, actor: str) -> LineRow:
    """Give a line its village or quantity (更正); it is checked again with the slice's next `RecheckLines`."""
    row = await tx.fetchrow(
        "UPDATE line SET village = coalesce($2, village), quantity = coalesce($3, quantity), rev = rev + 1, "
        "published = false, amount_fen = CASE WHEN $3::text IS NULL THEN amount_fen END "
        "WHERE line_id = $1 RETURNING *",
        line.line_id,
        village,
        quantity,
    )
    assert row is not None, "the caller has locked it"
    await note(tx, [line.line_id], actor)
    return LineRow(**row)


async def of_slice(tx: Tx, slice_id: str, state: str | None, limit: int, after: str) -> list[dict[str, Any]]:
    """Lines of a slice by id."""
    rows = await tx.fetch(
        """
        SELECT line_id, rev, application_id, subject_id, payee_id, village, state, reason, kind, installment,
               entitlement_period, quantity, amount_fen, published, reissue_of, replaced_by
          FROM line WHERE slice_id = $1 AND ($2::text IS NULL OR state = $2) AND line_id > $4
         ORDER BY line_id LIMIT $3
        """,
        slice_id,
        state,
        limit,
        after,
    )
    return [dict(row) for row in rows]


async def history(tx: Tx, line_id: str) -> list[dict[str, Any]]:
    """Everything that happened to a line, oldest first."""
    rows = await tx.fetch(
        "SELECT rev, slice_id, state, reason, amount_fen, actor, cause, at FROM line_change "
        "WHERE line_id = $1 ORDER BY rev, at",
        line_id,
    )
    return [dict(row) for row in rows]


async def signatures(tx: Tx, line_id: str) -> list[dict[str, Any]]:
    """The manifests that contain a line, with its leaf, oldest first."""
    rows = await tx.fetch(
        "SELECT m.subject, m.node, m.set_id, m.root, m.actor, m.signed_at, m.superseded_at, l.leaf, "
        "l.amount_fen FROM manifest_leaf l JOIN manifest m USING (manifest_id) "
        "WHERE l.line_id = $1 ORDER BY m.seq",
        line_id,
    )
    return [dict(row) for row in rows]

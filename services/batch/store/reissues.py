"""重发 (§6): a failed line is replaced by a new one in a slice of kind reissue, for the same payment id.

The old line stays in its settled slice, failed and replaced: no longer live. The new one is 异常 with the bank's
reason, so that the township corrects the card and has it matched again.
"""

from kit.db import Tx
from services.batch.domain.lines import UNDER_OBJECTION
from services.batch.store import found_paid, lines, slices
from services.batch.store.tables import LineRow, Slice

NOT_OWED = "发放失败且不再应发 (failed, and no longer owed)"
_FAILED = "slice_id = $1 AND state = 'failed' AND replaced_by IS NULL"
# Left for good after the order was fixed: the money did not leave, and must not be sent again.
_DONE = (
    "EXISTS (SELECT FROM overpayment o WHERE o.line_id = line.line_id) OR EXISTS (SELECT FROM exclusion x "
    "WHERE x.line_id = line.line_id AND x.slice_id = line.slice_id AND x.moved_to IS NULL)"
)


async def open_slice(tx: Tx, origin: Slice, actor: str) -> Slice | None:
    """Replace the slice's failed lines, deductions with them; announces the reissue, None when none is owed."""
    await found_paid.drop_failed(tx, origin, actor)
    void = await tx.fetch(
        f"UPDATE line SET state = 'void', reason = $2, rev = rev + 1 WHERE {_FAILED} AND ({_DONE}) "
        "RETURNING line_id",
        origin.slice_id,
        NOT_OWED,
    )
    await lines.note(tx, [row["line_id"] for row in void], actor)
    await _free_deductions(tx, origin, actor)
    replaced = await tx.fetch(
        f"UPDATE line SET replaced_by = gen_random_uuid()::text, rev = rev + 1 WHERE {_FAILED} RETURNING line_id",
        origin.slice_id,
    )
    if not replaced:
        return None
    old = [row["line_id"] for row in replaced]
    await lines.note(tx, old, actor, reason="由重发替代 (replaced by its reissue)")
    one = await slices.child(tx, origin, slices.REISSUE)
    await tx.execute(
        """
        INSERT INTO line (line_id, slice_id, batch_id, project, period, county, township, category, application_id,
                          subject_id, payee_id, village, state, reason, resume_state, resume_reason, rev, kind,
                          installment, entitlement_period, quantity, amount_fen, published, reissue_of, case_id)
        SELECT l.replaced_by, $2, batch_id, project, period, county, township, category, application_id,
               subject_id, payee_id, village, CASE WHEN o.held THEN 'held' ELSE 'abnormal' END,
               CASE WHEN o.held THEN $4 ELSE l.reason END, CASE WHEN o.held THEN 'abnormal' END,
               CASE WHEN o.held THEN l.reason END, 1, kind, installment, entitlement_period, quantity,
               CASE WHEN kind = 'deduction' THEN amount_fen END, published, l.line_id, case_id
          FROM line l CROSS JOIN LATERAL (
              SELECT l.kind <> 'deduction' AND EXISTS (SELECT FROM objection_hold h WHERE h.line_id = l.line_id
                                                          AND h.concluded_at IS NULL) AS held) o
         WHERE l.line_id = ANY($1) AND l.slice_id = $3
        """,
        old,
        one.slice_id,
        origin.slice_id,
        UNDER_OBJECTION,
    )
    await tx.execute(
        "UPDATE objection_hold h SET line_id = l.replaced_by FROM line l "
        "WHERE h.line_id = l.line_id AND l.line_id = ANY($1) AND h.concluded_at IS NULL",
        old,
    )
    fresh = await tx.fetch("SELECT line_id FROM line WHERE slice_id = $1", one.slice_id)
    await lines.note(tx, [row["line_id"] for row in fresh], actor)
    return await slices.announce(tx, one, publicity_done=True)


async def _free_deductions(tx: Tx, origin: Slice, actor: str) -> None:
    """A deduction whose normal line will not be sent again waits for a line of a later batch."""
    rows = await tx.fetch(
        "UPDATE line d SET state = 'void', reason = $2, rev = d.rev + 1 FROM line n WHERE d.slice_id = $1 "
        "AND d.kind = 'deduction' AND d.state = 'failed' AND d.replaced_by IS NULL AND n.slice_id = d.slice_id "
        "AND n.application_id = d.application_id AND n.kind = 'normal' AND n.state = 'void' RETURNING d.line_id",
        origin.slice_id,
        NOT_OWED,
    )
    await lines.note(tx, [row["line_id"] for row in rows], actor)


async def fail(tx: Tx, line: LineRow, code: str | None, reason: str | None, actor: str) -> None:
    """退票: a paid line's money came back; its deductions, settled with it, fail with it."""
    rows = await tx.fetch(
        "UPDATE line SET state = 'failed', payment_code = $2, reason = $3, rev = rev + 1 WHERE line_id = $1 "
        "OR ($4 = 'normal' AND slice_id = $5 AND application_id = $6 AND kind = 'deduction' AND state = 'paid') "
        "RETURNING line_id",
        line.line_id,
        code,
        " ".join(part for part in (code, reason) if part) or None,
        line.kind,
        line.slice_id,
        line.application_id,
    )
    await lines.note(tx, [row["line_id"] for row in rows], actor)

"""扣回 lines: ordered by `payment`, made beside the person's normal line, standing and leaving as it does.

A deduction pays back what an earlier line should not have paid. It is never alone: its slice holds the normal line
of the same application, and the two are paid as one net amount.
"""

from collections.abc import Collection, Mapping

from contracts.payment import DeductionOrdered, DeductionsCancelled
from kit.db import Tx
from services.batch.store.tables import Slice

ROOM = "room:batch"
TOO_LARGE = "扣回金额大于本期应发，结转下期 (more than this period's amount: waits for the next batch)"


async def keep(tx: Tx, one: DeductionOrdered) -> None:
    """Note an order; its line is made with the next line of its application."""
    await tx.execute(
        "INSERT INTO deduction VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        one.case_id,
        one.installment,
        one.application_id,
        one.subject_id,
        one.project,
        one.county,
        one.amount_fen,
        one.entitlement_period,
        one.from_period,
        tx.now,
    )


async def forget(tx: Tx, one: DeductionsCancelled) -> None:
    """Drop cancelled orders; an order and its end have the same key, so the end never comes first."""
    await tx.execute(
        "DELETE FROM deduction WHERE case_id = $1 AND installment = ANY($2::int[])",
        one.case_id,
        one.installments,
    )


async def join(tx: Tx, one: Slice, actor: str) -> int:
    """Lines for the waiting orders of those who have a normal line in this new slice; returns how many."""
    return await tx.execute(
        """
        WITH fresh AS (
            INSERT INTO line (line_id, slice_id, batch_id, project, period, county, township, category,
                              application_id, subject_id, payee_id, village, state, reason, rev, kind,
                              installment, entitlement_period, amount_fen, case_id)
            SELECT gen_random_uuid()::text, l.slice_id, l.batch_id, l.project, l.period, l.county, l.township,
                   l.category, l.application_id, l.subject_id, l.payee_id, l.village, l.state, l.reason, 1,
                   'deduction', d.installment, d.entitlement_period, -d.amount_fen, d.case_id
              FROM line l JOIN deduction d ON d.application_id = l.application_id AND d.project = l.project
             WHERE l.slice_id = $1 AND l.kind = 'normal' AND not_after(d.from_period, l.period)
               AND NOT EXISTS (SELECT FROM line was WHERE was.case_id = d.case_id
                                  AND was.installment = d.installment AND was.state <> 'void')
             ORDER BY d.case_id, d.installment
            ON CONFLICT (subject_id, project, entitlement_period, kind, installment)
                  WHERE state <> 'void' AND replaced_by IS NULL DO NOTHING
            RETURNING *
        )
        INSERT INTO line_change
        SELECT line_id, rev, slice_id, state, reason, amount_fen, $2, NULL, $3 FROM fresh
        """,
        one.slice_id,
        actor,
        tx.now,
    )


async def follow(tx: Tx, slice_ids: Collection[str]) -> int:
    """A deduction stands as its normal line stands: neither is signed or paid without the other."""
    return await tx.execute(
        """
        WITH changed AS (
            UPDATE line d SET state = n.state, reason = n.reason, payee_id = n.payee_id, rev = d.rev + 1
              FROM line n
             WHERE d.slice_id = ANY($1) AND d.kind = 'deduction' AND n.slice_id = d.slice_id
               AND n.application_id = d.application_id AND n.kind = 'normal'
               AND n.state IN ('normal', 'abnormal', 'processing', 'held')
               AND d.state IN ('normal', 'abnormal', 'processing', 'held')
               AND (d.state, d.reason, d.payee_id) IS DISTINCT FROM (n.state, n.reason, n.payee_id)
            RETURNING d.*
        )
        INSERT INTO line_change
        SELECT line_id, rev, slice_id, state, reason, amount_fen, $2, $3, $4 FROM changed
        """,
        list(slice_ids),
        ROOM,
        tx.cause.id if tx.cause else None,
        tx.now,
    )


async def beside(tx: Tx, slice_id: str, reasons: Mapping[str, str]) -> dict[str, str]:
    """The deductions that leave with these lines, each with its line's reason."""
    rows = await tx.fetch(
        "SELECT d.line_id, n.line_id AS normal FROM line d JOIN line n ON n.slice_id = d.slice_id "
        "AND n.application_id = d.application_id AND n.kind = 'normal' "
        "WHERE d.slice_id = $1 AND d.kind = 'deduction' AND d.state <> 'void' AND n.line_id = ANY($2)",
        slice_id,
        list(reasons),
    )
    return {row["line_id"]: reasons[row["normal"]] for row in rows}


async def too_large(tx: Tx, slice_id: str) -> dict[str, str]:
    """The deductions that their priced normal line can't bear, oldest first served; they wait for another batch."""
    rows = await tx.fetch(
        """
        SELECT line_id FROM (
            SELECT d.line_id, n.amount_fen, sum(-d.amount_fen) OVER (
                       PARTITION BY d.application_id ORDER BY d.entitlement_period, d.installment, d.line_id
                   ) AS taken
              FROM line d JOIN line n ON n.slice_id = d.slice_id AND n.application_id = d.application_id
               AND n.kind = 'normal' AND n.amount_fen IS NOT NULL
             WHERE d.slice_id = $1 AND d.kind = 'deduction' AND d.state = 'normal'
        ) AS beside WHERE taken > amount_fen
        """,
        slice_id,
    )
    return {row["line_id"]: TOO_LARGE for row in rows}


async def unpriced(tx: Tx, slice_id: str) -> list[str]:
    """Normal deductions whose line has no amount yet: they are not signed either."""
    rows = await tx.fetch(
        "SELECT d.line_id FROM line d JOIN line n ON n.slice_id = d.slice_id "
        "AND n.application_id = d.application_id AND n.kind = 'normal' AND n.amount_fen IS NULL "
        "WHERE d.slice_id = $1 AND d.kind = 'deduction' AND d.state = 'normal'",
        slice_id,
    )
    return [row["line_id"] for row in rows]

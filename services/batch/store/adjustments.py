"""补发 (back pay): proposed by one official, approved by another; then lines of their own entitlement periods."""

from collections.abc import Mapping, Sequence
from typing import Any

from kit.db import Tx
from services.batch.domain.lines import UNKNOWN_VILLAGE
from services.batch.store.tables import Batch, Slice
from services.batch.store.year import Adjustment


async def entitled(
    tx: Tx, batch: Batch, application_ids: Sequence[str], periods: Sequence[str]
) -> dict[str, str]:
    """Application → township, of those that have been 在享 and may still be owed each of these periods."""
    rows = await tx.fetch(
        "SELECT application_id, township FROM enrolment WHERE project = $1 AND county = $2 "
        "AND application_id = ANY($3) AND state NOT IN ('proposed', 'ended') "
        "AND (valid_to IS NULL OR NOT EXISTS (SELECT FROM unnest($4::text[]) p WHERE NOT not_after(p, valid_to)))",
        batch.project,
        batch.county,
        list(application_ids),
        list(periods),
    )
    return {row["application_id"]: row["township"] for row in rows}


async def find(tx: Tx, adjustment_id: str, *, lock: bool = False) -> Adjustment | None:
    """The adjustment or None."""
    row = await tx.fetchrow(
        f"SELECT * FROM adjustment WHERE adjustment_id = $1 {'FOR UPDATE' if lock else ''}", adjustment_id
    )
    return Adjustment(**row) if row else None


async def listed(tx: Tx, batch_id: str, region: str) -> list[Adjustment]:
    """Adjustments of a batch inside a region, oldest first."""
    rows = await tx.fetch(
        "SELECT * FROM adjustment WHERE batch_id = $1 AND starts_with(township, $2) "
        "ORDER BY proposed_at, adjustment_id",
        batch_id,
        region,
    )
    return [Adjustment(**row) for row in rows]


async def decide(tx: Tx, one: Adjustment, state: str, actor: str, opinion: str | None) -> Adjustment:
    """Approved or refused, by somebody else than proposed it."""
    row = await tx.fetchrow(
        "UPDATE adjustment SET state = $2, decided_by = $3, decided_at = $4, opinion = $5 "
        "WHERE adjustment_id = $1 RETURNING *",
        one.adjustment_id,
        state,
        actor,
        tx.now,
        opinion,
    )
    assert row is not None, "the caller has locked it"
    return Adjustment(**row)


async def categories(tx: Tx, one: Adjustment) -> dict[str, list[str]]:
    """The village texts by category, of the enrolments that it names."""
    rows = await tx.fetch(
        "SELECT category, array_agg(DISTINCT village) AS villages FROM enrolment "
        "WHERE application_id = ANY($1) AND township = $2 GROUP BY category ORDER BY category",
        one.application_ids,
        one.township,
    )
    return {row["category"]: row["villages"] for row in rows}


async def fill(tx: Tx, into: Slice, one: Adjustment, villages: Mapping[str, str], actor: str) -> int:
    """One line per application of the slice's category and entitlement period; returns how many are new (R05)."""
    rows: Sequence[Any] = await tx.fetch(
        """
        WITH village AS (SELECT * FROM jsonb_to_recordset($5) AS v(text text, code text)), fresh AS (
            INSERT INTO line (line_id, slice_id, batch_id, project, period, county, township, category,
                              application_id, subject_id, payee_id, village, state, reason, rev, kind,
                              installment, entitlement_period, quantity)
            SELECT gen_random_uuid()::text, s.slice_id, s.batch_id, s.project, s.period, s.county, s.township,
                   s.category, e.application_id, e.subject_id,
                   coalesce(payee_of(e.subject_id, $8, $9::date), e.payee_id),
                   coalesce(v.code, s.township),
                   CASE WHEN v.code IS NULL THEN 'abnormal' ELSE 'processing' END,
                   CASE WHEN v.code IS NULL THEN $6 END, 1, $7, $4, owed.period, e.quantity
              FROM slice s JOIN enrolment e ON e.township = s.township AND e.category = s.category
               AND e.project = s.project AND e.application_id = ANY($2)
             CROSS JOIN unnest($3::text[]) AS owed(period)
              LEFT JOIN village v ON v.text = e.village
             WHERE s.slice_id = $1 ORDER BY e.application_id, owed.period
            ON CONFLICT (subject_id, project, entitlement_period, kind, installment)
                  WHERE state <> 'void' AND replaced_by IS NULL DO NOTHING
            RETURNING *
        ), noted AS (
            INSERT INTO line_change
            SELECT line_id, rev, slice_id, state, $11, amount_fen, $10, NULL, $12 FROM fresh
        )
        SELECT line_id FROM fresh
        """,
        into.slice_id,
        one.application_ids,
        one.entitlement_periods,
        one.installment,
        [{"text": text, "code": code} for text, code in villages.items()],
        UNKNOWN_VILLAGE,
        one.kind,
        one.project,
        tx.today,
        actor,
        one.reason,
        tx.now,
    )
    return len(rows)

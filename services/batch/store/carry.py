"""结转: which enrolments a batch takes over, against the batch before it. Kept true while the batch is open.

Rows live in `candidate`, bound to their batch: what is confirmed becomes lines by the same submission as new ones.
"""

from collections.abc import Sequence
from typing import Any

from kit.db import Tx
from services.batch.store import batches
from services.batch.store.tables import Batch

# All enrolments of $2 (project) and $3 (county), or those of the applications $5, seen from period $4:
# what the batch before had of them, whether they are owed now, and what that makes them.
_SEEN = """
    WITH previous AS (
        SELECT batch_id, period FROM batch
         WHERE project = $2 AND county = $3 AND period < $4 AND length(period) = length($4)
         ORDER BY period DESC LIMIT 1
    ), before AS (
        SELECT DISTINCT ON (l.application_id) l.* FROM line l JOIN previous p ON l.batch_id = p.batch_id
         WHERE l.kind = 'normal' AND l.entitlement_period = p.period AND l.state <> 'void'
           AND l.replaced_by IS NULL AND ($5::text[] IS NULL OR l.application_id = ANY($5))
         ORDER BY l.application_id, l.line_id
    ), standing AS (
        SELECT e.*, coalesce(payee_of(e.subject_id, $2, $6::date), e.payee_id) AS paid_to,
               (e.state = 'active' OR (e.state = 'stopped' AND e.valid_to IS NOT NULL))
               AND not_after(e.valid_from, $4) AND (e.valid_to IS NULL OR not_after($4, e.valid_to)) AS owed
          FROM enrolment e
         WHERE e.project = $2 AND e.county = $3 AND ($5::text[] IS NULL OR e.application_id = ANY($5))
    ), seen AS (
        SELECT coalesce(s.application_id, b.application_id) AS application_id, coalesce(s.owed, false) AS owed,
               b.application_id IS NOT NULL AS was,
               CASE WHEN s.owed THEN s.township ELSE coalesce(b.township, s.township) END AS township,
               coalesce(s.subject_id, b.subject_id) AS subject_id, coalesce(s.paid_to, b.payee_id) AS payee_id,
               coalesce(s.village, b.village) AS village, coalesce(s.category, b.category) AS category,
               coalesce(s.quantity, b.quantity) AS quantity, coalesce(s.reason, s.state) AS ended,
               (SELECT jsonb_agg(jsonb_build_object('code', code, 'before', old, 'after', new) ORDER BY code)
                  FROM (VALUES ('category', b.category, s.category), ('payee', b.payee_id, s.paid_to),
                               ('village', b.village, s.village), ('township', b.township, s.township),
                               ('quantity', b.quantity, s.quantity)) AS field(code, old, new)
                 WHERE b.application_id IS NOT NULL AND old IS DISTINCT FROM new) AS differs
          FROM standing s FULL JOIN before b USING (application_id)
         WHERE (s.owed OR b.application_id IS NOT NULL
                OR EXISTS (SELECT FROM candidate c WHERE c.application_id = s.application_id
                              AND c.batch_id = $1 AND c.change IS NOT NULL))
           AND NOT EXISTS (
               SELECT FROM line l WHERE l.application_id = coalesce(s.application_id, b.application_id)
                  AND l.project = $2 AND l.entitlement_period = $4 AND l.kind = 'normal')
    )
"""


async def guard(tx: Tx, project: str, county: str) -> None:
    """One at a time may open a batch of, or take enrolments for, a project and county: none falls between."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 1))", f"enrolments|{project}|{county}"
    )


async def refresh(tx: Tx, batch: Batch, application_ids: Sequence[str] | None = None) -> int:
    """Write what the enrolments (all, or those of these applications) are in the batch; returns how many are carried.

    What a township has confirmed, or was refused, stays.
    """
    carried: int = await tx.fetchval(
        f"""
        {_SEEN}, decided AS (
            SELECT *, CASE WHEN NOT owed THEN 'left' WHEN NOT was THEN 'added'
                           WHEN differs IS NULL THEN 'same' ELSE 'changed' END AS change,
                   CASE WHEN NOT owed THEN jsonb_build_array(jsonb_build_object('code', coalesce(ended, 'unknown')))
                        WHEN NOT was THEN jsonb_build_array(jsonb_build_object('code', CASE WHEN EXISTS (
                            SELECT FROM line l WHERE l.application_id = seen.application_id AND l.kind = 'normal'
                        ) THEN 'resumed' ELSE 'new' END))
                        ELSE coalesce(differs, '[]') END AS reasons
              FROM seen
        ), written AS (
            INSERT INTO candidate (application_id, batch_id, project, county, township, subject_id, payee_id, village,
                                   category, quantity, channel, state, change, reasons, listed_at)
            SELECT application_id, $1, $2, $3, township, subject_id, payee_id, village, category, quantity,
                   'carry_over', CASE change WHEN 'left' THEN 'left' ELSE 'open' END, change, reasons, $7
              FROM decided ORDER BY application_id
            ON CONFLICT (application_id, batch_id) DO UPDATE SET
                township = EXCLUDED.township, subject_id = EXCLUDED.subject_id, payee_id = EXCLUDED.payee_id,
                village = EXCLUDED.village, category = EXCLUDED.category, quantity = EXCLUDED.quantity,
                state = EXCLUDED.state, change = EXCLUDED.change, reasons = EXCLUDED.reasons
             WHERE candidate.state IN ('open', 'left')
            RETURNING state
        )
        SELECT count(*) FILTER (WHERE state = 'open') FROM written
        """,
        batch.batch_id,
        batch.project,
        batch.county,
        batch.period,
        application_ids,
        tx.today,
        tx.now,
    )
    return carried


async def open_batches(tx: Tx, project: str, county: str) -> list[Batch]:
    """Batches that still take enrolments over, oldest first; guarded."""
    rows = await tx.fetch(
        "SELECT * FROM batch WHERE project = $1 AND county = $2 AND opens_by = 'carry_over' "
        "AND closed_at IS NULL ORDER BY period",
        project,
        county,
    )
    found = [Batch(**row) for row in rows]
    for batch in sorted(found, key=lambda one: one.batch_id):
        await batches.guard(tx, batch.batch_id)
    return found


async def previous(tx: Tx, batch: Batch) -> str | None:
    """The period that a batch is compared with."""
    found: str | None = await tx.fetchval(
        "SELECT max(period) FROM batch WHERE project = $1 AND county = $2 AND period < $3 "
        "AND length(period) = length($3)",
        batch.project,
        batch.county,
        batch.period,
    )
    return found


async def counts(tx: Tx, batch: Batch, township: str | None) -> tuple[dict[str, int], int]:
    """Rows by change, and how many the township has still to confirm."""
    rows = await tx.fetch(
        "SELECT change, count(*) AS found, count(*) FILTER (WHERE state = 'open') AS open FROM candidate "
        "WHERE batch_id = $1 AND change IS NOT NULL AND ($2::text IS NULL OR township = $2) GROUP BY change",
        batch.batch_id,
        township,
    )
    return {row["change"]: row["found"] for row in rows}, sum(row["open"] for row in rows)


async def listed(
    tx: Tx, batch: Batch, township: str | None, change: str | None, limit: int, after: str
) -> list[dict[str, Any]]:
    """Rows by application id."""
    rows = await tx.fetch(
        """
        SELECT application_id, township, subject_id, payee_id, village, category, quantity, change, reasons,
               state, line_id
          FROM candidate
         WHERE batch_id = $1 AND change IS NOT NULL AND ($2::text IS NULL OR township = $2)
           AND ($3::text IS NULL OR change = $3) AND application_id > $5
         ORDER BY application_id LIMIT $4
        """,
        batch.batch_id,
        township,
        change,
        limit,
        after,
    )
    return [dict(row) for row in rows]

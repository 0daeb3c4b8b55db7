"""补贴清单确认 (M17): candidates and carried-over enrolments become the lines of a township's submission."""

from collections.abc import Mapping, Sequence

from kit.db import Tx
from services.batch.domain.lines import UNKNOWN_VILLAGE
from services.batch.store import deductions
from services.batch.store.tables import Batch, Slice

DUPLICATE = "R05 该对象本期已有有效明细 (R05: the person has a live line for this period)"
_OPEN = (
    "project = $1 AND batch_id IN ('', $2) AND township = $3 AND state = 'open' "
    "AND ($4::text IS NULL OR category = $4) AND ($5::text[] IS NULL OR application_id = ANY($5))"
)


async def claim(
    tx: Tx, batch: Batch, township: str, category: str | None, application_ids: Sequence[str] | None
) -> dict[str, int]:
    """Lock the open candidates that a submission takes, new and carried; returns how many of each category."""
    rows = await tx.fetch(
        f"SELECT category, count(*) AS found FROM (SELECT category FROM candidate WHERE {_OPEN} "
        "ORDER BY application_id, batch_id FOR UPDATE) AS locked GROUP BY category ORDER BY category",
        batch.project,
        batch.batch_id,
        township,
        category,
        application_ids,
    )
    return {row["category"]: row["found"] for row in rows}


async def villages(tx: Tx, batch: Batch, township: str) -> list[str]:
    """The distinct village texts among the open candidates of a township."""
    rows = await tx.fetch(
        f"SELECT DISTINCT village FROM candidate WHERE {_OPEN} AND village IS NOT NULL",
        batch.project,
        batch.batch_id,
        township,
        None,
        None,
    )
    return [row["village"] for row in rows]


async def townships(tx: Tx, batch: Batch) -> list[str]:
    """The townships that have something to submit."""
    rows = await tx.fetch(
        "SELECT DISTINCT township FROM candidate WHERE project = $1 AND batch_id IN ('', $2) AND county = $3 "
        "AND state = 'open' ORDER BY township",
        batch.project,
        batch.batch_id,
        batch.county,
    )
    return [row["township"] for row in rows]


async def fill(
    tx: Tx, one: Slice, known: Mapping[str, str], application_ids: Sequence[str] | None, actor: str
) -> int:
    """Turn the open candidates into lines of the slice; returns how many (M17: 受理地区 is checked here).

    A village text that `known` has no code for makes an abnormal line; a second live line is refused (R05). Who is
    paid is asked anew; deductions that wait for these persons come beside their lines.
    """
    keys = (one.project, one.batch_id, one.township, one.category, application_ids)
    lines = await tx.execute(
        f"""
        WITH village AS (SELECT * FROM jsonb_to_recordset($7) AS v(text text, code text)), fresh AS (
            INSERT INTO line (line_id, slice_id, batch_id, project, period, county, township, category,
                              application_id, subject_id, payee_id, village, state, reason, rev,
                              entitlement_period, quantity)
            SELECT gen_random_uuid()::text, s.slice_id, s.batch_id, s.project, s.period, s.county, s.township,
                   s.category, c.application_id, c.subject_id,
                   coalesce(payee_of(c.subject_id, $1, $11::date), c.payee_id, c.subject_id),
                   coalesce(v.code, s.township),
                   CASE WHEN v.code IS NULL THEN 'abnormal' ELSE 'processing' END,
                   CASE WHEN v.code IS NULL THEN $8 END, 1, s.period, c.quantity
              FROM (SELECT * FROM candidate WHERE {_OPEN}) AS c
              JOIN slice s ON s.slice_id = $6
              LEFT JOIN village v ON v.text = c.village
             ORDER BY c.application_id
            ON CONFLICT (subject_id, project, entitlement_period, kind, installment)
                  WHERE state <> 'void' AND replaced_by IS NULL DO NOTHING
            RETURNING *
        ), taken AS (
            UPDATE candidate SET state = 'submitted', line_id = fresh.line_id FROM fresh
             WHERE candidate.application_id = fresh.application_id
               AND candidate.batch_id IN ('', $2) AND candidate.state = 'open'
        )
        INSERT INTO line_change
        SELECT line_id, rev, slice_id, state, reason, amount_fen, $9, NULL, $10 FROM fresh
        """,
        *keys,
        one.slice_id,
        [{"text": text, "code": code} for text, code in known.items()],
        UNKNOWN_VILLAGE,
        actor,
        tx.now,
        tx.today,
    )
    await tx.execute(f"UPDATE candidate SET state = 'refused', reason = $6 WHERE {_OPEN}", *keys, DUPLICATE)
    if lines:
        await deductions.join(tx, one, actor)
    return lines

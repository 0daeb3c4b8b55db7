"""Steps: written a poll at a time, read as the way of one application, line, slice, set or case."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from contracts.application import EnrolmentsStated
from kit.db import Tx


async def write(
    tx: Tx, steps: Sequence[tuple[str, datetime, tuple[str, str, str, str, dict[str, Any]]]]
) -> None:
    """(message id, time, (subject, ref, node, what, detail)); a message makes one step."""
    await tx.executemany(
        "INSERT INTO step VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        [(message_id, one[0], one[1], at, *one[2:]) for message_id, at, one in steps],
    )


async def of_enrolments(tx: Tx, message: EnrolmentsStated, at: datetime) -> None:
    """One step per enrolment that an act changed; the reason is a code, and for officials."""
    await tx.execute(
        "INSERT INTO step SELECT $1 || ':' || one.enrolment_id, 'application', one.application_id, $3, "
        "'享受状态', one.state, jsonb_build_object('reason', one.reason, 'valid_from', one.valid_from, "
        "'valid_to', one.valid_to) FROM chunk_rows($1, $2) AS part, jsonb_to_record(part) AS one("
        "enrolment_id text, application_id text, state text, reason text, valid_from text, valid_to text) "
        "ON CONFLICT DO NOTHING",
        message.stream_id,
        message.revision,
        at,
    )


# Slices a line was in, and until when: the next place's beginning.
_PLACES = (
    "SELECT p.slice_id, lead(p.since) OVER (PARTITION BY p.line_id ORDER BY p.since, p.slice_id) AS until, "
    "l.line_id FROM line_place AS p JOIN line AS l USING (line_id)"
)

_WAY = f"""
WITH place AS ({_PLACES} WHERE l.line_id = ANY($1::text[])),
part AS (
    SELECT 'slice' AS subject, slice_id AS ref, until FROM place
    UNION ALL
    SELECT 'set', s.set_id, place.until FROM place JOIN set_slice AS s USING (slice_id)
    UNION ALL SELECT 'line', ref, NULL FROM unnest($1::text[]) AS ref
    UNION ALL SELECT 'application', ref, NULL FROM unnest($2::text[]) AS ref
),
span AS (
    SELECT subject, ref, CASE WHEN bool_or(until IS NULL) THEN NULL ELSE max(until) END AS until
    FROM part GROUP BY subject, ref
)
SELECT step.at, step.subject, step.ref, step.node, step.what, step.detail, NULL AS project, NULL AS role,
    NULL AS region, NULL AS actor
FROM step JOIN span USING (subject, ref) WHERE span.until IS NULL OR step.at < span.until
UNION ALL
SELECT coalesce(i.closed_at, i.opened_at), span.subject, i.item_id, i.node,
    CASE WHEN i.closed_at IS NULL THEN '办理中 (waiting)' ELSE '已办 (done)' END,
    jsonb_build_object('opened_at', i.opened_at, 'decision', i.decision), i.project, i.role, i.region, i.actor
FROM item AS i JOIN span ON span.ref = i.business_key
WHERE i.kind = 'work_item' AND (span.until IS NULL OR i.opened_at < span.until)
UNION ALL
SELECT at, 'line', line_id, '发放结果', state, jsonb_build_object('code', code), NULL, NULL, NULL, NULL
FROM payment_result WHERE line_id = ANY($1::text[])
UNION ALL
SELECT first_at, subject, ref, '拦截', rule, jsonb_build_object('stage', stage, 'effect', effect),
    NULL, NULL, NULL, NULL
FROM interception WHERE (subject = 'line' AND ref = ANY($1::text[]))
ORDER BY 1, 2, 4
LIMIT 1000
"""


async def way_of_lines(tx: Tx, lines: Sequence[str], applications: Sequence[str]) -> list[Any]:
    """All steps of these lines and applications: their own, and those of slices and sets while they were in."""
    rows = await tx.fetch(_WAY, list(lines), list(applications))
    return list(rows)


async def way_of(tx: Tx, subject: str, ref: str) -> list[Any]:
    """All steps of one slice, set or case: its own events and work items; a slice also shows its sets'."""
    rows = await tx.fetch(
        "WITH span AS (SELECT $1::text AS subject, $2::text AS ref UNION ALL "
        "SELECT 'set', set_id FROM set_slice WHERE $1 = 'slice' AND slice_id = $2) "
        "SELECT at, subject, ref, node, what, detail, NULL AS project, NULL AS role, NULL AS region, "
        "NULL AS actor FROM step JOIN span USING (subject, ref) UNION ALL "
        "SELECT coalesce(i.closed_at, i.opened_at), span.subject, i.item_id, i.node, "
        "CASE WHEN i.closed_at IS NULL THEN '办理中 (waiting)' ELSE '已办 (done)' END, "
        "jsonb_build_object('opened_at', i.opened_at, 'decision', i.decision), i.project, i.role, i.region, "
        "i.actor FROM item AS i JOIN span ON span.ref = i.business_key WHERE i.kind = 'work_item' "
        "ORDER BY 1, 2, 4 LIMIT 1000",
        subject,
        ref,
    )
    return list(rows)


async def lines_of(tx: Tx, application_id: str) -> list[str]:
    """The lines of an application, oldest period first."""
    rows = await tx.fetch(
        "SELECT line_id FROM line WHERE application_id = $1 ORDER BY entitlement_period, line_id LIMIT 200",
        application_id,
    )
    return [row["line_id"] for row in rows]

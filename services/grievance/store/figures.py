"""Counts of cases, and the public list without persons and words."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from kit.db import Tx
from services.grievance.domain import OPEN, WAITING


async def counted(
    tx: Tx, region: str, projects: Sequence[str] | None, first: date | None, last: date | None
) -> list[dict[str, Any]]:
    """Per kind and topic: how many, how they ended, how many were late, how satisfied people are."""
    rows = await tx.fetch(
        "SELECT kind, topic, count(*) AS cases, count(*) FILTER (WHERE state = ANY($5::text[])) AS waiting, "
        "count(*) FILTER (WHERE state = ANY($5::text[]) AND due_on < $6) AS overdue, "
        "count(*) FILTER (WHERE state = ANY($7::text[]) AND escalates_on < $6) AS escalated, "
        "count(*) FILTER (WHERE state = 'refused') AS refused, count(*) FILTER (WHERE upheld) AS upheld, "
        "count(*) FILTER (WHERE NOT upheld) AS dismissed, count(*) FILTER (WHERE state = 'closed') AS closed, "
        "count(*) FILTER (WHERE satisfied) AS satisfied, "
        "count(*) FILTER (WHERE NOT satisfied) AS dissatisfied, "
        "count(*) FILTER (WHERE reopened_at IS NOT NULL) AS reopened FROM case_file "
        "WHERE coalesce(township, county) LIKE $1 || '%' "
        "AND ($2::text[] IS NULL OR project IS NULL OR project = ANY($2)) "
        "AND ($3::date IS NULL OR (registered_at AT TIME ZONE 'Asia/Shanghai')::date >= $3) "
        "AND ($4::date IS NULL OR (registered_at AT TIME ZONE 'Asia/Shanghai')::date <= $4) "
        "GROUP BY kind, topic ORDER BY kind, topic",
        region,
        None if projects is None else list(projects),
        first,
        last,
        sorted(WAITING),
        tx.today,
        sorted(OPEN),
    )
    return [dict(row) for row in rows]


async def public(tx: Tx, county: str, after: str, limit: int) -> list[dict[str, Any]]:
    """Cases whose complainants agreed that everybody may know how they ended; codes and days alone."""
    rows = await tx.fetch(
        "SELECT case_id, kind, topic, project, county, state, upheld, "
        "(registered_at AT TIME ZONE 'Asia/Shanghai')::date AS registered_on, "
        "(closed_at AT TIME ZONE 'Asia/Shanghai')::date AS closed_on FROM case_file "
        "WHERE public AND county = $1 AND case_id > $2 ORDER BY case_id LIMIT $3",
        county,
        after,
        limit,
    )
    return [dict(row) for row in rows]

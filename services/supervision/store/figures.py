"""Figures per county, each counted from the same tables as its list."""

from collections.abc import Sequence
from typing import Any

from kit.db import Tx
from services.supervision.store.interceptions import PLACED

_MINE = "LIKE $2 || '%' AND ($3::text[] IS NULL OR project IS NULL OR project = ANY($3))"

_FIGURES = f"""
WITH late AS (
    SELECT left(region, 6) AS county, count(*) AS overdue, count(DISTINCT project) AS projects_affected
    FROM item WHERE closed_at IS NULL AND due_at < $1 AND region {_MINE} GROUP BY 1
), urged AS (
    SELECT left(region, 6) AS county, count(*) AS orders_open
    FROM urge_order WHERE state <> 'done' AND region {_MINE} GROUP BY 1
), cases AS (
    SELECT left(region, 6) AS county, count(*) AS cases_open
    FROM item WHERE kind = 'case' AND closed_at IS NULL AND region {_MINE} GROUP BY 1
), stopped AS (
    SELECT county, count(*) AS intercepted FROM ({PLACED}) AS i WHERE township {_MINE} GROUP BY 1
), money AS (
    SELECT county, count(*) FILTER (WHERE state NOT IN ('recovered', 'written_off', 'withdrawn')) AS recoveries_open,
        sum(claimed_fen)::bigint AS recovery_claimed_fen, sum(recovered_fen)::bigint AS recovery_recovered_fen
    FROM recovery WHERE township {_MINE} GROUP BY 1
)
SELECT county, coalesce(overdue, 0) AS overdue, coalesce(projects_affected, 0) AS projects_affected,
    coalesce(orders_open, 0) AS orders_open, coalesce(cases_open, 0) AS cases_open,
    coalesce(intercepted, 0) AS intercepted, coalesce(recoveries_open, 0) AS recoveries_open,
    coalesce(recovery_claimed_fen, 0) AS recovery_claimed_fen,
    coalesce(recovery_recovered_fen, 0) AS recovery_recovered_fen
FROM late FULL JOIN urged USING (county) FULL JOIN cases USING (county) FULL JOIN stopped USING (county)
    FULL JOIN money USING (county) ORDER BY county
"""


async def by_county(tx: Tx, reader: str, projects: Sequence[str] | None) -> list[dict[str, Any]]:
    """One row per county that has anything; amounts in fen."""
    rows = await tx.fetch(_FIGURES, tx.now, reader, None if projects is None else list(projects))
    return [dict(row) for row in rows]

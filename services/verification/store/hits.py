"""Looking at hits: always inside the caller's region and projects."""

from typing import Any, NamedTuple

from kit.db import Tx

COLUMNS = (
    "hit_id, check_id, stage, project, county, township, slice_id, line_id, rev, application_id, subject_id, "
    "rule, effect, source, text, at, state, period, fact, fact_value, consequence, last_period, decided_at"
)
_WHERE = (
    "starts_with(township, $1) AND ($2::text[] IS NULL OR project = ANY($2)) "
    "AND ($3::text IS NULL OR slice_id = $3) AND ($4::text IS NULL OR rule = $4) "
    "AND ($5::text IS NULL OR stage = $5) AND ($6::text IS NULL OR state = $6) "
    "AND ($7::text IS NULL OR project = $7) AND ($8::text IS NULL OR starts_with(township, $8)) "
    "AND ($9::text IS NULL OR effect = $9) AND ($10::text IS NULL OR line_id = $10) "
    "AND ($11::text IS NULL OR application_id = $11) AND ($12::text IS NULL OR period = $12)"
)


class Wanted(NamedTuple):
    """Who looks (`region`, `projects`: None for all) and for what; `township` any region inside."""

    region: str
    projects: list[str] | None
    slice_id: str | None = None
    rule: str | None = None
    stage: str | None = None
    state: str | None = None
    project: str | None = None
    township: str | None = None
    effect: str | None = None
    line_id: str | None = None
    application_id: str | None = None
    period: str | None = None


async def page(tx: Tx, wanted: Wanted, after: int, limit: int) -> list[Any]:
    """Hits after a hit id, oldest first."""
    return await tx.fetch(
        f"SELECT {COLUMNS} FROM hit WHERE {_WHERE} AND hit_id > $13 ORDER BY hit_id LIMIT $14",
        *wanted,
        after,
        limit,
    )


async def summary(tx: Tx, wanted: Wanted) -> list[Any]:
    """How many hits per project, stage, rule, effect, state and township."""
    return await tx.fetch(
        "SELECT project, stage, rule, effect, state, township, count(*)::int AS hits, "
        f"count(DISTINCT subject_id)::int AS persons FROM hit WHERE {_WHERE} GROUP BY 1, 2, 3, 4, 5, 6 "
        "ORDER BY 1, 2, 3, 4, 5, 6",
        *wanted,
    )


async def precision(tx: Tx, wanted: Wanted, offset: int, limit: int) -> list[Any]:
    """Per project, rule, county and period: how many hits two people confirmed, lifted, or have yet to decide."""
    return await tx.fetch(
        "SELECT project, rule, county, period, count(*) FILTER (WHERE state = 'confirmed')::int AS confirmed, "
        "count(*) FILTER (WHERE state = 'lifted')::int AS lifted, "
        "count(*) FILTER (WHERE state IN ('open', 'proposed'))::int AS waiting "
        f"FROM hit WHERE {_WHERE} AND state <> 'withdrawn' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 "
        "OFFSET $13 LIMIT $14",
        *wanted,
        offset,
        limit,
    )

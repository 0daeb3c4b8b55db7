"""Looking at hits: always inside the caller's region and projects."""

from typing import Any, NamedTuple

from kit.db import Tx

_COLUMNS = (
    "hit_id, check_id, stage, project, county, township, slice_id, line_id, rev, application_id, subject_id, "
    "rule, effect, source, text, at, state"
)
_WHERE = (
    "starts_with(township, $1) AND ($2::text[] IS NULL OR project = ANY($2)) "
    "AND ($3::text IS NULL OR slice_id = $3) AND ($4::text IS NULL OR rule = $4) "
    "AND ($5::text IS NULL OR stage = $5) AND ($6::text IS NULL OR state = $6) "
    "AND ($7::text IS NULL OR project = $7)"
)


class Wanted(NamedTuple):
    """Who looks (`region`, `projects`: None for all) and for what."""

    region: str
    projects: list[str] | None
    slice_id: str | None
    rule: str | None
    stage: str | None
    state: str | None
    project: str | None


async def page(tx: Tx, wanted: Wanted, after: int, limit: int) -> list[Any]:
    """Hits after a hit id, oldest first."""
    return await tx.fetch(
        f"SELECT {_COLUMNS} FROM hit WHERE {_WHERE} AND hit_id > $8 ORDER BY hit_id LIMIT $9",
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

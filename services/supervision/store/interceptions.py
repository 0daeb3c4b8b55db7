"""Interceptions: who was stopped by which rule, where, and what two people made of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from contracts.verification import FindingsStated, HitDecided
from kit.db import Tx

# Where an interception belongs; one whose slice or application is not known yet appears once it is.
PLACED = (
    "SELECT i.*, s.project, s.county, s.township FROM interception AS i JOIN slice AS s USING (slice_id) "
    "WHERE i.subject = 'line' UNION ALL "
    "SELECT i.*, a.project, left(a.township, 6), a.township FROM interception AS i "
    "JOIN application AS a ON a.application_id = i.ref WHERE i.subject = 'application'"
)
GROUPS = {
    "rule": "rule",
    "project": "project",
    "county": "county",
    "township": "township",
    "stage": "stage",
    "month": "to_char(at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM')",
    "day": "to_char(at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD')",
}
"""By what figures are counted → the SQL of it."""


async def of_lines(tx: Tx, message: FindingsStated, at: datetime) -> None:
    """The holding and blocking hits of lines that the check stopped."""
    await tx.execute(
        "INSERT INTO interception SELECT DISTINCT ON (f.line_id, hit->>'rule') 'line', f.line_id, "
        "hit->>'rule', $3, $4, hit->>'effect', $5::timestamptz FROM chunk_rows($1, $2) AS part, "
        "jsonb_to_record(part) AS f(line_id text, verdict text, hits jsonb), "
        "jsonb_array_elements(f.hits) AS hit WHERE f.verdict IN ('hold', 'block') "
        "AND hit->>'effect' IN ('hold', 'block') ON CONFLICT DO NOTHING",
        message.stream_id,
        message.revision,
        message.stage,
        message.slice_id,
        at,
    )


async def of_application(tx: Tx, application_id: str, rules: Sequence[str], at: datetime) -> None:
    """The rules that refused an application."""
    await tx.executemany(
        "INSERT INTO interception VALUES ('application', $1, $2, 'application', NULL, 'block', $3) "
        "ON CONFLICT DO NOTHING",
        [(application_id, rule, at) for rule in rules],
    )


async def decided(tx: Tx, message: HitDecided, at: datetime) -> None:
    """A hit's decision; it is final."""
    await tx.execute(
        "INSERT INTO hit_decision VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        message.hit_id, message.project, message.county, message.township, message.rule, message.stage,
        message.decision.startswith("confirm"), at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters; `reader` and `projects` are the reader's own limits (None: all projects); days in China."""

    reader: str
    projects: Sequence[str] | None
    region: str | None = None
    project: str | None = None
    rule: str | None = None
    first: date | None = None
    last: date | None = None
    after: str = ""
    limit: int = 100


_SEEN = (
    "township LIKE $1 || '%' AND ($2::text[] IS NULL OR project = ANY($2)) "
    "AND ($3::text IS NULL OR township LIKE $3 || '%') AND ($4::text IS NULL OR project = $4) "
    "AND ($5::text IS NULL OR rule = $5) "
    "AND ($6::date IS NULL OR at >= ($6::date)::timestamp AT TIME ZONE 'Asia/Shanghai') "
    "AND ($7::date IS NULL OR at < ($7::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')"
)


def _values(wanted: Wanted) -> list[Any]:
    projects = None if wanted.projects is None else list(wanted.projects)
    return [
        wanted.reader, projects, wanted.region, wanted.project, wanted.rule, wanted.first, wanted.last
    ]  # fmt: skip


async def figures(tx: Tx, wanted: Wanted, by: str) -> list[dict[str, Any]]:
    """Per group: interceptions, persons' lines or applications stopped, and hits confirmed and lifted."""
    group = GROUPS[by]
    rows = await tx.fetch(
        f"WITH stopped AS (SELECT {group} AS part, count(*) AS intercepted, "
        "count(DISTINCT (subject, ref)) AS cases "
        f"FROM (SELECT *, first_at AS at FROM ({PLACED}) AS p) AS i WHERE {_SEEN} GROUP BY 1), "
        f"judged AS (SELECT {group} AS part, count(*) FILTER (WHERE confirmed) AS confirmed, "
        f"count(*) FILTER (WHERE NOT confirmed) AS lifted FROM hit_decision WHERE {_SEEN} GROUP BY 1) "
        "SELECT part, coalesce(intercepted, 0) AS intercepted, coalesce(cases, 0) AS cases, "
        "coalesce(confirmed, 0) AS confirmed, coalesce(lifted, 0) AS lifted "
        "FROM stopped FULL JOIN judged USING (part) ORDER BY part",
        *_values(wanted),
    )
    return [dict(row) for row in rows]


async def listed(tx: Tx, wanted: Wanted) -> list[dict[str, Any]]:
    """A page of single interceptions, oldest first."""
    rows = await tx.fetch(
        "SELECT subject, ref, rule, stage, effect, at, project, county, township, "
        "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') || '|' || subject || '|' || ref || '|' "
        "|| rule || '|' || stage AS place "
        f"FROM (SELECT *, first_at AS at FROM ({PLACED}) AS p) AS i WHERE {_SEEN} "
        "AND to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') || '|' || subject || '|' || ref "
        "|| '|' || rule || '|' || stage > $8 ORDER BY place LIMIT $9",
        *_values(wanted),
        wanted.after,
        wanted.limit,
    )
    return [dict(row) for row in rows]

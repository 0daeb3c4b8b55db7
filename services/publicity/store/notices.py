"""Notices: opened by a command, found, changed state by state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from contracts.batch import LinesStated
from contracts.orchestrator import ProjectDeployed
from kit import chunks
from kit.db import Tx
from kit.ids import named_id
from services.publicity.domain import terms
from services.publicity.domain.states import State
from services.publicity.store import making
from services.publicity.store.tables import Notice


@dataclass(frozen=True, slots=True)
class Opening:
    """What a command asks for: one notice of a slice at a revision."""

    command_id: str
    slice_id: str
    revision: int
    round: int
    with_amounts: bool
    set_id: str | None = None
    scope: str = "all"
    project_version: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of the list; `region` and `projects` are the reader's own limits (None: all projects)."""

    region: str
    projects: Sequence[str] | None
    township: str | None = None
    project: str | None = None
    period: str | None = None
    state: str | None = None
    set_id: str | None = None
    slice_id: str | None = None
    after: str = ""
    limit: int = 100


_FILTER = (
    "township LIKE $1 || '%' AND ($2::text[] IS NULL OR project = ANY($2)) "
    "AND ($3::text IS NULL OR township = $3) AND ($4::text IS NULL OR project = $4) "
    "AND ($5::text IS NULL OR period = $5) AND ($6::text IS NULL OR set_id = $6) "
    "AND ($7::text IS NULL OR slice_id = $7)"
)


def _filter(wanted: Wanted) -> list[Any]:
    projects = None if wanted.projects is None else list(wanted.projects)
    return [
        wanted.region,
        projects,
        wanted.township,
        wanted.project,
        wanted.period,
        wanted.set_id,
        wanted.slice_id,
    ]


async def save_project(tx: Tx, message: ProjectDeployed) -> None:
    """Keep the version, and which is the newest."""
    await tx.execute(
        "INSERT INTO project_version VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        message.project,
        message.version,
        message.manifest,
    )
    await chunks.mark(tx, f"project:{message.version}", 1)
    await tx.execute(
        "INSERT INTO project VALUES ($1, $2, $3) ON CONFLICT (project) DO UPDATE "
        "SET version = excluded.version, manifest = excluded.manifest",
        message.project,
        message.version,
        message.manifest,
    )


async def manifest(tx: Tx, project: str, version: str | None = None) -> dict[str, Any]:
    """The manifest of a version, else the newest; empty when none was deployed, so that the defaults hold."""
    found: dict[str, Any] | None = await tx.fetchval(
        "SELECT manifest FROM project_version WHERE project = $1 AND version = "
        "coalesce($2, (SELECT version FROM project WHERE project = $1))",
        project,
        version,
    )
    return found or {}


async def manifest_of(tx: Tx, notice: Notice) -> dict[str, Any]:
    """The manifest that a notice's terms, names and unit come from."""
    return await manifest(tx, notice.project, notice.project_version)


async def save_slice(tx: Tx, message: LinesStated) -> None:
    """Remember where a slice belongs."""
    await tx.execute(
        "INSERT INTO slice VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        message.stream_id,
        message.project,
        message.period,
        message.county,
        message.township,
        message.category,
    )


async def prepared(tx: Tx, opening: Opening) -> Notice:
    """The notice 待生成 that the command asks for, not stored yet."""
    where = await tx.fetchrow("SELECT * FROM slice WHERE slice_id = $1", opening.slice_id)
    assert where is not None, "a command is handled after its lines"
    found = await manifest(tx, where["project"], opening.project_version)
    name = terms.name_of(found, where["project"])
    area = terms.is_area_notice(found, opening.with_amounts)
    return Notice(
        notice_id=named_id("publicity.notice", opening.command_id, opening.slice_id),
        command_id=opening.command_id,
        set_id=opening.set_id,
        slice_id=opening.slice_id,
        revision=opening.revision,
        project=where["project"],
        period=where["period"],
        county=where["county"],
        township=where["township"],
        round=opening.round,
        with_amounts=opening.with_amounts,
        state=State.TO_GENERATE,
        title=terms.default_title(name, where["period"], opening.round, area=area),
        created_at=tx.now,
        project_version=opening.project_version,
        scope=opening.scope,
        across_periods=terms.across_periods(found),
    )


async def open_notice(tx: Tx, opening: Opening) -> str | None:
    """Create the notice, once per command and slice. With nothing left to show there is none: the notice that
    showed the lines before is returned instead (empty when no line is there at all)."""
    one = await prepared(tx, opening)
    if one.scope == "changed" or one.across_periods:
        fresh, evidence = await making.left(tx, one)
        if not fresh:
            tx.audit("publicity.nothing_new", f"slice:{one.slice_id}", round=one.round, shown_by=evidence)
            return evidence
    await tx.insert(one)
    return None


async def find(tx: Tx, notice_id: str, *, lock: bool = False) -> Notice | None:
    """One notice."""
    row = await tx.fetchrow(
        f"SELECT * FROM notice WHERE notice_id = $1{' FOR UPDATE' if lock else ''}", notice_id
    )
    return Notice(**row) if row else None


async def listed(tx: Tx, wanted: Wanted) -> list[Notice]:
    """A page of notices, by id."""
    rows = await tx.fetch(
        f"SELECT * FROM notice WHERE {_FILTER} AND ($8::text IS NULL OR state = $8) AND notice_id > $9 "
        "ORDER BY notice_id LIMIT $10",
        *_filter(wanted),
        wanted.state,
        wanted.after,
        wanted.limit,
    )
    return [Notice(**row) for row in rows]


async def counts(tx: Tx, wanted: Wanted) -> dict[str, int]:
    """How many notices stand in each state: the tabs' numbers (M25)."""
    rows = await tx.fetch(
        f"SELECT state, count(*) AS n FROM notice WHERE {_FILTER} GROUP BY state", *_filter(wanted)
    )
    return {row["state"]: row["n"] for row in rows}


async def save(tx: Tx, notice: Notice) -> None:
    """Write back what a person or the clock changes."""
    await tx.execute(
        "UPDATE notice SET state = $2, title = $3, medium = $4, place = $5, starts_on = $6, ends_on = $7, "
        "generating = $8, lines = $9, published_at = $10, ended_at = $11, confirmed_at = $12, "
        "confirmed_by = $13, published_lines = $14 WHERE notice_id = $1",
        notice.notice_id, notice.state, notice.title, notice.medium, notice.place, notice.starts_on,
        notice.ends_on, notice.generating, notice.lines, notice.published_at, notice.ended_at,
        notice.confirmed_at, notice.confirmed_by, notice.published_lines,
    )  # fmt: skip


async def end_due(tx: Tx) -> list[str]:
    """Notices whose last day is over become 公示结束; returns their ids."""
    rows = await tx.fetch(
        "UPDATE notice SET state = 'ended', ended_at = $2 WHERE state = 'published' AND ends_on < $1 "
        "RETURNING notice_id",
        tx.today,
        tx.now,
    )
    return [row["notice_id"] for row in rows]


async def public(
    tx: Tx, township: str | None, project: str | None, shown_from: date, village: str | None = None
) -> list[Notice]:
    """Notices that everybody may read today: begun, and ended no earlier than `shown_from`."""
    rows = await tx.fetch(
        "SELECT * FROM notice WHERE state IN ('published', 'ended', 'confirmed') "
        "AND starts_on <= $1 AND ends_on >= $2 "
        "AND ($3::text IS NULL OR township = $3) AND ($4::text IS NULL OR project = $4) "
        "AND ($5::text IS NULL OR EXISTS (SELECT FROM notice_row AS r WHERE r.notice_id = notice.notice_id "
        "AND r.village = $5)) ORDER BY starts_on DESC, notice_id LIMIT 500",
        tx.today,
        shown_from,
        township,
        project,
        village,
    )
    return [Notice(**row) for row in rows]


async def ending(tx: Tx, wanted: Wanted, until: date) -> list[Notice]:
    """Published notices whose last day is `until` or before, the longest waiting first."""
    rows = await tx.fetch(
        f"SELECT * FROM notice WHERE {_FILTER} AND state IN ('published', 'ended') AND ends_on <= $8 "
        "ORDER BY ends_on, notice_id LIMIT $9",
        *_filter(wanted),
        until,
        wanted.limit,
    )
    return [Notice(**row) for row in rows]

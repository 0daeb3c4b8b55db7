"""Notices: opened by a command, found, changed state by state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from contracts.batch import LinesStated
from contracts.orchestrator import ProjectDeployed
from kit.db import Tx
from kit.ids import named_id
from services.publicity.domain import terms
from services.publicity.domain.states import State
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
    """Keep the newest manifest."""
    await tx.execute(
        "INSERT INTO project VALUES ($1, $2, $3) ON CONFLICT (project) DO UPDATE "
        "SET version = excluded.version, manifest = excluded.manifest",
        message.project,
        message.version,
        message.manifest,
    )


async def manifest(tx: Tx, project: str) -> dict[str, Any]:
    """The project's manifest; empty when none was deployed, so that the defaults hold."""
    found: dict[str, Any] | None = await tx.fetchval(
        "SELECT manifest FROM project WHERE project = $1", project
    )
    return found or {}


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


async def open_notice(tx: Tx, opening: Opening) -> None:
    """Create the notice 待生成; the same command creates it once."""
    where = await tx.fetchrow("SELECT * FROM slice WHERE slice_id = $1", opening.slice_id)
    assert where is not None, "a command is handled after its lines"
    name = terms.name_of(await manifest(tx, where["project"]), where["project"])
    await tx.insert(
        Notice(
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
            title=terms.default_title(name, where["period"], opening.round),
            created_at=tx.now,
        )
    )


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


async def public(tx: Tx, township: str | None, project: str | None, shown_from: date) -> list[Notice]:
    """Notices that everybody may read today: begun, and ended no earlier than `shown_from`."""
    rows = await tx.fetch(
        "SELECT * FROM notice WHERE state IN ('published', 'ended', 'confirmed') "
        "AND starts_on <= $1 AND ends_on >= $2 "
        "AND ($3::text IS NULL OR township = $3) AND ($4::text IS NULL OR project = $4) "
        "ORDER BY starts_on DESC, notice_id LIMIT 500",
        tx.today,
        shown_from,
        township,
        project,
    )
    return [Notice(**row) for row in rows]

"""Objections: filed, found, changed; and what batch may be told of a line's conclusions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from contracts.grievance import ObjectionConcluded
from kit.db import Tx
from services.grievance.domain import HOLDING, OPEN
from services.grievance.store.tables import Objection


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters; either the complainant's own, or an official's region and projects (None: all)."""

    complainant: str | None = None
    region: str | None = None
    projects: Sequence[str] | None = None
    state: str | None = None
    line_id: str | None = None
    overdue_on: date | None = None
    after: str = ""
    limit: int = 100


async def find(tx: Tx, objection_id: str, *, lock: bool = False) -> Objection | None:
    """One objection."""
    row = await tx.fetchrow(
        f"SELECT * FROM objection WHERE objection_id = $1{' FOR UPDATE' if lock else ''}", objection_id
    )
    return Objection(**row) if row else None


async def open_of(tx: Tx, complainant: str, line_id: str) -> str | None:
    """The person's open objection against the line, if there is one."""
    found: str | None = await tx.fetchval(
        "SELECT objection_id FROM objection WHERE complainant = $1 AND line_id = $2 AND state = ANY($3::text[])",
        complainant,
        line_id,
        sorted(OPEN),
    )
    return found


async def save(tx: Tx, one: Objection) -> None:
    """Write back what a step changes."""
    await tx.execute(
        "UPDATE objection SET state = $2, accepted_at = $3, accepted_by = $4, refused_at = $5, "
        "refused_by = $6, refusal_sealed = $7, surveyed_at = $8, surveyed_by = $9, findings = $10, "
        "findings_sealed = $11, concluded_at = $12, concluded_by = $13, upheld = $14, opinion_sealed = $15, "
        "announced_at = $16 WHERE objection_id = $1",
        one.objection_id,
        one.state,
        one.accepted_at,
        one.accepted_by,
        one.refused_at,
        one.refused_by,
        one.refusal_sealed,
        one.surveyed_at,
        one.surveyed_by,
        one.findings,
        one.findings_sealed,
        one.concluded_at,
        one.concluded_by,
        one.upheld,
        one.opinion_sealed,
        one.announced_at,
    )


async def listed(tx: Tx, wanted: Wanted) -> list[Objection]:
    """A page, the earliest deadline first."""
    rows = await tx.fetch(
        "SELECT * FROM objection WHERE ($1::text IS NULL OR complainant = $1) "
        "AND ($2::text IS NULL OR township LIKE $2 || '%') AND ($3::text[] IS NULL OR project = ANY($3)) "
        "AND ($4::text IS NULL OR state = $4) AND ($5::text IS NULL OR line_id = $5) "
        "AND ($6::date IS NULL OR (state = 'registered' AND due_on < $6)) "
        "AND (to_char(due_on, 'YYYY-MM-DD') || '|' || objection_id) > $7 "
        "ORDER BY due_on, objection_id LIMIT $8",
        wanted.complainant,
        wanted.region,
        None if wanted.projects is None else list(wanted.projects),
        wanted.state,
        wanted.line_id,
        wanted.overdue_on,
        wanted.after,
        wanted.limit,
    )
    return [Objection(**row) for row in rows]


def place(one: Objection) -> str:
    """Where a page ends, for `after`."""
    return f"{one.due_on.isoformat()}|{one.objection_id}"


async def announce(tx: Tx, one: Objection) -> None:
    """Tell batch what may be told now: upheld at once, dismissals when nothing else holds the line.

    Call it with the line locked. A dismissal told too early would free a line that another objection holds.
    """
    held = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM objection WHERE line_id = $1 AND state = ANY($2::text[]))",
        one.line_id,
        sorted(HOLDING),
    )
    rows = await tx.fetch(
        "UPDATE objection SET announced_at = $2 WHERE line_id = $1 AND state = 'concluded' "
        "AND announced_at IS NULL AND (upheld OR NOT $3) RETURNING objection_id, slice_id, line_id, upheld",
        one.line_id,
        tx.now,
        held,
    )
    for row in sorted(rows, key=_upheld_first):
        tx.emit(ObjectionConcluded(**row))


def _upheld_first(row: Any) -> tuple[bool, str]:
    return (not row["upheld"], row["objection_id"])

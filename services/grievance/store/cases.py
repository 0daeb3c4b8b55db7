"""Cases: filed, found, changed; what batch may be told of a line's conclusions, and supervision of every step."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from contracts.grievance import CaseChanged, ObjectionConcluded
from kit.db import Tx
from services.grievance.domain import HOLDING, OPEN, WAITING, State
from services.grievance.store.tables import Case

_FIXED = frozenset(
    {
        "case_id", "kind", "about", "channel", "department", "anonymous", "public", "notice_id", "line_id",
        "slice_id", "project", "county", "township", "complainant", "topic", "text_sealed", "registered_at",
        "escalates_on",
    }
)  # fmt: skip
_CHANGES = [column.name for column in Case.metadata.tables["case_file"].columns if column.name not in _FIXED]
_SAVE = (
    f"UPDATE case_file SET {', '.join(f'{name} = ${at}' for at, name in enumerate(_CHANGES, start=2))} "
    "WHERE case_id = $1"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters; either the complainant's own, or an official's region, projects (None: all) and kinds."""

    complainant: str | None = None
    region: str | None = None
    projects: Sequence[str] | None = None
    kinds: Sequence[str] | None = None
    username: str | None = None
    state: str | None = None
    line_id: str | None = None
    overdue_on: date | None = None
    escalated_on: date | None = None
    after: str = ""
    limit: int = 100


async def find(tx: Tx, case_id: str, *, lock: bool = False) -> Case | None:
    """One case."""
    row = await tx.fetchrow(
        f"SELECT * FROM case_file WHERE case_id = $1{' FOR UPDATE' if lock else ''}", case_id
    )
    return Case(**row) if row else None


async def open_of(tx: Tx, complainant: str, line_id: str) -> str | None:
    """The person's open case against the line, if there is one."""
    found: str | None = await tx.fetchval(
        "SELECT case_id FROM case_file WHERE complainant = $1 AND line_id = $2 AND state = ANY($3::text[])",
        complainant,
        line_id,
        sorted(OPEN),
    )
    return found


async def save(tx: Tx, one: Case) -> None:
    """Write back what a step changes, and tell supervision."""
    await tx.execute(_SAVE, one.case_id, *(getattr(one, name) for name in _CHANGES))
    tell(tx, one)


def tell(tx: Tx, one: Case) -> None:
    """State where the case stands: codes alone, with the next deadline while the office owes something."""
    message = CaseChanged(
        case_id=one.case_id,
        kind=one.kind,
        matter=one.topic,
        project=one.project,
        county=one.county,
        township=one.township,
        state=one.state,
        due_on=one.due_on.isoformat() if State(one.state) in WAITING else None,
        upheld=one.upheld,
        satisfied=one.satisfied,
    )
    tx.emit(message)


async def note(tx: Tx, one: Case, step: str, actor: str, words: bytes | None = None) -> None:
    """Add a step to the case's record; call it with the case locked."""
    await tx.execute(
        "INSERT INTO case_step SELECT $1, count(*) + 1, $2, $3, $4, $5 FROM case_step WHERE case_id = $1",
        one.case_id,
        step,
        tx.now,
        actor,
        words,
    )


async def listed(tx: Tx, wanted: Wanted) -> list[Case]:
    """A page, the earliest deadline first; without what the reader must recuse from."""
    rows = await tx.fetch(
        "SELECT * FROM case_file AS c WHERE ($1::text IS NULL OR complainant = $1) "
        "AND ($2::text IS NULL OR coalesce(township, county) LIKE $2 || '%') "
        "AND ($3::text[] IS NULL OR project IS NULL OR project = ANY($3)) "
        "AND ($4::text IS NULL OR state = $4) AND ($5::text IS NULL OR line_id = $5) "
        "AND ($6::date IS NULL OR (state = ANY($11::text[]) AND due_on < $6)) "
        "AND (to_char(due_on, 'YYYY-MM-DD') || '|' || case_id) > $7 "
        "AND ($9::text[] IS NULL OR kind = ANY($9)) "
        "AND NOT EXISTS (SELECT FROM recusal AS r WHERE r.case_id = c.case_id AND r.username = $10) "
        "AND ($12::date IS NULL OR (state = ANY($13::text[]) AND escalates_on < $12)) "
        "ORDER BY due_on, case_id LIMIT $8",
        wanted.complainant,
        wanted.region,
        None if wanted.projects is None else list(wanted.projects),
        wanted.state,
        wanted.line_id,
        wanted.overdue_on,
        wanted.after,
        wanted.limit,
        None if wanted.kinds is None else list(wanted.kinds),
        wanted.username,
        sorted(WAITING),
        wanted.escalated_on,
        sorted(OPEN),
    )
    return [Case(**row) for row in rows]


def place(one: Case) -> str:
    """Where a page ends, for `after`."""
    return f"{one.due_on.isoformat()}|{one.case_id}"


async def announce(tx: Tx, one: Case) -> None:
    """Tell batch what may be told now: upheld at once, dismissals when nothing else holds the line.

    Call it with the line locked. A dismissal told too early would free a line that another case holds.
    """
    if one.line_id is None:
        return
    held = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM case_file WHERE line_id = $1 AND hold_id IS NOT NULL "
        "AND state = ANY($2::text[]))",
        one.line_id,
        sorted(HOLDING),
    )
    rows = await tx.fetch(
        "UPDATE case_file SET announced_at = $2 WHERE line_id = $1 AND concluded_at IS NOT NULL "
        "AND hold_id IS NOT NULL AND announced_at IS NULL AND (upheld OR NOT $3) "
        "RETURNING hold_id AS objection_id, slice_id, line_id, upheld",
        one.line_id,
        tx.now,
        held,
    )
    for row in sorted(rows, key=_upheld_first):
        tx.emit(ObjectionConcluded(**row))


def _upheld_first(row: Any) -> tuple[bool, str]:
    return (not row["upheld"], row["objection_id"])

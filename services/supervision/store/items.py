"""Items: opened, closed, and which of them are overdue where."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.grievance import CaseChanged
from contracts.orchestrator import WorkItemClosed, WorkItemOpened
from kit.db import Tx
from services.supervision.domain.overdue import CASE_DEPARTMENT, CASE_ROLE, end_of
from services.supervision.store.tables import Item


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters; `reader` and `projects` are the reader's own limits (None: all projects)."""

    reader: str
    projects: Sequence[str] | None
    region: str | None = None
    project: str | None = None
    node: str | None = None
    kind: str | None = None
    after: str = ""
    limit: int = 100


OVERDUE = (
    "closed_at IS NULL AND due_at < $1 AND (region LIKE $2 || '%') "
    "AND ($3::text[] IS NULL OR project IS NULL OR project = ANY($3)) "
    "AND ($4::text IS NULL OR region LIKE $4 || '%') AND ($5::text IS NULL OR project = $5) "
    "AND ($6::text IS NULL OR node = $6) AND ($7::text IS NULL OR kind = $7)"
)


def _values(tx: Tx, wanted: Wanted) -> list[Any]:
    projects = None if wanted.projects is None else list(wanted.projects)
    return [
        tx.now, wanted.reader, projects, wanted.region, wanted.project, wanted.node, wanted.kind
    ]  # fmt: skip


async def opened(tx: Tx, messages: Sequence[tuple[WorkItemOpened, datetime]]) -> None:
    """Work items begin to wait."""
    await tx.executemany(
        "INSERT INTO item VALUES ($1, 'work_item', $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        [
            (one.work_item_id, one.business_key, one.project, one.region, one.node, one.role, at,
             datetime.fromisoformat(one.due_at))
            for one, at in messages
        ],
    )  # fmt: skip


async def closed(tx: Tx, messages: Sequence[tuple[WorkItemClosed, datetime]]) -> None:
    """Work items are done, or were given up by their instance (no decision)."""
    await tx.executemany(
        "UPDATE item SET closed_at = $2, decision = nullif($3, ''), actor = $4 "
        "WHERE item_id = $1 AND closed_at IS NULL",
        [(one.work_item_id, at, one.decision, one.actor) for one, at in messages],
    )


async def case(tx: Tx, message: CaseChanged, at: datetime) -> bool:
    """A case's next deadline; True when it left the step that an order may have been about."""
    node = f"{message.kind}.{message.state}"
    former: str | None = await tx.fetchval("SELECT node FROM item WHERE item_id = $1", message.case_id)
    role = CASE_DEPARTMENT if message.kind == "message" else CASE_ROLE
    await tx.execute(
        "INSERT INTO item VALUES ($1, 'case', $1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (item_id) DO UPDATE "
        "SET node = excluded.node, due_at = excluded.due_at, closed_at = excluded.closed_at, "
        "opened_at = CASE WHEN item.node = excluded.node THEN item.opened_at ELSE excluded.opened_at END",
        message.case_id, message.project, message.township or message.county, node, role, at,
        end_of(message.due_on) if message.due_on else None, None if message.due_on else at,
    )  # fmt: skip
    return former is not None and former != node


async def find(tx: Tx, item_id: str, *, lock: bool = False) -> Item | None:
    """One item."""
    row = await tx.fetchrow(f"SELECT * FROM item WHERE item_id = $1{' FOR UPDATE' if lock else ''}", item_id)
    return Item(**row) if row else None


async def overdue(tx: Tx, wanted: Wanted) -> list[Item]:
    """A page of what is late now, the latest first; `after` is the last item's place."""
    rows = await tx.fetch(
        f"SELECT * FROM item WHERE {OVERDUE} AND ($8 = '' OR (due_at, item_id) > "
        "(split_part($8, '|', 1)::timestamptz, split_part($8, '|', 2))) ORDER BY due_at, item_id LIMIT $9",
        *_values(tx, wanted),
        wanted.after,
        wanted.limit,
    )
    return [Item(**row) for row in rows]


def place(one: Item) -> str:
    """Where a page ends, for `after`."""
    assert one.due_at is not None, "an overdue item is due"
    return f"{one.due_at.isoformat()}|{one.item_id}"


async def counted(tx: Tx, wanted: Wanted) -> list[Any]:
    """(region, project, node, items) of what is late now."""
    rows = await tx.fetch(
        f"SELECT region, project, node, count(*) AS items FROM item WHERE {OVERDUE} "
        "GROUP BY region, project, node ORDER BY region, project, node",
        *_values(tx, wanted),
    )
    return [tuple(row) for row in rows]


async def lock_overdue(tx: Tx, wanted: Wanted, named: str | None) -> list[Item]:
    """Late items that no open order to this addressee is about yet, locked."""
    rows = await tx.fetch(
        f"SELECT * FROM item WHERE {OVERDUE} AND NOT EXISTS (SELECT FROM urge_order AS o "
        "WHERE o.item_id = item.item_id AND o.state <> 'done' AND coalesce(o.named, '') = coalesce($8, '')) "
        "ORDER BY due_at, item_id LIMIT $9 FOR UPDATE",
        *_values(tx, wanted),
        named,
        wanted.limit,
    )
    return [Item(**row) for row in rows]

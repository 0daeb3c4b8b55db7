"""Overdue items as people read them: county → township → project → node with counts (M65)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

CHINA = timezone(timedelta(hours=8))
CASE_ROLE = "complaints_desk"
CASE_DEPARTMENT = "county_handler"
ESCALATED_AFTER_WORKING_DAYS = 15
"""A case is due after 15 working days and goes up at 30 (decisions §5): 15 working days late."""

CASE_KINDS = {"complaint": "投诉", "objection": "异议", "message": "留言"}
CASE_STATES = {
    "registered": "待受理",
    "accepted": "待查实",
    "surveyed": "待结论",
    "concluded": "待答复",
    "replied": "待评价",
    "refused": "不予受理",
    "closed": "已办结",
}


def end_of(day: str) -> datetime:
    """The last moment of an ISO day in China, UTC: whoever acts on the last day is in time."""
    return datetime.combine(date.fromisoformat(day), time.max, CHINA).astimezone(UTC)


def days_late(due_at: datetime, today: date, working_days_between: Callable[[date, date], int]) -> int:
    """Overdue working days on `today`; 0 before the first."""
    return max(working_days_between(due_at.astimezone(CHINA).date(), today), 0)


def node_name(kind: str, node: str, nodes: dict[str, str]) -> str:
    """What a node is called: a case's `complaint.registered`, or the diagram's own name."""
    if kind == "case":
        what, _, state = node.partition(".")
        return f"{CASE_KINDS.get(what, what)}·{CASE_STATES.get(state, state)}"
    return nodes.get(node, node)


@dataclass
class Count:
    """Overdue items below one place of the tree. `projects` counts distinct ones (M65: projects affected)."""

    code: str
    items: int = 0
    projects: set[str] = field(default_factory=set)
    parts: dict[str, "Count"] = field(default_factory=dict)

    def add(self, path: list[str], items: int, project: str | None) -> None:
        """Count items here and down the path."""
        self.items += items
        if project:
            self.projects.add(project)
        if path:
            below = self.parts.setdefault(path[0], Count(path[0]))
            below.add(path[1:], items, project)


COUNTY_LEVEL = "county"
"""县本级: the county's own desks, beside its townships."""


def tree(rows: Iterable[Any]) -> Count:
    """Rows of (region, project, node, items) as county → township → project → node."""
    root = Count("")
    for region, project, node, items in rows:
        township = region[:9] if len(region) >= 9 else COUNTY_LEVEL
        root.add([region[:6], township, project or "", node], items, project)
    return root


def is_addressed(named: str | None, role: str, username: str, roles: Iterable[str], reaches: bool) -> bool:
    """Whether an order is this official's to answer: named, or addressed to whoever may act there."""
    if named is not None:
        return named == username
    return reaches and role in set(roles)

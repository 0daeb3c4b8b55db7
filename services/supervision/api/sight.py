"""Who reads what: supervisors per region; names of regions, projects and nodes beside the codes."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from kit import errors, regions, workdays
from kit.auth import Actor, Role
from kit.db import Tx
from kit.regions import RegionTable
from kit.service import Room
from services.supervision.api.bodies import OrderOut, OverdueItem
from services.supervision.domain.overdue import (
    COUNTY_LEVEL,
    ESCALATED_AFTER_WORKING_DAYS,
    days_late,
    node_name,
)
from services.supervision.store import places
from services.supervision.store.tables import Item, UrgeOrder

SUPERVISORS = frozenset(
    {Role.DISCIPLINE, Role.LEADER, Role.COUNTY_HANDLER, Role.COUNTY_REVIEWER, Role.FINANCE_REVIEWER}
)
"""Who reads overdue items, figures and timelines of their region."""
URGERS = frozenset({Role.DISCIPLINE, Role.LEADER, Role.COUNTY_REVIEWER})
"""Who may issue 督办: leaders, discipline, and the department's reviewer within the county."""
OFFICIALS = frozenset(Role) - {Role.CITIZEN, Role.HELPER, Role.SERVICE, Role.OPERATOR}
"""Who may be urged, and so read and answer their own orders."""

ORDER_STATES = {"open": "待办理", "answered": "已回复", "done": "已办结"}


def check_project(actor: Actor, project: str | None) -> None:
    """404 for a project the reader has no part in; a complaint may name none."""
    if project is not None and not actor.has_project(project):
        raise errors.not_found()


def reaches(actor: Actor, region: str) -> bool:
    """Whether the region lies in the official's."""
    return actor.region is not None and regions.is_region(region) and regions.covers(actor.region, region)


@dataclass(frozen=True, slots=True)
class Names:
    """Codes → what they are called."""

    regions: RegionTable
    projects: dict[str, str]
    nodes: dict[str, dict[str, str]]

    @classmethod
    async def load(cls, tx: Tx, room: Room) -> "Names":
        """All names that this room knows."""
        return cls(room.regions, await places.project_names(tx), await places.node_names(tx))

    def region(self, code: str) -> str:
        """A region's name; 县本级 for the county's own desks."""
        return "县本级" if code == COUNTY_LEVEL else self.regions.name(code)

    def project(self, code: str | None) -> str | None:
        """A project's name, else its code."""
        return None if code is None else self.projects.get(code, code)

    def node(self, kind: str, project: str | None, node: str) -> str:
        """A node's name on screens."""
        return node_name(kind, node, self.nodes.get(project or "", {}))


@lru_cache(maxsize=4096)
def _working_days(start: date, end: date) -> int:
    # A page of items shares few due days, and the calendar walks day by day.
    return workdays.working_days_between(start, end)


def late_by(due_at: datetime, today: date) -> int:
    """Overdue working days on `today`."""
    return days_late(due_at, today, _working_days)


def item_out(one: Item, names: Names, today: date) -> OverdueItem:
    """An overdue item as people read it."""
    assert one.due_at is not None, "an overdue item is due"
    late = late_by(one.due_at, today)
    return OverdueItem(
        item_id=one.item_id,
        kind=one.kind,
        business_key=one.business_key,
        project=one.project,
        project_name=names.project(one.project),
        region=one.region,
        region_name=names.region(one.region),
        node=one.node,
        node_name=names.node(one.kind, one.project, one.node),
        role=one.role,
        role_label=role_label(one.role) or one.role,
        opened_at=one.opened_at,
        overdue_since=one.due_at,
        overdue_days=late,
        escalated=one.kind == "case" and late >= ESCALATED_AFTER_WORKING_DAYS,
    )


def role_label(role: str | None) -> str | None:
    """The Chinese name of a role, if it is one."""
    return Role(role).label if role in set(Role) else role


def order_out(one: UrgeOrder, names: Names) -> OrderOut:
    """An order without its texts."""
    return OrderOut(
        **one.model_dump(include=set(OrderOut.model_fields)),
        region_name=names.region(one.region),
        node_name=names.node(one.subject_kind, one.project, one.node),
        state_label=ORDER_STATES[one.state],
    )

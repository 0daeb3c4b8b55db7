"""The tree of overdue counts, with names."""

from services.supervision.api.bodies import (
    CountyCount,
    NodeCount,
    OverdueCounts,
    ProjectCount,
    TownshipCount,
)
from services.supervision.api.sight import Names
from services.supervision.domain.overdue import Count


def counts_out(root: Count, names: Names) -> OverdueCounts:
    """The whole tree as it goes out."""
    return OverdueCounts(
        items=root.items,
        projects_affected=len(root.projects),
        counties=[_county(one, names) for one in root.parts.values()],
    )


def _county(one: Count, names: Names) -> CountyCount:
    return CountyCount(
        county=one.code,
        county_name=names.region(one.code),
        items=one.items,
        projects_affected=len(one.projects),
        townships=[_township(part, names) for part in one.parts.values()],
    )


def _township(one: Count, names: Names) -> TownshipCount:
    return TownshipCount(
        township=one.code,
        township_name=names.region(one.code),
        items=one.items,
        projects=[_project(part, names) for part in one.parts.values()],
    )


def _project(one: Count, names: Names) -> ProjectCount:
    return ProjectCount(
        project=one.code,
        project_name=names.project(one.code) or "",
        items=one.items,
        nodes=[
            NodeCount(node=part.code, node_name=_node(one.code, part.code, names), items=part.items)
            for part in one.parts.values()
        ],
    )


def _node(project: str, node: str, names: Names) -> str:
    # A case's node is `complaint.registered`; element ids of diagrams have no dot.
    return names.node("case" if "." in node else "work_item", project, node)

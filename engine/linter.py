"""Looks at a diagram before it is deployed and says, all at once and in the analyst's own elements, what in
it
would be ignored, run code, wait for ever or never end."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine import lint_elements, lint_graph
from engine.model import Diagram, Problem


@dataclass(frozen=True, slots=True)
class Operator:
    """What a service task can ask for: parameters (name -> required) and the names of its outcomes."""

    name: str
    parameters: Mapping[str, bool] = field(default_factory=dict)
    outcomes: frozenset[str] | set[str] = frozenset()


def lint(
    diagram: Diagram,
    operators: Mapping[str, Operator],
    nodes: Mapping[str, Mapping[str, Any]],
    decisions: Collection[str],
    library: Mapping[str, Diagram] | None = None,
    names: Collection[str] | None = None,
) -> list[Problem]:
    """Every problem of a diagram and of the library processes it calls; deployable when none is an error.

    `nodes` are the manifest's facts by element id (a user task needs `role`); `names` the case data that
    expressions may speak of (None: any simple name)."""
    known = library or {}
    found: list[Problem] = []
    for part in _called(diagram, known):
        context = lint_elements.Context(operators, nodes, decisions, known, names, top=part is diagram)
        found += part.problems
        found += lint_elements.check(part, context)
        found += lint_graph.check(part, known)
    for element_id in nodes:
        if all(element_id not in part.elements for part in _called(diagram, known)):
            found.append(
                Problem(
                    element_id, "", "清单中的节点不在图中", "the manifest names no such element", "warning"
                )
            )
    return list(dict.fromkeys(found))


def errors(problems: list[Problem]) -> list[Problem]:
    """Those that forbid deploying."""
    return [problem for problem in problems if problem.severity == "error"]


def _called(diagram: Diagram, library: Mapping[str, Diagram]) -> list[Diagram]:
    found = {diagram.process_id: diagram}
    todo = [diagram]
    while todo:
        for name in sorted(todo.pop().calls):
            if name in library and name not in found:
                found[name] = library[name]
                todo.append(library[name])
    return list(found.values())

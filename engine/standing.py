"""Where a case stands: everything it waits for, as rows a person can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.specs import CommandTask, Node
from engine.tree import READY, STARTED, WAITING

if TYPE_CHECKING:
    from engine.case import Case


@dataclass(frozen=True, slots=True)
class Live:
    """Where a case stands: one thing it waits for. Kind: command | work_item | timer | message | incident."""

    task_id: int
    element_id: str
    name: str
    kind: str
    scope: str = ""
    text: str = ""  # the operator, the message's name, or what went wrong
    branch: int = 0


def standing(case: Case) -> list[Live]:
    """Everything a case waits for, oldest first."""
    found: list[Live] = []
    for task in sorted(case._live(), key=lambda task: task.id):
        node: Node | None = task.task_spec.node
        if node is None:
            continue
        scope = case._scope(task)
        if "incident" in task.internal_data:
            found.append(Live(task.id, node.id, node.name, "incident", scope, task.internal_data["incident"]))
        elif task.state == READY and task.task_spec.manual:
            found.append(Live(task.id, node.id, node.name, "work_item", scope))
        elif task.state == STARTED and isinstance(task.task_spec, CommandTask):
            found.append(Live(task.id, node.id, node.name, "command", scope, node.operator))
        elif task.state == WAITING:
            found += [
                Live(task.id, wait.element_id, wait.name, wait.kind, scope, wait.message_name, branch)
                for branch, wait in enumerate(node.waits)
                if wait.kind != "error" and task.internal_data.get("left") != 0
            ]
    return found

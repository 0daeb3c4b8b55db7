"""What is wrong between the manifest's `[nodes.…]` and the elements of the diagrams."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.model import Diagram
from engine.suggest import did_you_mean

Found = tuple[str, str, str]


def check(diagrams: Mapping[str, Diagram], nodes: Mapping[str, Mapping[str, Any]]) -> Iterator[Found]:
    """`diagrams`: all that the project reaches, by process id."""
    elements = {one.id: one for diagram in diagrams.values() for one in diagram.elements.values()}
    waits = {name for name, one in elements.items() if one.kind in ("userTask", "manualTask", "serviceTask")}
    for name, facts in nodes.items():
        place = f"nodes.{name}"
        if name not in elements:
            near = did_you_mean(name, waits)
            yield "project.toml", place, f"流程图中没有环节 {name}{near} (no diagram has this element)"
            continue
        for other in facts.get("not_same_as", ()):
            if other not in nodes:
                near = did_you_mean(other, nodes)
                yield "project.toml", place, f"not_same_as 中的 {other} 不是环节{near} (no such node)"
        decisions, form = facts.get("decisions", ["approve"]), facts.get("form", ())
        for decision, fields in facts.get("requires", {}).items():
            if decision not in decisions:
                near = did_you_mean(decision, decisions)
                yield (
                    "project.toml",
                    place,
                    f"requires 中的决定 {decision} 不可选{near} (not one of the decisions)",
                )
            for field in fields:
                if field not in form:
                    near = did_you_mean(field, form)
                    yield (
                        "project.toml",
                        place,
                        f"必填项 {field} 不在 form 中{near} (required, but not in form)",
                    )
    for diagram in diagrams.values():
        for element in diagram.elements.values():
            if element.kind not in ("userTask", "manualTask"):
                continue
            facts = nodes.get(element.id, {})
            if not facts:
                near = did_you_mean(element.id, set(nodes) - set(elements))
                yield (
                    diagram.filename, element.id,
                    f"用户任务没有 [nodes.{element.id}]{near} (the user task has no role, desk or due date)",
                )  # fmt: skip
            elif facts.get("due_working_days") is None:
                text = "没有办理期限 due_working_days (the user task has no due date)"
                yield "project.toml", f"nodes.{element.id}", text

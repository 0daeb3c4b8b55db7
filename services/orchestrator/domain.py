"""Pure decisions of the orchestrator: what a node's manifest means, and who may complete it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

FORM_LIMIT = 40
"""Most fields that a completion's form may carry."""


@dataclass(frozen=True)
class Node:
    """A node's facts from the manifest's `[nodes.<element id>]`."""

    name: str
    role: str
    level: str
    """Whose desk: township | county; the instance's data hold the code."""
    due_working_days: int
    decisions: tuple[str, ...]
    others: tuple[str, ...]
    """Nodes whose completer may not complete this one (maker ≠ checker)."""
    form: tuple[str, ...] = ()
    """Fields that a completion may give; those it does not give are empty afterwards, never an older one's."""


def node_of(manifest: Mapping[str, Any], element: str, drawn_name: str = "") -> Node | None:
    """The node's facts, or None when the manifest does not name the element."""
    facts = manifest.get("nodes", {}).get(element)
    if facts is None:
        return None
    return Node(
        name=facts.get("name") or drawn_name or element,
        role=facts["role"],
        level=facts.get("level", "township"),
        due_working_days=int(facts.get("due_working_days", 5)),
        decisions=tuple(facts.get("decisions", ["approve"])),
        others=tuple(facts.get("not_same_as", [])),
        form=tuple(facts.get("form", [])),
    )


def region_of(node: Node, data: Mapping[str, Any]) -> str:
    """The region code whose officials act at this node."""
    code = data.get(node.level) or data.get("county") or data.get("township") or ""
    return str(code)


def form_problem(
    form: Mapping[str, Any], decision: str, decisions: Collection[str], required: Collection[str] = ()
) -> str | None:
    """Why a completion can't be taken, Chinese first, or None. `required`: fields this decision can't do without."""
    if decision not in decisions:
        return f"该环节只能选择 {'、'.join(decisions)} (the decision is not one of this node's)"
    if len(form) > FORM_LIMIT:
        return "表单项过多 (too many form fields)"
    missing = [name for name in required if form.get(name) in (None, "", [])]
    if missing:
        return f"缺少 {'、'.join(missing)} (the decision needs these form fields)"
    for name, value in form.items():
        plain = isinstance(value, str | int | bool) or value is None
        listed = isinstance(value, list) and all(isinstance(one, str) for one in value)
        if not plain and not listed:
            return f"表单项 {name} 类型不支持 (a form field of an unsupported type)"
    return None


def texts_of(form: Mapping[str, Any]) -> Iterator[str]:
    """Every text of a form, those of its lists too."""
    for value in form.values():
        yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str))


def same_person(others: Collection[str], completed: Mapping[str, str], actor: str) -> bool:
    """Whether the actor already completed one of the nodes that this one must differ from."""
    return any(completed.get(node) == actor for node in others)

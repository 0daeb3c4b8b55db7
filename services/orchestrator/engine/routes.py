"""What every project's diagrams must keep to, whichever way a case takes: said in the words of the field."""

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.base import outcome_name
from engine.flat import Key, Step, flatten
from engine.model import Diagram
from services.orchestrator.engine.commands import COMMANDS
from services.orchestrator.engine.walk import FIELDS, Walk

Found = tuple[str, str, str]
"""File, element and text of a problem."""
SLICE, SET = "subsidy.batch.slice_opened.v1", "subsidy.batch.set_opened.v1"
KINDS = ("first", "supplement", "correction", "adjustment", "reissue")
COUNTY_SIGNATURES = ("department_review", "finance_review")
NODE_NAMES = {"department_review": "部门审核", "finance_review": "财政复核", "township_review": "乡镇审核"}


def check(
    diagrams: Mapping[str, Diagram], library: Mapping[str, Diagram], manifest: Mapping[str, Any]
) -> Iterator[Found]:
    """Problems of a project's processes (process name → diagram), each told once."""
    seen: set[Found] = set()
    for diagram in diagrams.values():
        steps = flatten(diagram, library)
        for walk in _walks(diagram, steps, manifest.get("nodes", {})):
            for found in (*_walked(walk), *_slice(walk, manifest), *_set(walk, manifest)):
                if found not in seen:
                    seen.add(found)
                    yield found
        for found in _four_eyes(steps, manifest.get("nodes", {})):
            if found not in seen:
                seen.add(found)
                yield found


def starts(diagrams: Mapping[str, Diagram]) -> Iterator[Found]:
    """Whether a slice and a set each start exactly one process."""
    started: dict[str, str] = {}
    for name, diagram in diagrams.items():
        message = diagram.start_message
        if message in started:
            yield (
                "project.toml", name,
                f"与流程 {started[message]} 由同一消息启动 (two processes start with the same message)",
            )  # fmt: skip
        elif message:
            started[message] = name
    if diagrams and SLICE not in started:
        yield (
            "project.toml", "processes",
            "没有由清册启动的流程，清册无人办理 (no process starts with slice_opened: nobody handles a slice)",
        )  # fmt: skip
    if diagrams and SET not in started:
        yield (
            "project.toml", "processes",
            "没有由送审集启动的流程，无人测算发放 (no process starts with set_opened: nobody pays a set)",
        )  # fmt: skip


def _walks(
    diagram: Diagram, steps: Mapping[Key, Step], nodes: Mapping[str, Mapping[str, Any]]
) -> Iterator[Walk]:
    message = diagram.start_message or ""
    given = FIELDS.get(outcome_name(message), frozenset()) if message else frozenset()
    given |= {"project", "project_version"}
    starts: list[dict[str, Any]] = [{}]
    if message == SLICE:
        starts = [{"kind": kind, "publicity_done": kind == "reissue"} for kind in KINDS]
    elif message == SET:
        starts = [{"reissues": False}, {"reissues": True}]
    for start in starts:
        yield Walk(steps, nodes, start, given).run()


def _walked(walk: Walk) -> Iterator[Found]:
    for key, step in walk.steps.items():
        states = list(walk.at(key))
        element = step.element
        if not states:
            continue
        if element.kind == "serviceTask" and element.operator in COMMANDS:
            yield from _fields(step, frozenset.intersection(*states))
            outcomes = {outcome_name(one): "" for one in COMMANDS[element.operator].OUTCOMES}
            yield from _alike(walk, key, [(one, None) for one in outcomes])
        elif element.kind == "userTask":
            decisions = walk.nodes.get(element.id, {}).get("decisions", ["approve"])
            yield from _alike(walk, key, [(None, one) for one in decisions])


def _fields(step: Step, facts: frozenset[str]) -> Iterator[Found]:
    """Command fields that no earlier step surely fills."""
    element = step.element
    command = COMMANDS[element.operator or ""]
    said = {one.name: one for one in element.parameters}
    for name, field in command.model_fields.items():
        if field.is_required() and name not in facts and name not in said:
            yield (
                step.file, element.id,
                f"命令 {element.operator} 的 {name} 此前没有任何环节必填，请在表单 requires 中要求或在任务上给出 "
                f"(nothing before this step surely fills {name})",
            )  # fmt: skip
    for one in said.values():
        if (
            one.feel
            and one.text.isidentifier()
            and one.text not in facts
            and one.text not in ("true", "false")
        ):
            yield (
                step.file, element.id,
                f"参数 {one.name} 取自 {one.text}，但此前没有任何环节给出它 (no step before gives {one.text})",
            )  # fmt: skip


def _alike(walk: Walk, key: Key, answers: list[tuple[str | None, str | None]]) -> Iterator[Found]:
    """Outcomes or decisions that lead to the very same next step: no gateway tells them apart."""
    states = [(outcome, decision) for where, outcome, decision in walk.holds if where == key]
    if len(answers) < 2 or not states:
        return
    step = walk.steps[key]
    ways: dict[frozenset[Key], str] = {}
    for outcome, decision in answers:
        follow: frozenset[Key] = frozenset()
        for last_outcome, last_decision in states:
            follow |= walk.next_waits(
                key,
                last_outcome if outcome is None else outcome,
                last_decision if decision is None else decision,
            )
        said = outcome or decision or ""
        if follow in ways:
            what = "结果" if outcome else "决定"
            yield (
                step.file, step.element.id,
                f"{what} {said} 没有网关处理，与 {ways[follow]} 走同一条路 (no gateway tells them apart)",
            )  # fmt: skip
        ways.setdefault(follow, said)


def _slice(walk: Walk, manifest: Mapping[str, Any]) -> Iterator[Found]:
    """Before a slice goes to the county: checked, published where rounds say so, signed where the manifest says so."""
    default = [] if manifest.get("route") == "C" else ["township_review"]
    signatures = manifest.get("signatures", {}).get("slice", default)
    for key, step in _steps(walk, "batch.hand_to_county"):
        for facts in walk.at(key):
            for mark, name in (("slice_matched", "人社匹卡"), ("slice_verified", "预警核实")):
                if mark not in facts:
                    yield (
                        step.file,
                        step.element.id,
                        f"可绕过{name}送区县 (a way to the county without {mark})",
                    )
            if walk.start.get("kind") == "reissue":
                continue
            for node in signatures:
                if f"signed:{node}" not in facts:
                    yield (
                        step.file, step.element.id,
                        f"可绕过{NODE_NAMES.get(node, node)}签署送区县 (a way to the county unsigned at {node})",
                    )  # fmt: skip
            if 1 in _rounds(manifest) and walk.start.get("kind") == "first" and "published:1" not in facts:
                yield (
                    step.file,
                    step.element.id,
                    "清单规定公示①，流程可绕过公示 (a way around notice 1 of the manifest)",
                )


def _set(walk: Walk, manifest: Mapping[str, Any]) -> Iterator[Found]:
    """Before money: both county signatures, the checks before the file, and the notice where rounds say so."""
    for operator in ("batch.freeze_set", "payment.issue_order"):
        for key, step in _steps(walk, operator):
            for facts in walk.at(key):
                for node in COUNTY_SIGNATURES:
                    if f"signed:{node}" not in facts:
                        yield (
                            step.file, step.element.id,
                            f"可绕过{NODE_NAMES[node]}签署发放 (a way to the money unsigned at {node})",
                        )  # fmt: skip
                for mark, name in (("set_rechecked", "发放前核验"), ("cards_rechecked", "发放前验卡")):
                    if mark not in facts:
                        yield (
                            step.file,
                            step.element.id,
                            f"可绕过{name}发放 (a way to the money without {mark})",
                        )
                if 2 in _rounds(manifest) and not walk.start.get("reissues") and "published:2" not in facts:
                    yield (
                        step.file, step.element.id,
                        "清单规定公示②，流程可绕过公示 (a way around notice 2 of the manifest)",
                    )  # fmt: skip


def _steps(walk: Walk, operator: str) -> Iterator[tuple[Key, Step]]:
    return ((key, step) for key, step in walk.steps.items() if step.element.operator == operator)


def _rounds(manifest: Mapping[str, Any]) -> set[int]:
    rounds = manifest.get("publicity", {}).get("rounds", [])
    return {int(one["round"]) for one in rounds}


def _four_eyes(steps: Mapping[Key, Step], nodes: Mapping[str, Mapping[str, Any]]) -> Iterator[Found]:
    """Who approves may not have approved an earlier step that every case passes."""
    approving = {
        key: step
        for key, step in steps.items()
        if step.element.kind == "userTask"
        and "approve" in nodes.get(step.element.id, {}).get("decisions", ())
    }
    for key, step in approving.items():
        others = nodes.get(step.element.id, {}).get("not_same_as", ())
        for earlier, maker in approving.items():
            if (
                earlier != key
                and maker.element.id not in others
                and key not in _reached(steps, without=earlier)
            ):
                first, second = (nodes[one.element.id].get("name", one.element.id) for one in (maker, step))
                yield (
                    "project.toml", f"nodes.{step.element.id}",
                    f"not_same_as 缺少 {maker.element.id}：{first}与{second}可由同一人办理 "
                    f"(the same person could do {maker.element.id} and {step.element.id})",
                )  # fmt: skip


def _reached(steps: Mapping[Key, Step], without: Key) -> set[Key]:
    todo, seen = [next(iter(steps))], {without}
    while todo:
        key = todo.pop()
        if key not in seen:
            seen.add(key)
            todo += [way.target for way in steps[key].ways]
    return seen - {without}

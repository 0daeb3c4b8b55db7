"""Scenarios: an analyst's own examples of how a process must run, played through the engine without any room.

A scenario is TOML: `process`, `[start]` (the start event's fields), `[[step]]` with `at` (element id) and either
`outcome` or `decision`, each with `data`, and `[expect]` with `ended`, `at`, `visited`, `not_visited`.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from engine.effects import Entered, SendCommand
from engine.program import Program

Build = Callable[[str, Mapping[str, Any], Mapping[str, Any]], object]
"""Builds a command from operator, data and parameters; raises ValueError when something is missing."""


class ScenarioFailed(Exception):
    """The process did not run as the scenario says; the text names step and element."""


def play(
    program: Program,
    scenario: Mapping[str, Any],
    outcomes: Mapping[str, Collection[str]],
    build: Build,
    forms: Mapping[str, Collection[str]] | None = None,
) -> list[str]:
    """Play one scenario; returns the elements entered, in order. Raises ScenarioFailed.

    `forms`: the form fields of each user task; those that a step does not give are emptied, as at a real desk.
    """
    case = program.start("scenario", dict(scenario.get("start", {})))
    visited: list[str] = []
    _follow(case, visited, build)
    for number, step in enumerate(scenario.get("step", []), start=1):
        here = {live.element_id: live for live in case.where()}
        live = here.get(step["at"])
        if live is None:
            raise ScenarioFailed(
                f"第 {number} 步应在 {step['at']}，实际在 {'、'.join(sorted(here)) or '已结束'} "
                f"(step {number} is not where the case stands)"
            )
        data = dict(step.get("data", {}))
        if live.kind == "command":
            if step.get("outcome") not in outcomes.get(live.text, ()):
                raise ScenarioFailed(
                    f"第 {number} 步：{live.text} 没有结果 {step.get('outcome')} (no such outcome)"
                )
            case.complete_command(live.task_id, step["outcome"], data)
        elif live.kind == "work_item":
            form = {
                "actor": f"actor-{number}",
                "work_item_id": f"item-{number}",
                "decision": step["decision"],
            }
            blank = dict.fromkeys((forms or {}).get(step["at"], ()))
            case.complete_user_task(live.task_id, blank | data | form)
        elif live.kind == "timer":
            case.fire_timer(live.task_id, live.branch)
        else:
            raise ScenarioFailed(f"第 {number} 步：{step['at']} 处于 {live.kind}：{live.text}")
        _follow(case, visited, build)
    _expect(case, visited, scenario.get("expect", {}))
    return visited


def _follow(case: Any, visited: list[str], build: Build) -> None:
    for effect in case.drain():
        if isinstance(effect, Entered):
            visited.append(effect.element_id)
        elif isinstance(effect, SendCommand):
            try:
                build(effect.operator, case.data, effect.parameters)
            except ValueError as wrong:
                raise ScenarioFailed(f"{effect.element_id}：{wrong}") from None


def _expect(case: Any, visited: list[str], expected: Mapping[str, Any]) -> None:
    if "ended" in expected and case.done is not expected["ended"]:
        raise ScenarioFailed(
            f"应{'已' if expected['ended'] else '未'}结束 (ended should be {expected['ended']})"
        )
    here = sorted(live.element_id for live in case.where())
    if "at" in expected and here != sorted(expected["at"]):
        raise ScenarioFailed(f"应停在 {expected['at']}，实际在 {here} (stands elsewhere)")
    missing = [one for one in expected.get("visited", []) if one not in visited]
    extra = [one for one in expected.get("not_visited", []) if one in visited]
    if missing or extra:
        raise ScenarioFailed(f"未经过 {missing}，不应经过 {extra} (not visited / wrongly visited)")

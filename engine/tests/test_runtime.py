"""The runtime: what every kind of element asks for, duplicates, incidents, and runaways."""

from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from engine.case import STEP_BUDGET, Case
from engine.effects import (
    CancelCommand,
    DecisionMade,
    Ended,
    Entered,
    Incident,
    Left,
    OpenWorkItem,
    SendCommand,
)  # fmt: skip
from engine.program import Program, compile_program
from engine.tests.diagrams import (
    boundary,
    chain,
    diagram,
    end,
    flow,
    gateway,
    service,
    start,
    timer,
    user,
)  # fmt: skip
from engine.tests.shapes import EXTRA, SUB
from engine.values import DataError

T = TypeVar("T")


def program(body: str, **more: Any) -> Program:
    return compile_program(diagram(body, extra=EXTRA), **more)


def drained(case: Case, kind: type[T]) -> list[T]:
    return [effect for effect in case.drain() if isinstance(effect, kind)]


def waiting(case: Case, element_id: str) -> int:
    (live,) = [live for live in case.where() if live.element_id == element_id]
    return live.task_id


def test_a_command_carries_its_parameters_and_takes_one_answer() -> None:
    inner = (
        '<bpmn:extensionElements><daohu:parameter name="round" value="=n + 1"/>'
        '<daohu:parameter name="kind" value="first"/></bpmn:extensionElements>'
    )
    case = program(
        start() + service("w", "publicity.open_notice", inner) + end() + chain("s", "w", "end")
    ).start("c", {"n": 1})
    (command,) = drained(case, SendCommand)
    assert command == SendCommand(
        command.task_id, "w", "publicity.open_notice", {"round": 2, "kind": "first"}
    )
    assert case.complete_command(command.task_id, "done", {"lines": 3})
    assert not case.complete_command(command.task_id, "done", {"lines": 4})
    assert case.done and case.data == {"n": 1, "lines": 3, "outcome": "done"}
    assert drained(case, Ended) == [Ended()]


def test_history_names_the_analysts_elements_only() -> None:
    case = program(start("Start") + user("u") + end("End") + flow("Start", "u") + flow("u", "End")).start(
        "c", {}
    )
    case.complete_user_task(waiting(case, "u"), {})
    moves = [effect for effect in case.drain() if isinstance(effect, (Entered, Left))]
    assert [(type(m).__name__, m.element_id) for m in moves] == [
        ("Entered", "Start"), ("Left", "Start"), ("Entered", "u"), ("Left", "u"),
        ("Entered", "End"), ("Left", "End"),
    ]  # fmt: skip


def test_a_null_parameter_is_an_incident_that_can_be_retried() -> None:
    inner = '<bpmn:extensionElements><daohu:parameter name="x" value="=1 / n"/></bpmn:extensionElements>'
    case = program(
        start() + user("u") + service("w", inner=inner) + end() + chain("s", "u", "w", "end")
    ).start("c", {"n": 0})
    case.complete_user_task(waiting(case, "u"), {})
    (incident,) = drained(case, Incident)
    assert incident.element_id == "w" and case.where()[0].kind == "incident"
    reloaded = case.program.load("c", case.dump())
    assert reloaded.retry(incident.task_id, {"n": 2})
    assert [c.parameters for c in drained(reloaded, SendCommand)] == [{"x": 0.5}]


def test_conditions_on_a_tasks_own_flows() -> None:
    body = (
        start() + '<bpmn:userTask id="u" default="u_b"/>' + user("a") + user("b") + end() + flow("s", "u")
        + flow("u", "a", 'verdict = "yes"') + flow("u", "b") + chain("a", "end") + chain("b", "end")
    )  # fmt: skip
    for verdict, target in (("yes", "a"), ("no", "b"), (None, "b")):
        case = program(body).start("c", {})
        case.complete_user_task(waiting(case, "u"), {"verdict": verdict})
        assert [live.element_id for live in case.where()] == [target]


def test_several_flows_from_a_task_run_side_by_side() -> None:
    body = (
        start()
        + user("u")
        + user("a")
        + user("b")
        + end()
        + chain("s", "u", "a", "end")
        + chain("u", "b", "end")
    )
    case = program(body).start("c", {})
    case.complete_user_task(waiting(case, "u"), {})
    assert {live.element_id for live in case.where()} == {"a", "b"}
    case.complete_user_task(waiting(case, "a"), {"x": 1})
    assert not case.done
    case.complete_user_task(waiting(case, "b"), {"y": 2})
    assert case.done and case.data == {"x": 1, "y": 2}


def test_errors_go_to_the_nearest_boundary() -> None:
    case = program(SUB).start("c", {})
    (command,) = drained(case, SendCommand)
    assert command.scope == "sub"
    assert case.fail_command(command.task_id, "refused", {"reason": "名单有误"})
    assert drained(case, CancelCommand) == []
    assert [live.element_id for live in case.where()] == ["explain"]
    assert case.data == {"error_code": "refused", "reason": "名单有误"}
    other = program(SUB).start("c", {})
    (command,) = drained(other, SendCommand)
    assert other.fail_command(command.task_id, "unknown")
    assert [live.kind for live in other.where()] == ["incident"]
    assert other.retry(command.task_id)
    (again,) = drained(other, SendCommand)
    assert again.task_id != command.task_id and not other.complete_command(command.task_id, "done", {})
    assert other.complete_command(again.task_id, "done", {})


def test_call_activities_run_library_processes() -> None:
    called = diagram(start() + service("inner") + end() + chain("s", "inner", "end"), process="lib")
    body = (
        start() + '<bpmn:callActivity id="call" calledElement="lib"/>' + boundary("late", "call", timer())
        + user("u")
        + end() + chain("s", "call", "end") + chain("late", "u", "end")
    )  # fmt: skip
    made = program(body, library={"lib": called})
    case = made.start("c", {"a": 1})
    case = made.load("c", case.dump())
    (inner,) = [live for live in case.where() if live.kind == "command"]
    assert inner.scope == "call"
    assert case.complete_command(inner.task_id, "done", {"b": 2})
    assert case.done and case.data == {"a": 1, "b": 2, "outcome": "done"}
    late = made.start("c", {})
    (inner,) = [live for live in late.where() if live.kind == "command"]
    late.drain()
    late.fire_timer(waiting(late, "late"))
    assert CancelCommand(inner.task_id) in late.drain()
    assert not late.complete_command(inner.task_id, "done", {})


@dataclass
class Hits:
    result: Any
    rules: list[str] = field(default_factory=lambda: ["r1"])
    problems: list[str] = field(default_factory=list)


class Age:
    def evaluate(self, context: dict[str, Any]) -> Hits:
        if "age" not in context:
            return Hits(None, [], ["age is missing"])
        return Hits({"eligible": context["age"] >= 60})


def test_decisions_merge_and_leave_a_trace() -> None:
    task = '<bpmn:businessRuleTask id="r" camunda:decisionRef="age"/>'
    made = program(start() + user("u") + task + end() + chain("s", "u", "r", "end"), decisions={"age": Age()})
    case = made.start("c", {})
    case.complete_user_task(waiting(case, "u"), {"age": 61})
    assert drained(case, DecisionMade) == [DecisionMade("r", "age", ["r1"], {"eligible": True})]
    assert case.done and case.data == {"age": 61, "eligible": True}
    broken = made.start("c", {})
    broken.complete_user_task(waiting(broken, "u"), {})
    assert [live.kind for live in broken.where()] == ["incident"]


def test_no_condition_holds() -> None:
    body = (
        start()
        + gateway("exclusive", "g")
        + user("a")
        + end()
        + flow("s", "g")
        + flow("g", "a", "x = 1")
        + chain("a", "end")
    )
    case = program(body).start("c", {})
    (incident,) = drained(case, Incident)
    assert incident.element_id == "g"


def test_a_runaway_stops_with_an_incident() -> None:
    body = (
        start() + gateway("exclusive", "g", "g_g2") + gateway("exclusive", "g2") + end() + flow("s", "g")
        + flow("g", "end", "stop = 1") + flow("g", "g2") + flow("g2", "g")
    )  # fmt: skip
    case = program(body).start("c", {})
    (incident,) = drained(case, Incident)
    assert str(STEP_BUDGET) in incident.text
    assert len(case.dump()) < 1000


def test_a_terminate_end_takes_everything_with_it() -> None:
    body = (
        start() + gateway("parallel", "f") + user("a") + service("b")
        + end("stop", "<bpmn:terminateEventDefinition/>")
        + end() + chain("s", "f", "a", "stop") + chain("f", "b", "end")
    )  # fmt: skip
    case = program(body).start("c", {})
    command = waiting(case, "b")
    case.drain()
    case.complete_user_task(waiting(case, "a"), {"x": 1})
    effects = case.drain()
    assert case.done and CancelCommand(command) in effects and effects.count(Ended()) == 1
    assert case.where() == [] and case.data == {"x": 1}


@pytest.mark.parametrize(
    "bad", [{"x": float("nan")}, {"x": 2**63}, {"x": {1}}, {1: 2}, {"x": "\ud800"}, {"x": object()}, [1]]
)
def test_data_that_a_case_cannot_hold(bad: Any) -> None:
    made = program(start() + user("u") + end() + chain("s", "u", "end"))
    case = made.start("c", {})
    with pytest.raises(DataError):
        case.complete_user_task(waiting(case, "u"), bad)
    assert [live.kind for live in case.where()] == ["work_item"]
    assert made.load("c", case.dump()).data == {}


def test_callers_cannot_change_a_case_from_outside() -> None:
    made = program(start() + user("u") + user("v") + end() + chain("s", "u", "v", "end"))
    data, form = {"list": [1]}, {"more": {"k": [2]}}
    case = made.start("c", data)
    case.complete_user_task(waiting(case, "u"), form)
    data["list"].append(9)
    form["more"]["k"].append(9)
    assert case.data == {"list": [1], "more": {"k": [2]}}


def test_a_cancelled_case_withdraws_everything() -> None:
    case = program(SUB).start("c", {"a": 1})
    (command,) = drained(case, SendCommand)
    assert case.cancel() and not case.cancel()
    effects = case.drain()
    assert CancelCommand(command.task_id) in effects and effects.count(Ended()) == 1
    case = case.program.load("c", case.dump())
    assert case.done and case.where() == [] and case.data == {"a": 1}
    assert not case.complete_command(command.task_id, "done", {})


def test_work_items_carry_their_names() -> None:
    case = program(start() + user("u") + end() + chain("s", "u", "end")).start("c", {})
    assert [(item.element_id, item.name) for item in drained(case, OpenWorkItem)] == [("u", "任务 u")]

"""Timers, messages, boundary events and event gateways: what they ask for and what ends them."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from engine.case import Case
from engine.effects import (
    CancelMessage,
    CancelTimer,
    CloseWorkItem,
    Incident,
    Left,
    SetTimer,
    WaitMessage,
)  # fmt: skip
from engine.program import Program, compile_program
from engine.tests.diagrams import (
    boundary,
    catch,
    chain,
    diagram,
    end,
    flow,
    gateway,
    message,
    named_message,
    service,
    start,
    timer,
    user,
)  # fmt: skip
from engine.tests.shapes import EXTRA

T = TypeVar("T")


def program(body: str, **more: Any) -> Program:
    return compile_program(diagram(body, extra=EXTRA), **more)


def drained(case: Case, kind: type[T]) -> list[T]:
    return [effect for effect in case.drain() if isinstance(effect, kind)]


def waiting(case: Case, element_id: str) -> int:
    (live,) = [live for live in case.where() if live.element_id == element_id]
    return live.task_id


@pytest.mark.parametrize(
    ("text", "form", "due"),
    [
        ("P3D", "timeDuration", timedelta(days=3)),
        ("=working days(n + 2)", "timeDuration", "working days(3)"),
        ('=duration("PT5M")', "timeDuration", timedelta(minutes=5)),
        ("=until", "timeDate", datetime(2026, 1, 2, 2, tzinfo=UTC)),
        ("2026-01-02T10:00:00+08:00", "timeDate", datetime(2026, 1, 2, 2, tzinfo=UTC)),
        ("P1M", "timeDuration", "P1M"),
    ],
)
def test_timers(text: str, form: str, due: object) -> None:
    body = start() + catch("t", timer(text, form)) + end() + chain("s", "t", "end")
    case = program(body).start("c", {"n": 1, "until": "2026-01-02T10:00:00+08:00"})
    (effect,) = drained(case, SetTimer)
    assert effect.due == due
    assert not case.deliver_message(effect.task_id, {})
    assert case.fire_timer(effect.task_id) and case.done
    assert not case.fire_timer(effect.task_id)
    assert drained(case, CancelTimer) == [CancelTimer(effect.task_id)]


def test_a_timer_without_a_time_is_an_incident() -> None:
    case = program(start() + catch("t", timer("=when")) + end() + chain("s", "t", "end")).start(
        "c", {"when": "soon"}
    )
    (incident,) = drained(case, Incident)
    assert not case.fire_timer(incident.task_id)
    assert [live.kind for live in case.where()] == ["incident"]


def test_an_interrupting_boundary_withdraws_the_activity() -> None:
    body = (
        start() + user("u") + boundary("late", "u", timer()) + boundary("word", "u", message("m1"), False)
        + service("w") + end() + chain("s", "u", "end") + chain("late", "w", "end") + flow("word", "w")
    )  # fmt: skip
    case = program(body).start("c", {})
    item, clock, word = waiting(case, "u"), waiting(case, "late"), waiting(case, "word")
    case.drain()
    assert case.fire_timer(clock)
    effects = case.drain()
    assert CloseWorkItem(item, cancelled=True) in effects and CancelMessage(word) in effects
    assert Left("u", item, cancelled=True) in effects
    assert not case.complete_user_task(item, {}) and not case.deliver_message(word, {})
    assert [live.element_id for live in case.where()] == ["w"]


def test_a_repeating_boundary_timer_counts_down() -> None:
    body = (
        start() + user("u") + boundary("nag", "u", timer("R2/PT1H", "timeCycle"), False) + service("w")
        + end("e2")
        + end() + chain("s", "u", "end") + chain("nag", "w", "e2")
    )  # fmt: skip
    case = program(body).start("c", {})
    clock = waiting(case, "nag")
    for left in (2, 1):
        assert [effect.repeat for effect in drained(case, SetTimer)] == [left]
        case = case.program.load("c", case.dump())
        assert case.fire_timer(clock)
    assert [type(e) for e in case.drain() if isinstance(e, (SetTimer, CancelTimer))] == [CancelTimer]
    assert not case.fire_timer(clock)
    commands = [live.task_id for live in case.where() if live.kind == "command"]
    assert len(set(commands)) == 2
    for task_id in commands:
        case.complete_command(task_id, "done", {})
    case.complete_user_task(waiting(case, "u"), {})
    assert case.done


def test_an_event_gateway_takes_the_first_event() -> None:
    body = (
        start() + gateway("eventBased", "g") + catch("t", timer()) + catch("m", message("m1"))
        + user("after") + end()
        + chain("s", "g", "t", "end") + chain("g", "m", "after", "end")
    )  # fmt: skip
    case = program(body).start("case-7", {})
    effects = case.drain()
    (wait,) = [effect for effect in effects if isinstance(effect, WaitMessage)]
    (clock,) = [effect for effect in effects if isinstance(effect, SetTimer)]
    assert wait.task_id == clock.task_id and wait.correlation == "case-7" and wait.message_name == "objection"
    assert not case.deliver_message(wait.task_id, {}, clock.branch)
    assert case.deliver_message(wait.task_id, {"line": 5}, wait.branch)
    ended = [effect for effect in case.drain() if isinstance(effect, (CancelTimer, CancelMessage))]
    assert ended == [CancelTimer(clock.task_id), CancelMessage(wait.task_id)]
    assert [live.element_id for live in case.where()] == ["after"] and case.data == {"line": 5}
    assert not case.fire_timer(clock.task_id, clock.branch)


def test_messages_wait_for_their_own_key() -> None:
    key = '<bpmn:extensionElements><zeebe:subscription correlationKey="=slice.id"/></bpmn:extensionElements>'
    extra = named_message("k", "closed", key)
    body = start() + catch("m", message("k")) + end() + chain("s", "m", "end")
    case = compile_program(diagram(body, extra=extra)).start("c", {"slice": {"id": "S-9"}})
    assert [(wait.message_name, wait.correlation) for wait in drained(case, WaitMessage)] == [
        ("closed", "S-9")
    ]
    missing = compile_program(diagram(body, extra=extra)).start("c", {})
    assert [live.kind for live in missing.where()] == ["incident"]


def test_a_message_starts_a_case() -> None:
    extra = named_message("b", "subsidy.batch.slice_opened.v1")
    body = start("s", message("b")) + user("u") + end() + chain("s", "u", "end")
    made = compile_program(diagram(body, extra=extra))
    assert made.start_message == "subsidy.batch.slice_opened.v1"
    assert [live.element_id for live in made.start("c", {}).where()] == ["u"]

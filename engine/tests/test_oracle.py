"""Random walks through the same diagrams, ours beside stock SpiffWorkflow: live elements and data stay equal,
with ours dumped and loaded after every step and its history pruned."""

import random
from typing import Any

import pytest

from engine.case import Case
from engine.program import Program, compile_program
from engine.reader import read_bpmn
from engine.specs import EventGateway
from engine.tests.diagrams import document
from engine.tests.shapes import EXTRA, SHAPES
from engine.tests.stock import Stock
from engine.tree import FTask

OUTCOMES = ("done", "odd")


def ours(case: Case) -> dict[str, list[FTask]]:
    found: dict[str, list[FTask]] = {}
    for task in case._live():
        node = task.task_spec.node
        if node is None or task.task_spec.joins or (task.state == 32 and node.kind != "serviceTask"):
            continue
        found.setdefault(node.id, []).append(task)
    return found


def plain(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != "error_code"}


def compare(case: Case, stock: Stock, trail: list[str]) -> None:
    mine, theirs = ours(case), stock.live()
    counts = {name: len(tasks) for name, tasks in mine.items()}
    assert counts == {name: len(tasks) for name, tasks in theirs.items()}, trail
    for name, tasks in mine.items():
        if len(tasks) == 1:
            assert plain(tasks[0].data) == plain(theirs[name][0].data), (name, trail)
    assert case.done == stock.workflow.completed, trail
    if case.done:
        assert plain(case.data) == plain(stock.workflow.data), trail


def step(case: Case, stock: Stock, rng: random.Random, trail: list[str]) -> bool:
    """One random event for both; False when nothing unambiguous is left to do."""
    mine, theirs = ours(case), stock.live()
    choices = sorted(name for name, tasks in mine.items() if len(tasks) == 1 and name != "refused")
    if not choices:
        return False
    name = rng.choice(choices)
    task, other = mine[name][0], theirs[name][0]
    value = rng.randint(0, 2)
    trail.append(f"{name}={value}")
    # Flat values: where stock merges lists of objects it changes the objects of both branches (README).
    extra = {name: value, "typename": name, "list": list(range(value))}
    if task.task_spec.manual:
        assert case.complete_user_task(task.id, extra)
        stock.complete(other, extra)
    elif task.state == 32:
        outcome = rng.choice(OUTCOMES)
        assert case.complete_command(task.id, outcome, extra)
        stock.complete(other, {**extra, "outcome": outcome})
    else:
        branch = (
            rng.randrange(len(task.task_spec.node.waits)) if isinstance(task.task_spec, EventGateway) else 0
        )
        wait = task.task_spec.node.waits[branch]
        if wait.kind == "timer":
            assert case.fire_timer(task.id, branch)
        else:
            assert case.deliver_message(task.id, {}, branch)
        stock.fire(other, wait.element_id)
    return True


def walk(program: Program, xml: bytes, seed: int) -> int:
    rng = random.Random(seed)
    data = {"start": seed, "nested": {"a": [1, 2, {"b": "张"}]}}
    case, stock = program.start("c", data), Stock(xml, data)
    trail: list[str] = []
    compare(case, stock, trail)
    for _ in range(25):
        if not step(case, stock, rng, trail):
            break
        case = program.load("c", case.dump())
        compare(case, stock, trail)
    return len(trail)


@pytest.mark.parametrize("shape", SHAPES)
def test_walks_equal_stock(shape: str) -> None:
    xml = document(SHAPES[shape], extra=EXTRA)
    program = compile_program(read_bpmn(xml, "p.bpmn"))
    steps = sum(walk(program, xml, seed) for seed in range(25))
    assert steps >= 75

"""State as bytes: equal to an uninterrupted run after every step, small after a thousand loops, refused when
foreign."""

import random

import pytest

from engine.case import Case
from engine.effects import Left
from engine.program import Program, compile_program
from engine.state import StateError
from engine.tests.diagrams import chain, diagram, end, flow, gateway, service, start, user
from engine.tests.shapes import EXTRA, SHAPES

LOOP = (
    start() + gateway("exclusive", "in") + service("a") + user("b")
    + gateway("exclusive", "again", "again_end") + end()
    + chain("s", "in", "a", "b", "again") + flow("again", "in", "b = 1") + flow("again", "end")
)  # fmt: skip
PARALLEL_LOOP = (
    start() + gateway("exclusive", "in") + gateway("parallel", "fork") + user("a") + user("b") + service("c")
    + gateway("parallel", "join") + gateway("exclusive", "again", "again_end") + end()
    + chain("s", "in", "fork", "a", "join") + chain("fork", "b", "join") + chain("fork", "c", "join")
    + flow("join", "again") + flow("again", "in", "again = 1") + flow("again", "end")
)  # fmt: skip


def advance(case: Case, pick: float, value: int) -> bool:
    live = [live for live in case.where() if live.kind != "incident"]
    if not live:
        return False
    one = live[int(pick * len(live))]
    data = {one.element_id: value, "again": value, "big": 2**62, "f": 1.5, "t": True, "typename": {"x": None}}
    if one.kind == "command":
        return case.complete_command(one.task_id, "done", data)
    if one.kind == "work_item":
        return case.complete_user_task(one.task_id, data)
    if one.kind == "timer":
        return case.fire_timer(one.task_id, one.branch)
    return case.deliver_message(one.task_id, data, one.branch)


def made(name: str) -> Program:
    bodies = {**SHAPES, "loop": LOOP, "parallel_loop": PARALLEL_LOOP}
    return compile_program(diagram(bodies[name], extra=EXTRA))


@pytest.mark.parametrize("name", [*SHAPES, "loop", "parallel_loop"])
def test_loading_after_every_step_changes_nothing(name: str) -> None:
    program = made(name)
    for seed in range(15):
        rng = random.Random(seed)
        whole, pieces = program.start("c", {"seed": seed}), program.start("c", {"seed": seed})
        for _ in range(40):
            assert whole.drain() == pieces.drain()
            assert whole.where() == pieces.where() and whole.data == pieces.data and whole.done == pieces.done
            pieces = program.load("c", pieces.dump())
            pick, value = rng.random(), rng.randint(0, 2)
            if not advance(whole, pick, value):
                break
            assert advance(pieces, pick, value)


@pytest.mark.parametrize("name", ["loop", "parallel_loop"])
def test_a_thousand_loops_leave_no_history(name: str) -> None:
    program = made(name)
    case = program.start("c", {})
    sizes = set()
    for _ in range(1000):
        while True:
            entered = [e for e in case.drain() if isinstance(e, Left) and e.element_id == "again"]
            if entered:
                break
            assert advance(case, 0.0, 1)
        sizes.add(len(case.dump()))
        case = program.load("c", case.dump())
    assert max(sizes) < 600
    assert len(case.workflows[0].tasks) < 12


def test_foreign_bytes_are_refused() -> None:
    program, other = made("loop"), made("parallel_loop")
    state = program.start("c", {}).dump()
    for bad in (b"", b"\x01", b"\x07abc", b"\x02abc", state[:-3], b"\x01" + b"\xff" * 40):
        with pytest.raises(StateError):
            program.load("c", bad)
    with pytest.raises(StateError):
        other.load("c", state)


def test_hash_names_the_content() -> None:
    assert made("loop").hash == made("loop").hash
    assert made("loop").hash != made("parallel_loop").hash


def test_equal_numbers_of_other_types_stay_apart() -> None:
    program = made("parallel")
    case = program.start("c", {})
    tasks = [live.task_id for live in case.where()]
    for task_id, value in zip(tasks, (1, True, 1.0), strict=False):
        task = case._find(task_id)
        assert task is not None
        task.data = {"x": value}
    again = program.load("c", case.dump())
    found = [task.data["x"] for t in tasks if (task := again._find(t))]
    assert [type(value) for value in found] == [int, bool, float][: len(found)]

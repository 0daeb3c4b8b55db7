"""Random block-structured diagrams, ours beside stock Spiff: the same live elements and data after every event,
whatever the shape, with ours dumped and loaded in between."""

import random

import pytest

from engine.linter import Operator, errors, lint
from engine.program import compile_program
from engine.reader import read_bpmn
from engine.tests.diagrams import boundary, document, end, flow, gateway, service, start, timer, user
from engine.tests.stock import Stock
from engine.tests.test_oracle import compare, step


class Drawing:
    """Draws nested blocks; every block has one way in and one way out."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.parts: list[str] = []
        self.count = 0

    def new(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def block(self, depth: int, alone: bool) -> tuple[str, str]:
        """(first, last) element of a block. `alone`: not inside a parallel block, where stock loops wrongly."""
        kinds = ["service", "user", "bounded"]
        if depth > 0:
            kinds += ["sequence", "choice", "parallel", "sub"] + (["loop"] if alone else [])
        block: tuple[str, str] = getattr(self, self.rng.choice(kinds))(depth - 1, alone)
        return block

    def service(self, depth: int, alone: bool) -> tuple[str, str]:
        name = self.new("w")
        self.parts.append(service(name))
        return name, name

    def user(self, depth: int, alone: bool) -> tuple[str, str]:
        name = self.new("u")
        self.parts.append(user(name))
        return name, name

    def bounded(self, depth: int, alone: bool) -> tuple[str, str]:
        """A person's task with a reminder beside it, or with a time limit that leads past it."""
        name, event, merge = self.new("u"), self.new("b"), self.new("m")
        nagging = self.rng.random() < 0.5
        side, last = self.service(0, False)
        self.parts += [user(name), boundary(event, name, timer(), not nagging), flow(event, side)]
        if nagging:
            done = self.new("e")
            self.parts += [end(done), flow(last, done)]
            return name, name
        self.parts += [gateway("exclusive", merge), flow(name, merge), flow(last, merge)]
        return name, merge

    def sequence(self, depth: int, alone: bool) -> tuple[str, str]:
        first, last = self.block(depth, alone)
        for _ in range(self.rng.randint(1, 2)):
            following, next_last = self.block(depth, alone)
            self.parts.append(flow(last, following))
            last = next_last
        return first, last

    def choice(self, depth: int, alone: bool) -> tuple[str, str]:
        ask, last_ask = self.user(0, alone)
        split, merge = self.new("x"), self.new("m")
        one, two = self.block(depth, alone), self.block(depth, alone)
        self.parts += [
            gateway("exclusive", split, f"{split}_{two[0]}"), gateway("exclusive", merge), flow(last_ask, split),
            flow(split, one[0], f"{ask} = 1"), flow(split, two[0]), flow(one[1], merge), flow(two[1], merge),
        ]  # fmt: skip
        return ask, merge

    def parallel(self, depth: int, alone: bool) -> tuple[str, str]:
        split, join = self.new("f"), self.new("j")
        self.parts += [gateway("parallel", split), gateway("parallel", join)]
        for _ in range(self.rng.randint(2, 3)):
            first, last = self.block(depth, False)
            self.parts += [flow(split, first), flow(last, join)]
        return split, join

    def loop(self, depth: int, alone: bool) -> tuple[str, str]:
        merge, split = self.new("m"), self.new("x")
        first, last = self.sequential(depth)
        ask, _ = self.user(0, alone)
        out, _ = self.user(0, alone)
        self.parts += [
            gateway("exclusive", merge), gateway("exclusive", split, f"{split}_{out}"), flow(merge, first),
            flow(last, ask), flow(ask, split), flow(split, merge, f"{ask} = 1"), flow(split, out),
        ]  # fmt: skip
        return merge, out

    def sequential(self, depth: int) -> tuple[str, str]:
        """A body without parallel parts: looping around a join is where stock may crash."""
        first, last = self.user(0, True)
        following, end_of_it = self.bounded(0, True)
        self.parts.append(flow(last, following))
        return first, end_of_it

    def sub(self, depth: int, alone: bool) -> tuple[str, str]:
        name, begin, done = self.new("p"), self.new("s"), self.new("e")
        outer, self.parts = self.parts, []
        first, last = self.block(depth, alone)
        inner = "".join([start(begin), *self.parts, end(done), flow(begin, first), flow(last, done)])
        self.parts = [*outer, f'<bpmn:subProcess id="{name}">{inner}</bpmn:subProcess>']
        return name, name

    def whole(self) -> str:
        first, last = self.sequence(3, True)
        return "".join([start(), *self.parts, end(), flow("s", first), flow(last, "end")])


@pytest.mark.parametrize("seed", range(60))
def test_random_diagrams_equal_stock(seed: int) -> None:
    xml = document(Drawing(seed).whole())
    read = read_bpmn(xml, "random.bpmn")
    assert errors(lint(read, {"room.work": Operator("room.work")}, {}, set())) == []
    program = compile_program(read)
    for walk in range(3):
        rng = random.Random(seed * 100 + walk)
        case, stock = program.start("c", {"start": walk}), Stock(xml, {"start": walk})
        trail: list[str] = []
        compare(case, stock, trail)
        for _ in range(60):
            if not step(case, stock, rng, trail):
                break
            case = program.load("c", case.dump())
            compare(case, stock, trail)

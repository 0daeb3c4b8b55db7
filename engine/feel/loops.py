"""Iteration: `for`, `some`, `every` and filters, every step of them counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from lark import Token, Tree

from engine.feel.code import Code, Fn, Local, Run, settled
from engine.feel.compiler import Compiler
from engine.feel.errors import FeelNull
from engine.feel.lists import position
from engine.feel.logic import all_of, any_of
from engine.feel.scope import Scope
from engine.feel.values import bounded

MAX_ITERATORS = 8
"""`for a in x, b in y, …`: variables of one loop."""

Source = Callable[[Run, Local], Iterable[Any]]


class LoopCompiler(Compiler):
    def on_for_(self, node: Tree[Token], scope: Scope) -> Code:
        walk, body = self.loop(node, scope)

        def fn(run: Run, local: Local) -> Any:
            return bounded([body(run, inner) for inner in walk(run, local)])

        return self.failing(fn, node)

    def on_some(self, node: Tree[Token], scope: Scope) -> Code:
        return self.quantified(node, scope, any_of)

    def on_every(self, node: Tree[Token], scope: Scope) -> Code:
        return self.quantified(node, scope, all_of)

    def quantified(
        self, node: Tree[Token], scope: Scope, rule: Callable[[Iterable[Any]], bool | None]
    ) -> Code:
        walk, body = self.loop(node, scope)
        return self.failing(lambda run, local: rule(body(run, inner) for inner in walk(run, local)), node)

    def loop(self, node: Tree[Token], scope: Scope) -> tuple[Callable[[Run, Local], Iterator[Local]], Fn]:
        """The names each round binds, and the body. A later source may speak of an earlier variable."""
        iterators, body_node = node.children
        assert isinstance(iterators, Tree)
        if len(iterators.children) > MAX_ITERATORS:
            raise self.fail(f"循环变量超过 {MAX_ITERATORS} 个 (too many loop variables)", node)
        sources: list[tuple[str, Source]] = []
        for iterator in iterators.children:
            assert isinstance(iterator, Tree)
            name, *ends = iterator.children
            codes = self.codes(ends, scope)
            sources.append(
                (str(name), _counting(*codes) if iterator.data == "iter_range" else _listed(codes[0]))
            )
            scope = scope.plus(str(name))

        def walk(run: Run, local: Local, level: int = 0) -> Iterator[Local]:
            name, source = sources[level]
            for value in source(run, local):
                run.step()
                inner = {**local, name: value}
                if level + 1 == len(sources):
                    yield inner
                else:
                    yield from walk(run, inner, level + 1)

        return walk, self.code(body_node, scope).fn

    def on_filter(self, node: Tree[Token], scope: Scope) -> Code:
        base, condition = self.code(node.children[0], scope), self.code(node.children[1], scope.filtering())
        items_of, test = base.fn, condition.fn

        def fn(run: Run, local: Local) -> Any:
            items = items_of(run, local)
            if items is None:
                return None
            items = items if type(items) is list else [items]
            if condition.fixed or not items:
                answer = test(run, {**local, "item": None}) if condition.fixed else None
                return _picked(items, answer) if condition.fixed else []
            found: list[Any] = []
            for item in items:
                run.step()
                answer = test(
                    run, {**local, **item, "item": item} if type(item) is dict else {**local, "item": item}
                )
                if type(answer) is Decimal:
                    return _picked(items, answer)
                if answer is True:
                    found.append(item)
            return found

        return settled(self.failing(fn, node), base.fixed and condition.fixed)


def _picked(items: list[Any], answer: Any) -> Any:
    """`list[2]` is the second, `list[-1]` the last; `list[true]` is the list."""
    if type(answer) is Decimal:
        return items[position(answer, len(items))]
    return items if answer is True else []


def _listed(code: Code) -> Source:
    fn = code.fn

    def source(run: Run, local: Local) -> Iterable[Any]:
        value = fn(run, local)
        if value is None:
            raise FeelNull("循环的列表是 null (the list to go through is null)")
        return value if type(value) is list else [value]

    return source


def _counting(low: Code, high: Code) -> Source:
    first, last = low.fn, high.fn

    def source(run: Run, local: Local) -> Iterable[Any]:
        start, end = first(run, local), last(run, local)
        for value in (start, end):
            if type(value) is not Decimal or value != value.to_integral_value() or value.adjusted() > 15:
                raise FeelNull("循环的两端须为整数 (the ends of an iteration must be whole numbers)")
        a, b = int(start), int(end)
        return (Decimal(n) for n in (range(a, b + 1) if a <= b else range(a, b - 1, -1)))

    return source

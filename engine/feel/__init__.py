"""FEEL (DMN 1.3), compiled from a grammar into closures: `compile_expression`, `compile_unary_tests`.

34-digit decimals, three-valued logic, null on error. A text can reach declared inputs and built-in functions,
nothing else: no Python object's attributes, no clock, no unbounded work.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from engine.feel.builtins import REFUSED
from engine.feel.code import Code, Fn, Run
from engine.feel.compiler import FUNCTIONS
from engine.feel.errors import FeelError, FeelNull, OnProblem
from engine.feel.grammar import parse
from engine.feel.names import Longest, all_members, declare
from engine.feel.scope import Scope
from engine.feel.temporal import PARTS
from engine.feel.unary import FeelCompiler
from engine.feel.values import YearsMonths, from_python, to_python

_FUNCTION_NAMES = Longest([*FUNCTIONS, *REFUSED, "not"])


class Expression:
    """A compiled expression: immutable, safe to share between threads."""

    __slots__ = ("_fn", "names", "text")

    def __init__(self, text: str, fn: Fn, names: frozenset[str]) -> None:
        self.text = text
        self.names = names
        """The inputs the text speaks of, with the path it takes: {"申请年龄", "person.age"}."""
        self._fn = fn

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def evaluate(self, context: Mapping[str, Any], on_problem: OnProblem | None = None) -> Any:
        """The value, null (None) on any error; `on_problem` hears why. Never raises.

        Whole numbers come out as `int`, other numbers as `Decimal`.
        """
        return to_python(self._fn(Run(context, on_problem), {}))


class UnaryTests:
    """The compiled tests of one cell: immutable, safe to share between threads."""

    __slots__ = ("_fn", "names", "text")

    def __init__(self, text: str, fn: Fn, names: frozenset[str]) -> None:
        self.text = text
        self.names = names
        self._fn = fn

    def __repr__(self) -> str:
        return f"UnaryTests({self.text!r})"

    def matches(
        self, value: Any, context: Mapping[str, Any] | None = None, on_problem: OnProblem | None = None
    ) -> bool | None:
        """Does `value`, the implicit `?`, satisfy the tests? None when that cannot be said. Never raises."""
        run = Run(context or {}, on_problem)
        try:
            run.subject = from_python(value)
        except FeelNull as error:
            run.problem(str(error))
        result = self._fn(run, {})
        return result if type(result) is bool else None


def compile_expression(text: str, inputs: Collection[str] | None = None) -> Expression:
    """Compile an expression over the declared names (`None`: any). Raises FeelError with line and column."""
    code, names = _compile(text, inputs, start="expression")
    return Expression(text, code.fn, names)


def compile_unary_tests(text: str, inputs: Collection[str] | None = None) -> UnaryTests:
    """Compile a cell's tests; `-` matches everything. Raises FeelError with line and column."""
    if text.strip() == "-":
        return UnaryTests(text, lambda run, local: True, frozenset())
    code, names = _compile(text, inputs, start="unary")
    return UnaryTests(text, code.fn, names)


def _compile(text: str, inputs: Collection[str] | None, *, start: str) -> tuple[Code, frozenset[str]]:
    declared = None if inputs is None else declare(inputs)
    known = Longest(declared or ())
    members = Longest({*PARTS, *(all_members(declared) if declared else ())})
    tree = parse(text, known, _FUNCTION_NAMES, members, start=start, free=declared is None)
    compiler = FeelCompiler(text, subject=start == "unary")
    root = tree if start == "unary" else tree.children[0]
    code = compiler.code(root, Scope(declared))
    return code, frozenset(compiler.names)


__all__ = [
    "Expression",
    "FeelError",
    "UnaryTests",
    "YearsMonths",
    "compile_expression",
    "compile_unary_tests",
]

"""What a text is compiled into: closures over one run's data. No Python source is ever made or evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from engine.feel.errors import MAX_STEPS, FeelNull, OnProblem

Local = dict[str, Any]
"""Names bound by the text itself (`for`, filters, contexts). Never changed, only copied with more."""


class Run:
    """One evaluation: the inputs, the value of `?`, where problems go, and how many iterations are left."""

    __slots__ = ("_report", "_steps", "data", "subject")

    def __init__(self, data: Mapping[str, Any], report: OnProblem | None, subject: Any = None) -> None:
        self.data = data
        self.subject = subject
        self._report = report
        self._steps = MAX_STEPS

    def problem(self, message: str) -> None:
        """Tell why something is null. Messages name kinds and declared names, never values."""
        if self._report is not None:
            self._report(message)

    def step(self) -> None:
        """Count one iteration. Raises FeelNull when there were too many."""
        self._steps -= 1
        if self._steps < 0:
            raise FeelNull("循环次数过多 (too many iterations)")


Fn = Callable[[Run, Local], Any]


class Code(NamedTuple):
    """A compiled part; `fixed` if its value is known already, so that parts around it can be settled too."""

    fn: Fn
    fixed: bool = False


def constant(value: Any) -> Code:
    return Code(lambda run, local: value, fixed=True)


def guarded(fn: Fn, place: str) -> Fn:
    """The same, but an operation that fails is null, with the reason and place told."""

    def run(run: Run, local: Local) -> Any:
        try:
            return fn(run, local)
        except FeelNull as error:
            run.problem(f"{error} {place}")
        except ZeroDivisionError:  # decimal.DivisionByZero is one
            run.problem(f"除数为零 (division by zero) {place}")
        except (ArithmeticError, ValueError):
            run.problem(f"无法计算 (cannot be computed) {place}")
        return None

    return run


def settled(code: Code, parts_fixed: bool) -> Code:
    """Compute now what depends on nothing, if that gives no problem."""
    if not parts_fixed:
        return code
    problems: list[str] = []
    value = code.fn(Run({}, problems.append), {})
    return code if problems else constant(value)

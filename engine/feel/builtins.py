"""The table of built-in functions: each with the kinds of its arguments, checked before the call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.feel.errors import FeelNull
from engine.feel.values import YearsMonths, kind

_LETTERS: dict[str, tuple[type, ...]] = {
    "s": (str,),
    "n": (Decimal,),
    "b": (bool,),
    "l": (list,),
    "c": (dict,),
    "d": (dt.date, dt.datetime),
    "t": (dt.time,),
    "T": (dt.time, dt.datetime, dt.date),
    "D": (dt.datetime, dt.date),
    "u": (dt.timedelta,),
    "m": (Decimal, dt.timedelta, YearsMonths),
    "a": (),
}


@dataclass(frozen=True, slots=True)
class Builtin:
    """`signature`: a letter per argument; `?` it may be left out, `*` any number of them (at least one)."""

    name: str
    signature: str
    call: Callable[..., Any]

    @property
    def arity(self) -> tuple[int, int]:
        letters = [c for c in self.signature if c.isalpha()]
        most = 1000 if self.signature.endswith("*") else len(letters)
        return len(letters) - self.signature.count("?"), most

    def checked(self) -> Callable[[list[Any]], Any]:
        """The call over a list of arguments: null in, null out, unless the argument may be anything."""
        kinds = [_LETTERS[c] for c in self.signature if c.isalpha()]
        call, name, last = self.call, self.name, len(kinds) - 1

        def run(arguments: list[Any]) -> Any:
            for place, value in enumerate(arguments):
                allowed = kinds[place if place < last else last]
                if not allowed or type(value) in allowed:
                    continue
                if value is None:
                    return None
                if allowed == (list,):
                    arguments[place] = [value]  # a single value counts as a list of one
                    continue
                raise FeelNull(
                    f"{name}() 第 {place + 1} 个参数类型不符 (argument of the wrong kind): {kind(value)}"
                )
            return call(*arguments)

        return run


def table() -> dict[str, Builtin]:
    """All built-in functions by name."""
    from engine.feel import lists, numbers, texts, times  # each module names its own

    functions: dict[str, Builtin] = {}
    for module in (lists, numbers, texts, times):
        for (name, signature), call in module.FUNCTIONS.items():
            assert name not in functions, name
            functions[name] = Builtin(name, signature, call)
    return functions


REFUSED = {
    "now": "当前时间须作为输入给出 (the current time must be an input)",
    "today": "今天的日期须作为输入给出 (today's date must be an input)",
    "random": "规则不得含随机数 (a rule must not be random)",
    "matches": "不支持正则表达式 (no regular expressions)",
    "replace": "不支持正则表达式 (no regular expressions)",
    "split": "不支持正则表达式 (no regular expressions)",
}
"""Functions of the standard that are refused on purpose, with the reason."""

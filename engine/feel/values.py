"""The values of FEEL and their way in from Python and out again; nothing else can enter an expression."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.feel.errors import MAX_CHARACTERS, MAX_DEPTH, MAX_ITEMS, FeelNull

CONTEXT = decimal.Context(
    prec=34,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
"""IEEE 754 decimal128, as the standard asks (DMN 1.3 §10.3.2.3.1). Traps become null."""


@dataclass(frozen=True, slots=True, order=True)
class YearsMonths:
    """A years and months duration: a whole number of months. Days and time durations are `timedelta`."""

    months: int

    def __str__(self) -> str:
        years, months = divmod(abs(self.months), 12)
        body = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
        return ("-" if self.months < 0 else "") + "P" + (body or "0M")


@dataclass(frozen=True, slots=True)
class Range:
    """`[low..high]` and its open forms; an end may be null, then membership is null."""

    low: Any
    high: Any
    low_included: bool
    high_included: bool


KINDS: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    Decimal: "number",
    str: "string",
    dt.date: "date",
    dt.time: "time",
    dt.datetime: "date and time",
    dt.timedelta: "days and time duration",
    YearsMonths: "years and months duration",
    list: "list",
    dict: "context",
    Range: "range",
}


def kind(value: Any) -> str:
    """FEEL's name of a value's type; safe to show: never the value itself."""
    return KINDS.get(type(value), "?")


def number(value: Decimal | int) -> Decimal:
    """A FEEL number: at most 34 digits, finite. Raises FeelNull otherwise."""
    try:
        result = CONTEXT.plus(value) if isinstance(value, Decimal) else CONTEXT.create_decimal(value)
    except ArithmeticError:
        raise FeelNull("数值超出范围 (number out of range)") from None
    if not result.is_finite():
        raise FeelNull("不是有限数 (not a finite number)")
    return result


def from_python(value: Any, depth: int = 0) -> Any:
    """A Python value as FEEL value; FeelNull for anything unknown. Subclasses become their base."""
    if type(value) in _AS_IS:
        return value
    if isinstance(value, (int, Decimal)):
        return number(value)
    if isinstance(value, float):
        return number(Decimal(repr(float(value))))  # the shortest text that reads back: 0.1 stays 0.1
    if depth > MAX_DEPTH:
        raise FeelNull("数据嵌套过深 (value nested too deeply)")
    if isinstance(value, Mapping):
        return {str.__str__(k): from_python(v, depth + 1) for k, v in value.items() if isinstance(k, str)}
    if isinstance(value, (list, tuple)):
        return [from_python(v, depth + 1) for v in value]
    for base in (str, dt.datetime, dt.date, dt.time, dt.timedelta):
        if isinstance(value, base):
            return _reduced(value)
    raise FeelNull("不支持的数据类型 (a value of a type FEEL does not have)")


def _reduced(value: Any) -> Any:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, dt.datetime):
        return dt.datetime.combine(dt.date(value.year, value.month, value.day), value.timetz())
    if isinstance(value, dt.date):
        return dt.date(value.year, value.month, value.day)
    if isinstance(value, dt.time):
        return dt.time(value.hour, value.minute, value.second, value.microsecond, value.tzinfo)
    return dt.timedelta(value.days, value.seconds, value.microseconds)


_AS_IS = frozenset({type(None), bool, str, dt.date, dt.time, dt.datetime, dt.timedelta, YearsMonths, Range})


def to_python(value: Any) -> Any:
    """A FEEL value as Python value: a whole number is an `int`, any other number stays a `Decimal`."""
    if type(value) is Decimal:
        if value.adjusted() < 34 and value == value.to_integral_value():
            return int(value)
        return value
    if type(value) is list:
        return [to_python(v) for v in value]
    if type(value) is dict:
        return {k: to_python(v) for k, v in value.items()}
    return value


def bounded(value: Any) -> Any:
    """The same list or context, refused (FeelNull) if it has too many parts or is nested too deeply.

    Shared parts count each time they appear: `{a: [1,1], b: [a,a], c: [b,b], …}` doubles with every entry.
    """
    left = MAX_ITEMS
    stack = [(value, 0)]
    while stack:
        item, depth = stack.pop()
        left -= 1
        if type(item) is dict or type(item) is list:
            left -= len(item)
            if left >= 0 and depth < MAX_DEPTH:
                inside = item.values() if type(item) is dict else item
                stack.extend((each, depth + 1) for each in inside if type(each) in (dict, list))
            elif item:
                left = -1
        if left < 0:
            raise FeelNull("结果过大 (the result is too large)")
    return value


def bounded_text(value: str) -> str:
    """The same string, refused (FeelNull) if it is too long."""
    if len(value) > MAX_CHARACTERS:
        raise FeelNull("结果过大 (the result is too large)")
    return value

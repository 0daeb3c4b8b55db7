"""The operators + - * / ** and the unary minus over numbers, strings, dates, times and durations."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel.errors import FeelNull
from engine.feel.values import CONTEXT, YearsMonths, bounded_text, kind

_DAY = 86_400_000_000
_MICROSECOND = dt.timedelta(microseconds=1)


def microseconds(span: dt.timedelta) -> Decimal:
    return Decimal(span // _MICROSECOND)


def timedelta(value: Decimal) -> dt.timedelta:
    """A duration of `value` microseconds, half to even. Raises OverflowError when too long."""
    return dt.timedelta(microseconds=int(value.to_integral_value()))


def add_months(value: dt.date, months: int) -> dt.date:
    """The same day of another month, or that month's last day. Works on dates and datetimes."""
    year, month = divmod(value.year * 12 + value.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise FeelNull("日期超出范围 (date out of range)")
    return value.replace(
        year=year, month=month + 1, day=min(value.day, calendar.monthrange(year, month + 1)[1])
    )


def _add_time(value: dt.time, span: dt.timedelta) -> dt.time:
    start = ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond
    end = (start + span // _MICROSECOND) % _DAY
    clock = (dt.datetime(2000, 1, 1) + dt.timedelta(microseconds=end)).time()
    return clock.replace(tzinfo=value.tzinfo)


def _add_span(value: dt.date, span: dt.timedelta) -> dt.date:
    """A date counts as its midnight; what falls inside a day is that day (DMN 1.3 table 57)."""
    return (dt.datetime.combine(value, dt.time()) + span).date()


def _minus_date(a: dt.date, b: dt.date) -> dt.timedelta:
    return a - b


def _minus_datetime(a: dt.datetime, b: dt.datetime) -> dt.timedelta:
    if (a.tzinfo is None) is not (b.tzinfo is None):
        raise FeelNull("一个时间有时区、另一个没有 (one time has a zone, the other has none)")
    return a - b


def _minus_time(a: dt.time, b: dt.time) -> dt.timedelta:
    day = dt.date(2000, 1, 1)
    return _minus_datetime(dt.datetime.combine(day, a), dt.datetime.combine(day, b))


def _months(value: Decimal) -> YearsMonths:
    whole = int(value)
    if abs(whole) > 999_999_999 * 12:
        raise FeelNull("时长超出范围 (duration out of range)")
    return YearsMonths(whole)


def _power(a: Decimal, b: Decimal) -> Decimal:
    if not a and not b:
        return Decimal(1)
    return CONTEXT.power(a, b)


_N, _S, _D, _T, _DT, _SPAN, _YM = Decimal, str, dt.date, dt.time, dt.datetime, dt.timedelta, YearsMonths
Operation = Callable[[Any, Any], Any]
_TABLE: dict[tuple[str, type, type], Operation] = {
    ("+", _N, _N): CONTEXT.add,
    ("-", _N, _N): CONTEXT.subtract,
    ("*", _N, _N): CONTEXT.multiply,
    ("/", _N, _N): CONTEXT.divide,
    ("**", _N, _N): _power,
    ("+", _S, _S): lambda a, b: bounded_text(a + b),
    ("+", _D, _YM): lambda a, b: add_months(a, b.months),
    ("-", _D, _YM): lambda a, b: add_months(a, -b.months),
    ("+", _D, _SPAN): _add_span,
    ("-", _D, _SPAN): lambda a, b: _add_span(a, -b),
    ("-", _D, _D): _minus_date,
    ("+", _DT, _YM): lambda a, b: add_months(a, b.months),
    ("-", _DT, _YM): lambda a, b: add_months(a, -b.months),
    ("+", _DT, _SPAN): lambda a, b: a + b,
    ("-", _DT, _SPAN): lambda a, b: a - b,
    ("-", _DT, _DT): _minus_datetime,
    ("+", _T, _SPAN): _add_time,
    ("-", _T, _SPAN): lambda a, b: _add_time(a, -b),
    ("-", _T, _T): _minus_time,
    ("+", _SPAN, _SPAN): lambda a, b: a + b,
    ("-", _SPAN, _SPAN): lambda a, b: a - b,
    ("*", _SPAN, _N): lambda a, b: timedelta(CONTEXT.multiply(microseconds(a), b)),
    ("/", _SPAN, _N): lambda a, b: timedelta(CONTEXT.divide(microseconds(a), b)),
    ("/", _SPAN, _SPAN): lambda a, b: CONTEXT.divide(microseconds(a), microseconds(b)),
    ("+", _YM, _YM): lambda a, b: _months(Decimal(a.months + b.months)),
    ("-", _YM, _YM): lambda a, b: _months(Decimal(a.months - b.months)),
    ("*", _YM, _N): lambda a, b: _months(CONTEXT.multiply(Decimal(a.months), b)),
    ("/", _YM, _N): lambda a, b: _months(CONTEXT.divide(Decimal(a.months), b)),
    ("/", _YM, _YM): lambda a, b: CONTEXT.divide(Decimal(a.months), Decimal(b.months)),
}


def _swapped(operation: Operation) -> Operation:
    return lambda a, b: operation(b, a)


_TABLE |= {
    (sign, right, left): _swapped(operation)
    for (sign, left, right), operation in _TABLE.items()
    if sign in "+*" and left is not right
}


def calculate(sign: str, a: Any, b: Any) -> Any:
    """`a sign b`; null in, null out. Raises FeelNull or ArithmeticError when it cannot be done."""
    operation = _TABLE.get((sign, type(a), type(b)))
    if operation is not None:
        return operation(a, b)
    if a is None or b is None:
        return None
    raise FeelNull(f"不能运算 (no such operation): {kind(a)} {sign} {kind(b)}")


def negative(value: Any) -> Any:
    if type(value) is Decimal:
        return CONTEXT.minus(value)
    if type(value) is dt.timedelta:
        return -value
    if type(value) is YearsMonths:
        return YearsMonths(-value.months)
    if value is None:
        return None
    raise FeelNull(f"不能取负 (cannot be negated): {kind(value)}")

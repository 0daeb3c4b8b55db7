"""Three-valued logic, equality, order and membership (DMN 1.3 §10.3.2): null where there is no answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from engine.feel.values import Range, YearsMonths

ORDERED = frozenset({Decimal, str, dt.date, dt.time, dt.datetime, dt.timedelta, YearsMonths})


def all_of(values: Iterable[Any]) -> bool | None:
    """Conjunction: false wins over null, null over true. Stops at the first false."""
    result: bool | None = True
    for value in values:
        if value is False:
            return False
        if value is not True:
            result = None
    return result


def any_of(values: Iterable[Any]) -> bool | None:
    """Disjunction: true wins over null, null over false. Stops at the first true."""
    result: bool | None = False
    for value in values:
        if value is True:
            return True
        if value is not False:
            result = None
    return result


def negation(value: Any) -> bool | None:
    return not value if type(value) is bool else None


def equal(a: Any, b: Any) -> bool | None:
    """null equals only null; values of different kinds are neither equal nor unequal: null."""
    if a is None or b is None:
        return a is b
    if type(a) is not type(b):
        return None
    if type(a) is list:
        return len(a) == len(b) and all_of(map(equal, a, b))
    if type(a) is dict:
        return a.keys() == b.keys() and all_of(equal(a[key], b[key]) for key in a)
    if type(a) is Range:
        ends = all_of((equal(a.low, b.low), equal(a.high, b.high)))
        return a.low_included is b.low_included and a.high_included is b.high_included and ends
    if isinstance(a, (dt.datetime, dt.time)) and (a.tzinfo is None) is not (b.tzinfo is None):
        return None
    return bool(a == b)


def less(a: Any, b: Any) -> bool | None:
    if type(a) is not type(b) or type(a) not in ORDERED:
        return None
    try:
        return bool(a < b)
    except TypeError:  # one with a zone, one without
        return None


def less_equal(a: Any, b: Any) -> bool | None:
    if type(a) is not type(b) or type(a) not in ORDERED:
        return None
    try:
        return bool(a <= b)
    except TypeError:
        return None


def unequal(a: Any, b: Any) -> bool | None:
    return negation(equal(a, b))


def greater(a: Any, b: Any) -> bool | None:
    return less(b, a)


def greater_equal(a: Any, b: Any) -> bool | None:
    return less_equal(b, a)


COMPARISONS = {"=": equal, "!=": unequal, "<": less, "<=": less_equal, ">": greater, ">=": greater_equal}


def within(value: Any, span: Range) -> bool | None:
    above = less_equal(span.low, value) if span.low_included else less(span.low, value)
    below = less_equal(value, span.high) if span.high_included else less(value, span.high)
    return all_of((above, below))


def meets(value: Any, test: Any) -> bool | None:
    """Does a value satisfy a test value: inside a range, an element of a list, or else equal to it."""
    if type(test) is Range:
        return within(value, test) if type(value) is not Range else equal(value, test)
    if type(test) is list:
        return any_of(meets(value, each) is True for each in test) or equal(value, test) is True
    return equal(value, test)

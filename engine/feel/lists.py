"""Built-in functions over lists and contexts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel.errors import FeelNull
from engine.feel.logic import ORDERED, all_of, any_of, equal, less
from engine.feel.values import CONTEXT, bounded, number

MAX_COMPOUND = 1_000
"""Lists and contexts in a list made distinct: each is compared with all before it."""


def _items(arguments: tuple[Any, ...]) -> list[Any]:
    """`sum([1, 2])` and `sum(1, 2)` mean the same."""
    return arguments[0] if len(arguments) == 1 and type(arguments[0]) is list else list(arguments)


def _numbers(arguments: tuple[Any, ...]) -> list[Decimal] | None:
    """The numbers, or null if any is null or there is none."""
    items = _items(arguments)
    if not items or any(item is None for item in items):
        return None
    if any(type(item) is not Decimal for item in items):
        raise FeelNull("列表里有不是数字的值 (a value that is no number in the list)")
    return items


def _sum(*arguments: Any) -> Any:
    items = _numbers(arguments)
    return None if items is None else _fold(CONTEXT.add, items)


def _product(*arguments: Any) -> Any:
    items = _numbers(arguments)
    return None if items is None else _fold(CONTEXT.multiply, items)


def _fold(operation: Callable[[Decimal, Decimal], Decimal], items: list[Decimal]) -> Decimal:
    result = items[0]
    for item in items[1:]:
        result = operation(result, item)
    return result


def _mean(*arguments: Any) -> Any:
    items = _numbers(arguments)
    return None if items is None else CONTEXT.divide(_fold(CONTEXT.add, items), Decimal(len(items)))


def _median(*arguments: Any) -> Any:
    items = _numbers(arguments)
    if items is None:
        return None
    items = sorted(items)
    half = len(items) // 2
    if len(items) % 2:
        return items[half]
    return CONTEXT.divide(CONTEXT.add(items[half - 1], items[half]), Decimal(2))


def _extreme(arguments: tuple[Any, ...], better: Callable[[Any, Any], bool | None]) -> Any:
    items = _items(arguments)
    if not items or any(item is None for item in items):
        return None
    best = items[0]
    if type(best) not in ORDERED:
        raise FeelNull("列表里的值不能比较 (values that cannot be compared)")
    for item in items[1:]:
        answer = better(item, best)
        if answer is None:
            raise FeelNull("列表里的值不能比较 (values that cannot be compared)")
        best = item if answer else best
    return best


def position(value: Decimal, length: int, *, end: int = 0) -> int:
    """A FEEL position (1 is the first, -1 the last) as Python index. Raises FeelNull when outside."""
    if value != value.to_integral_value() or not 1 <= abs(value) <= length + end:
        raise FeelNull("位置超出范围 (position out of range)")
    return int(value) - 1 if value > 0 else length + int(value)


def whole(value: Decimal) -> int:
    """A small whole number. Raises FeelNull otherwise."""
    if value != value.to_integral_value() or abs(value) > 1_000_000_000:
        raise FeelNull("须为整数 (must be a whole number)")
    return int(value)


def _sublist(items: list[Any], start: Decimal, length: Decimal | None = None) -> list[Any]:
    first = position(start, len(items))
    count = len(items) - first if length is None else whole(length)
    if count < 0 or first + count > len(items):
        raise FeelNull("位置超出范围 (position out of range)")
    return items[first : first + count]


def _insert(items: list[Any], place: Decimal, value: Any) -> Any:
    at = position(place, len(items), end=1 if place > 0 else 0)
    return bounded([*items[:at], value, *items[at:]])


def _remove(items: list[Any], place: Decimal) -> list[Any]:
    at = position(place, len(items))
    return items[:at] + items[at + 1 :]


def _contains(items: list[Any], value: Any) -> bool:
    return any(equal(item, value) is True for item in items)


def _distinct(items: list[Any]) -> list[Any]:
    result: list[Any] = []
    seen: set[tuple[type, Any]] = set()
    compound = 0
    for item in items:
        simple = type(item) in ORDERED or item is None or type(item) is bool
        if simple and (type(item), item) in seen:
            continue
        if simple:
            seen.add((type(item), item))
        else:
            compound += 1
            if compound > MAX_COMPOUND:
                raise FeelNull("列表过长 (the list is too long)")
            if _contains(result, item):
                continue
        result.append(item)
    return result


def _concatenate(*lists: list[Any]) -> Any:
    return bounded([item for items in lists for item in items])


def _flatten(items: list[Any]) -> list[Any]:
    result: list[Any] = []
    stack = [iter(items)]
    while stack:
        for item in stack[-1]:
            if type(item) is list:
                stack.append(iter(item))
                break
            result.append(item)
        else:
            stack.pop()
    return result


FUNCTIONS: dict[tuple[str, str], Callable[..., Any]] = {
    ("list contains", "la"): _contains,
    ("count", "l"): lambda items: number(len(items)),
    ("min", "a*"): lambda *a: _extreme(a, less),
    ("max", "a*"): lambda *a: _extreme(a, lambda x, y: less(y, x)),
    ("sum", "a*"): _sum,
    ("product", "a*"): _product,
    ("mean", "a*"): _mean,
    ("median", "a*"): _median,
    ("all", "a*"): lambda *a: all_of(_items(a)),
    ("any", "a*"): lambda *a: any_of(_items(a)),
    ("sublist", "lnn?"): _sublist,
    ("append", "la*"): lambda items, *more: bounded([*items, *more]),
    ("concatenate", "l*"): _concatenate,
    ("insert before", "lna"): _insert,
    ("remove", "ln"): _remove,
    ("reverse", "l"): lambda items: items[::-1],
    ("index of", "la"): lambda items, v: [number(i) for i, x in enumerate(items, 1) if equal(x, v) is True],
    ("union", "l*"): lambda *lists: _distinct(_concatenate(*lists)),
    ("distinct values", "l"): _distinct,
    ("flatten", "l"): _flatten,
    ("get value", "cs"): lambda context, key: context.get(key),
}

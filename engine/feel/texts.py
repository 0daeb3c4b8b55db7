"""Built-in functions over strings, and the conversions to and from them."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel import temporal
from engine.feel.errors import MAX_CHARACTERS, FeelNull
from engine.feel.lists import position, whole
from engine.feel.logic import equal
from engine.feel.values import CONTEXT, Range, bounded_text

_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")


def _substring(text: str, start: Decimal, length: Decimal | None = None) -> str:
    first = position(start, len(text))
    if length is None:
        return text[first:]
    count = whole(length)
    if count < 1:
        raise FeelNull("长度须为正数 (the length must be positive)")
    return text[first : first + count]


def _before(text: str, mark: str) -> str:
    head, found, _ = text.partition(mark) if mark else ("", "", "")
    return head if found else ""


def _after(text: str, mark: str) -> str:
    if not mark:
        return text
    return text.partition(mark)[2]


def _number(text: str, *marks: Any) -> Decimal:
    """`number("1.234,5", ".", ",")`: text, thousands separator or null, decimal separator or null."""
    if marks:
        group, point = (*marks, None, None)[:2]
        if group not in (None, " ", ",", ".") or point not in (None, ",", ".") or (group and group == point):
            raise FeelNull("分隔符不可用 (separators that cannot be used)")
        text = text.replace(group, "") if group else text
        text = text.replace(point, ".") if point else text
    if not _NUMBER.fullmatch(text):
        raise FeelNull("不是数字 (not a number)")
    return CONTEXT.create_decimal(text)


def number_text(value: Decimal) -> str:
    """Plain digits where they are few, else with an exponent."""
    return format(value, "f") if -40 < value.adjusted() < 40 else str(value)


def text_of(value: Any) -> str | None:
    """FEEL's `string()`: null stays null, lists and contexts are written as literals."""
    if value is None or type(value) is str:
        return value
    _check_size(value)
    return bounded_text(_written(value))


def _check_size(value: Any) -> None:
    """Count before writing: a list may hold one long string ten thousand times."""
    left = MAX_CHARACTERS
    stack = [value]
    while stack:
        item = stack.pop()
        if type(item) is dict:
            stack.extend(item.values())
        elif type(item) is list:
            stack.extend(item)
        left -= len(item) if type(item) in (str, list, dict) else 1
        if left < 0:
            raise FeelNull("结果过大 (the result is too large)")


def _written(value: Any) -> str:
    if value is None:
        return "null"
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is Decimal:
        return number_text(value)
    if type(value) is str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if type(value) is list:
        return "[" + ", ".join(map(_written, value)) + "]"
    if type(value) is dict:
        return "{" + ", ".join(f"{key}: {_written(item)}" for key, item in value.items()) + "}"
    if type(value) is Range:
        low, high = "[" if value.low_included else "(", "]" if value.high_included else ")"
        return f"{low}{_written(value.low)}..{_written(value.high)}{high}"
    return temporal.text(value)


def _join(items: list[Any], mark: Any = None) -> str:
    texts = [item for item in items if item is not None]
    if any(type(item) is not str for item in (*texts, mark or "")):
        raise FeelNull("列表里有不是文字的值 (a value that is no string in the list)")
    if sum(map(len, texts)) + len(mark or "") * len(texts) > MAX_CHARACTERS:
        raise FeelNull("结果过大 (the result is too large)")
    return (mark or "").join(texts)


FUNCTIONS: dict[tuple[str, str], Callable[..., Any]] = {
    ("substring", "snn?"): _substring,
    ("string length", "s"): lambda text: Decimal(len(text)),
    ("upper case", "s"): lambda text: bounded_text(text.upper()),
    ("lower case", "s"): lambda text: bounded_text(text.lower()),
    ("substring before", "ss"): _before,
    ("substring after", "ss"): _after,
    ("contains", "ss"): lambda text, part: part in text,
    ("starts with", "ss"): lambda text, part: text.startswith(part),
    ("ends with", "ss"): lambda text, part: text.endswith(part),
    ("string join", "la?"): _join,
    ("string", "a"): text_of,
    ("number", "sa?a?"): _number,
    ("is", "aa"): lambda a, b: type(a) is type(b) and equal(a, b) is True,
}

"""Instance data: only what JSON can say, checked on the way in; and FEEL's values turned back into it."""

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

MAX_DEPTH = 32
INT64 = 2**63


class DataError(ValueError):
    """Data that a case cannot hold. The message never repeats a value."""


def checked(value: Any, depth: int = 0) -> Any:
    """A private copy of JSON data (dicts, lists, str, int within 64 bits, finite float, bool, None). Raises
    DataError."""
    kind = type(value)
    if kind is str:
        if not value.isascii():
            _encodable(value)
        return value
    if value is None or kind is bool:
        return value
    if kind is int:
        if not -INT64 <= value < INT64:
            raise DataError("整数超过 64 位 (an integer over 64 bits)")
        return value
    if kind is float:
        if not math.isfinite(value):
            raise DataError("不是有限数 (not a finite number)")
        return value
    if depth >= MAX_DEPTH:
        raise DataError(f"数据嵌套超过 {MAX_DEPTH} 层 (data nested too deeply)")
    if kind is dict:
        copy = {}
        for key, item in value.items():
            if type(key) is not str:
                raise DataError("键必须是字符串 (keys must be strings)")
            copy[checked(key)] = checked(item, depth + 1)
        return copy
    if kind is list or kind is tuple:
        return [checked(item, depth + 1) for item in value]
    raise DataError(f"流程数据不支持 {kind.__name__} (a case cannot hold this type)")


def _encodable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DataError("字符串不是有效的 Unicode (a string is not valid Unicode)") from error


def merged(data: Any) -> dict[str, Any]:
    """Checked data of an outcome or a form; raises DataError when it is no object."""
    if not isinstance(data, dict):
        raise DataError("数据必须是对象 (data must be an object)")
    return checked(data)  # type: ignore[no-any-return]  # a dict in, a dict out


def copied(value: Any) -> Any:
    """A deep copy of data already checked."""
    if type(value) is dict:
        return {key: copied(item) for key, item in value.items()}
    if type(value) is list:
        return [copied(item) for item in value]
    return value


def from_feel(value: Any) -> Any:
    """A FEEL result as instance data: whole numbers become int, others float where that is exact, else text;
    dates and durations become their ISO text."""
    if isinstance(value, Decimal):
        if value == value.to_integral_value() and abs(value) < INT64:
            return int(value)
        return float(value) if Decimal(repr(float(value))) == value else format(value, "f")
    if isinstance(value, timedelta):
        return iso_duration(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): from_feel(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [from_feel(item) for item in value]
    if value is None or isinstance(value, (str, bool, int, float)):
        return checked(value)
    return str(value)


def iso_duration(value: timedelta) -> str:
    """`P1DT2H` and the like."""
    total = abs(value)
    hours, rest = divmod(total.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if seconds or total.microseconds:
        clock += f"{seconds}.{total.microseconds:06d}".rstrip("0").rstrip(".") + "S"
    body = (f"{total.days}D" if total.days else "") + (f"T{clock}" if clock else "")
    return ("-" if value < timedelta(0) else "") + "P" + (body or "T0S")

"""Dates, times and durations from text and back (ISO 8601 as FEEL writes it), and their named parts."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from decimal import Decimal
from typing import Any

from engine.feel.errors import FeelNull
from engine.feel.values import Range, YearsMonths

_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?"
    r"(?:(Z)|([+-])([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?|@([A-Za-z0-9_+\-/]+))?"
)
_YM = re.compile(r"(-)?P(?=[0-9])(?:([0-9]{1,9})Y)?(?:([0-9]{1,9})M)?")
_SPAN = re.compile(
    r"(-)?P(?=[0-9T])(?:([0-9]{1,9})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9}(?:\.[0-9]{1,6})?)S)?)?"
)


def date(text: str) -> dt.date:
    match = _DATE.fullmatch(text)
    if not match:
        raise FeelNull("不是日期 (not a date): yyyy-mm-dd")
    return dt.date(int(match[1]), int(match[2]), int(match[3]))


def time(text: str) -> dt.time:
    match = _TIME.fullmatch(text)
    if not match:
        raise FeelNull("不是时间 (not a time): hh:mm:ss")
    fraction = int((match[4] or "").ljust(6, "0"))
    return dt.time(int(match[1]), int(match[2]), int(match[3]), fraction, _zone(match))


def _zone(match: re.Match[str]) -> dt.tzinfo | None:
    if match[5]:
        return dt.UTC
    if match[6]:
        offset = dt.timedelta(hours=int(match[7]), minutes=int(match[8]), seconds=int(match[9] or 0))
        return dt.timezone(-offset if match[6] == "-" else offset)
    if match[10]:
        try:
            return zoneinfo.ZoneInfo(match[10])
        except (zoneinfo.ZoneInfoNotFoundError, OSError):
            raise FeelNull("未知时区 (unknown time zone)") from None
    return None


def date_and_time(text: str) -> dt.datetime:
    day, separator, clock = text.partition("T")
    return dt.datetime.combine(date(day), time(clock) if separator else dt.time())


def duration(text: str) -> dt.timedelta | YearsMonths:
    match = _YM.fullmatch(text)
    if match:
        months = int(match[2] or 0) * 12 + int(match[3] or 0)
        return YearsMonths(-months if match[1] else months)
    match = _SPAN.fullmatch(text)
    if not match:
        raise FeelNull("不是时长 (not a duration): P1Y2M, P3DT4H5M6S")
    whole, _, fraction = (match[5] or "0").partition(".")
    span = dt.timedelta(
        days=int(match[2] or 0), hours=int(match[3] or 0), minutes=int(match[4] or 0), seconds=int(whole),
        microseconds=int(fraction.ljust(6, "0")),
    )  # fmt: skip
    return -span if match[1] else span


def literal(text: str) -> Any:
    """What `@"…"` denotes. Raises FeelNull or ValueError."""
    if text.lstrip("-").startswith("P"):
        return duration(text)
    if "T" in text:
        return date_and_time(text)
    return time(text) if ":" in text else date(text)


def _fraction(microsecond: int) -> str:
    return ("." + f"{microsecond:06}".rstrip("0")) if microsecond else ""


def time_text(value: dt.time) -> str:
    return value.strftime("%H:%M:%S") + _fraction(value.microsecond)


def zone_text(value: dt.time | dt.datetime) -> str:
    if isinstance(value.tzinfo, zoneinfo.ZoneInfo):
        return f"@{value.tzinfo.key}"
    offset = value.utcoffset()
    if offset is None:
        return ""
    if not offset:
        return "Z"
    return dt.time(tzinfo=value.tzinfo).isoformat()[8:]


def duration_text(value: dt.timedelta) -> str:
    positive = abs(value)
    minutes, seconds = divmod(positive.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    rest = f"{seconds}{_fraction(positive.microseconds)}S" if seconds or positive.microseconds else ""
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "") + rest
    body = (f"{positive.days}D" if positive.days else "") + (f"T{clock}" if clock else "")
    return ("-" if value < dt.timedelta() else "") + "P" + (body or "T0S")


def text(value: Any) -> str:
    """The text that reads back as the same value."""
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d}T".rjust(11, "0") + time_text(value.time()) + zone_text(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.time):
        return time_text(value) + zone_text(value)
    return duration_text(value) if isinstance(value, dt.timedelta) else str(value)


_DATE_PARTS = {"year", "month", "day"}
_TIME_PARTS = {"hour", "minute", "second"}
_SPAN_PARTS = {"days": (86400, 10**9), "hours": (3600, 24), "minutes": (60, 60), "seconds": (1, 60)}
PARTS = frozenset(
    {
        "year",
        "month",
        "day",
        "weekday",
        "hour",
        "minute",
        "second",
        "time offset",
        "timezone",
        "days",
        "hours",
    }
    | {"minutes", "seconds", "years", "months", "start", "end", "start included", "end included"}
)


def part(value: Any, name: str) -> Any:
    """A named part of a temporal value or range (DMN 1.3 table 65); anything else raises FeelNull."""
    if isinstance(value, dt.date):
        if name in _DATE_PARTS:
            return Decimal(int(getattr(value, name)))
        if name == "weekday":
            return Decimal(value.isoweekday())
    if isinstance(value, (dt.datetime, dt.time)):
        if name in _TIME_PARTS:
            return Decimal(int(getattr(value, name)))
        if name == "time offset":
            return value.utcoffset()
        if name == "timezone":
            return value.tzinfo.key if isinstance(value.tzinfo, zoneinfo.ZoneInfo) else None
    if isinstance(value, dt.timedelta) and name in _SPAN_PARTS:
        unit, wrap = _SPAN_PARTS[name]
        size = abs(value) // dt.timedelta(seconds=unit) % wrap
        return Decimal(-size if value < dt.timedelta() else size)
    if isinstance(value, YearsMonths) and name in ("years", "months"):
        years, months = divmod(abs(value.months), 12)
        size = years if name == "years" else months
        return Decimal(-size if value.months < 0 else size)
    if isinstance(value, Range):
        ends = {"start": value.low, "end": value.high}
        ends |= {"start included": value.low_included, "end included": value.high_included}
        if name in ends:
            return ends[name]
    raise FeelNull(f"没有此成员 (no such member): {name}")

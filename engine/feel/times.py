"""Built-in functions over dates, times and durations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel import temporal
from engine.feel.errors import FeelNull
from engine.feel.lists import whole
from engine.feel.values import YearsMonths

_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_MONTHS = [
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
]  # fmt: skip


def _wrong(name: str) -> FeelNull:
    return FeelNull(f"{name}() 的参数不适用 (arguments do not fit)")


def _date(*arguments: Any) -> Any:
    if None in arguments:
        return None
    match arguments:
        case (str() as text,):
            return temporal.date(text)
        case (dt.datetime() as moment,):
            return moment.date()
        case (dt.date() as day,):
            return day
        case (Decimal() as year, Decimal() as month, Decimal() as day_of_month):
            return dt.date(whole(year), whole(month), whole(day_of_month))
    raise _wrong("date")


def _time(*arguments: Any) -> Any:
    if None in arguments[:3]:
        return None
    match arguments:
        case (str() as text,):
            return temporal.time(text)
        case (dt.datetime() as moment,):
            return moment.timetz()
        case (dt.date(),):
            return dt.time(tzinfo=dt.UTC)
        case (dt.time() as clock,):
            return clock
        case (Decimal() as hour, Decimal() as minute, Decimal() as second, *zone):
            seconds, fraction = divmod(second, 1)
            offset = zone[0] if zone else None
            if offset is not None and type(offset) is not dt.timedelta:
                raise _wrong("time")
            zone_info = None if offset is None else dt.timezone(offset)
            return dt.time(whole(hour), whole(minute), whole(seconds), int(fraction * 1_000_000), zone_info)
    raise _wrong("time")


def _date_and_time(*arguments: Any) -> Any:
    if None in arguments:
        return None
    match arguments:
        case (str() as text,):
            return temporal.date_and_time(text)
        case (dt.datetime() as moment,):
            return moment
        case (dt.datetime() as moment, dt.time() as clock):
            return dt.datetime.combine(moment.date(), clock)
        case (dt.date() as day, dt.time() as clock):
            return dt.datetime.combine(day, clock)
    raise _wrong("date and time")


def _duration(value: Any) -> Any:
    if value is None or type(value) in (dt.timedelta, YearsMonths):
        return value
    if type(value) is not str:
        raise _wrong("duration")
    return temporal.duration(value)


def months_between(start: dt.date, end: dt.date) -> YearsMonths:
    """Whole months from `start` to `end`, negative when `end` comes first: a birthday counts on its day."""
    if end < start:
        return YearsMonths(-months_between(end, start).months)
    months = (end.year - start.year) * 12 + end.month - start.month
    return YearsMonths(months - (end.day < start.day))


def _months_between(start: dt.date, end: dt.date) -> YearsMonths:
    return months_between(dt.date(start.year, start.month, start.day), dt.date(end.year, end.month, end.day))


FUNCTIONS: dict[tuple[str, str], Callable[..., Any]] = {
    ("date", "aa?a?"): _date,
    ("time", "aa?a?a?"): _time,
    ("date and time", "aa?"): _date_and_time,
    ("duration", "a"): _duration,
    ("years and months duration", "dd"): _months_between,
    ("day of week", "d"): lambda day: _DAYS[day.weekday()],
    ("day of year", "d"): lambda day: Decimal(day.timetuple().tm_yday),
    ("week of year", "d"): lambda day: Decimal(day.isocalendar().week),
    ("month of year", "d"): lambda day: _MONTHS[day.month - 1],
}

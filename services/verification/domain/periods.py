"""Entitlement periods as days, and the day on which an age counts."""

import re
from calendar import monthrange
from datetime import date, timedelta
from typing import NamedTuple

_PERIOD = re.compile(r"(?P<year>[12]\d{3})(?:(?P<month>0[1-9]|1[0-2])|Q(?P<quarter>[1-4]))?")


class Span(NamedTuple):
    """First and last day of a period, both included, and the day for ages."""

    first: date
    last: date
    age_on: date


def days_of(period: str) -> tuple[date, date] | None:
    """First and last day of 202305, 2023Q2 or 2023; None for anything else."""
    match = _PERIOD.fullmatch(period)
    if match is None:
        return None
    year, month, quarter = int(match["year"]), match["month"], match["quarter"]
    first, last = (
        (int(month),) * 2 if month else (int(quarter) * 3 - 2, int(quarter) * 3) if quarter else (1, 12)
    )
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])


def span_of(period: str, age_at: str) -> Span | None:
    """The period with its age day. `age_at`: period_start, mid_month or month_end (a project's parameter)."""
    days = days_of(period)
    if days is None:
        return None
    first, last = days
    return Span(first, last, {"month_end": last, "mid_month": first + timedelta(days=14)}.get(age_at, first))


def month_of(day: date) -> str:
    """The period that an application of this day is checked against."""
    return f"{day:%Y%m}"


def period_like(period: str, day: date) -> str | None:
    """The month, quarter or year of a day, in the form of `period`; None when that cannot be read."""
    match = _PERIOD.fullmatch(period)
    if match is None:
        return None
    if match["month"]:
        return month_of(day)
    return f"{day:%Y}Q{(day.month + 2) // 3}" if match["quarter"] else f"{day:%Y}"


def before(period: str) -> str | None:
    """The period just before; None when it cannot be read."""
    days = days_of(period)
    return period_like(period, days[0] - timedelta(days=1)) if days else None


def is_after(period: str, last: str) -> bool:
    """Whether a period begins after another one has ended; False where either cannot be read."""
    one, other = days_of(period), days_of(last)
    return one is not None and other is not None and one[0] > other[1]

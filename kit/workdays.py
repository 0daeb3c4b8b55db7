"""The working-day calendar: the State Council's holidays and exchanged days where the year is known,
else Monday to Friday, with one notice per year, because a deadline is better rough than missing."""

import logging
from datetime import date, timedelta

import chinese_calendar

_log = logging.getLogger(__name__)
_noticed: set[int] = set()
_ONE_DAY = timedelta(days=1)


def year_known(year: int) -> bool:
    """Whether the published holiday arrangement of this year is at hand."""
    try:
        chinese_calendar.is_workday(date(year, 6, 1))
    except NotImplementedError:
        return False
    return True


def is_working_day(day: date) -> bool:
    """Whether offices work on this day, exchanged weekends (调休) included."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        if day.year not in _noticed:
            _noticed.add(day.year)
            _log.warning("holiday arrangement of the year unknown, counting Monday to Friday: %d", day.year)
        return day.weekday() < 5


def add_working_days(day: date, count: int) -> date:
    """The count-th working day after `day`, itself not counted (民法典 §201: the next day is the first).

    0 gives `day` back. Raises ValueError for a negative count.
    """
    if count < 0:
        raise ValueError("count of working days must not be negative")
    while count:
        day += _ONE_DAY
        count -= is_working_day(day)
    return day


def working_days_between(start: date, end: date) -> int:
    """Working days after `start` up to and including `end`; negative when `end` comes first."""
    if end < start:
        return -working_days_between(end, start)
    return sum(is_working_day(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))

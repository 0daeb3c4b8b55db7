"""FEEL texts of a diagram: conditions, parameters, correlation keys and timers, compiled once at deploy."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.effects import Due
from engine.feel import Expression, FeelError, compile_expression
from engine.values import from_feel

DURATION = re.compile(
    r"P(?!$)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,6})?)S)?)?"
)
CYCLE = re.compile(r"R(\d*)/(P.+)")
WORKING_DAYS = re.compile(r"working\s+days\s*\((.+)\)", re.DOTALL)


class TimerError(ValueError):
    """A timer whose value is no duration, no time and no number of working days."""


def feel(text: str, names: Collection[str] | None) -> Expression:
    """Compile a text over the declared data names (None: any name). Raises FeelError with its place."""
    return compile_expression(text, names)


@dataclass(frozen=True, slots=True)
class Timer:
    """When to fire: a fixed value, or FEEL evaluated when the token arrives."""

    fixed: Due | None
    expression: Expression | None = None
    working_days: bool = False
    repeat: int = 1

    def due(self, data: dict[str, Any]) -> Due:
        """Raises TimerError when the expression gives nothing usable."""
        if self.fixed is not None:
            return self.fixed
        assert self.expression is not None
        value = self.expression.evaluate(data)
        if self.working_days:
            days = from_feel(value)
            if type(days) is not int or days < 0:
                raise TimerError("工作日数不是非负整数 (the number of working days is no whole number)")
            return f"working days({days})"
        return _instant(value)


def _instant(value: Any) -> Due:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, datetime):
        return _utc(value)
    text = value if isinstance(value, str) else str(value) if type(value).__name__ == "YearsMonths" else ""
    due = duration(text)
    if due is not None:
        return due
    try:
        return _utc(datetime.fromisoformat(text))
    except ValueError:
        raise TimerError("计时器的值不是时间 (the timer's value is no duration and no time)") from None


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise TimerError("时间没有时区 (a time without a zone)")
    return value.astimezone(UTC)


def duration(text: str) -> Due | None:
    """An ISO 8601 duration; one with years or months stays text, because only a calendar knows its length."""
    match = DURATION.fullmatch(text.strip())
    if match is None:
        return None
    years, months, weeks, days, hours, minutes, seconds = match.groups()
    if years or months:
        return text.strip()
    return timedelta(
        weeks=int(weeks or 0), days=int(days or 0), hours=int(hours or 0), minutes=int(minutes or 0),
        seconds=float(seconds or 0),
    )  # fmt: skip


def timer(form: str, text: str, names: Collection[str] | None) -> Timer:
    """Compile a timer's text: ISO 8601, `working days(n)`, or FEEL. Raises FeelError or TimerError."""
    text = text.strip()
    body = text.removeprefix("=").strip()
    if not body:
        raise TimerError("计时器没有值 (the timer has no value)")
    if form == "cycle":
        match = CYCLE.fullmatch(body)
        every = duration(match.group(2)) if match else None
        if match is None or every is None:
            raise TimerError("循环计时器须写成 R3/PT1H (a cycle is written R3/PT1H)")
        return Timer(every, repeat=int(match.group(1)) if match.group(1) else -1)
    working = WORKING_DAYS.fullmatch(body)
    if working:
        return Timer(None, feel(working.group(1), names), working_days=True)
    fixed = duration(body)
    if fixed is not None:
        return Timer(fixed)
    if not text.startswith("="):
        try:
            return Timer(_utc(datetime.fromisoformat(body)))
        except ValueError:
            pass
    return Timer(None, feel(body, names))


__all__ = ["Expression", "FeelError", "Timer", "TimerError", "duration", "feel", "timer"]

"""Two clocks that never mix (decisions §7): the wall clock for tokens, leases, retries, traces and audit;
the business clock for periods, ages, deadlines and publicity, settable only in the development profile."""

import os
import threading
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

from kit.profile import require_development

CHINA = timezone(timedelta(hours=8), "CST")  # no daylight saving since 1991; the law counts days here

NOW_VARIABLE = "DAOHU_BUSINESS_NOW"
FILE_VARIABLE = "DAOHU_BUSINESS_CLOCK_FILE"


def wall_now() -> datetime:
    """The real time, UTC."""
    return datetime.now(UTC)  # noqa: TID251 - this is the one place the ban on now() points to


def _parse(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip())
    return moment.replace(tzinfo=CHINA) if moment.tzinfo is None else moment


def parse_offset(text: str) -> timedelta:
    """The offset that "business time" or "business time@wall time" (ISO 8601) stands for.

    With a wall time the offset is the same in every process that reads the text, whenever it starts;
    without one, the business time is meant for this very moment. Times without a zone are China's.
    """
    business, _, wall = text.partition("@")
    return _parse(business) - (_parse(wall) if wall else wall_now())


class BusinessClock:
    """The wall clock plus an offset, from the environment at start, or from a file all rooms share."""

    def __init__(self, text: str | None, file: Path | None) -> None:
        if text or file:
            require_development(f"{NOW_VARIABLE} / {FILE_VARIABLE}")
        self._offset = parse_offset(text) if text else timedelta()
        self._file = file
        self._stamp: tuple[int, int, int] | None = None
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Business time, UTC."""
        if self._file is not None:
            self._follow(self._file)
        return wall_now() + self._offset

    def set(self, moment: datetime) -> None:
        """Make it `moment` now, for every room that shares the file. Raises NotInDevelopment, ValueError."""
        require_development("set_business_now")
        if moment.tzinfo is None:
            raise ValueError("business time must carry its zone")
        wall = wall_now()
        self._offset = moment - wall
        if self._file is not None:
            text = f"{moment.isoformat()}@{wall.isoformat()}"
            fresh = self._file.with_name(f"{self._file.name}.{os.getpid()}")
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(self._file)  # atomic: another room never reads half a time

    def _follow(self, file: Path) -> None:
        try:
            status = file.stat()
        except FileNotFoundError:
            return
        stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
        with self._lock:
            if stamp != self._stamp:
                self._offset = parse_offset(file.read_text(encoding="utf-8"))
                self._stamp = stamp


_clock: BusinessClock | None = None


def business_clock() -> BusinessClock:
    """This process's business clock, read from the environment on first use."""
    global _clock
    if _clock is None:
        file = os.environ.get(FILE_VARIABLE)
        _clock = BusinessClock(os.environ.get(NOW_VARIABLE), Path(file) if file else None)
    return _clock


def reset_business_clock() -> None:
    """Forget what was set and read the environment anew (tests)."""
    global _clock
    _clock = None


def business_now() -> datetime:
    """Business time, UTC."""
    return business_clock().now()


def business_date(moment: datetime) -> date:
    """The day in China that a moment belongs to."""
    return moment.astimezone(CHINA).date()


def business_today() -> date:
    """The business day in China."""
    return business_date(business_now())


def set_business_now(moment: datetime) -> None:
    """Set the business clock; raises NotInDevelopment outside the development profile."""
    business_clock().set(moment)

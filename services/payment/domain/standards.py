"""Standards (补贴标准): which one prices a line, and how a new one follows the one before it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

_PERIOD = re.compile(r"(?P<year>[12][0-9]{3})(?:-?(?P<month>0[1-9]|1[0-2]))?")


@dataclass(frozen=True, slots=True)
class Standard:
    """One price of a category (and grade) in one county; `unit_price` in yuan per unit, `valid_to` inclusive.

    `ceiling_fen` is the most that one line may get: of a ratio (unit 元: quantity is what was paid), or per 台.
    """

    standard_id: str
    category: str
    unit: str
    unit_price: Decimal
    valid_from: date
    valid_to: date | None
    ceiling_fen: int | None = None


class StandardClash(ValueError):
    """A new standard would change what earlier periods were, or may have been, paid by."""


def first_day(period: str) -> date:
    """First day of a period (202305, 2023-05 or 2023). Raises ValueError for anything else."""
    match = _PERIOD.fullmatch(period)
    if match is None:
        raise ValueError("a period is YYYYMM or YYYY")
    return date(int(match["year"]), int(match["month"] or 1), 1)


def year_of(period: str) -> int:
    """The budget year that a period belongs to. Raises ValueError."""
    return first_day(period).year


def choose(standards: Iterable[Standard], category: str, period: str) -> Standard | None:
    """The standard in force on the first day of the entitlement period, or None."""
    day = first_day(period)
    for one in standards:
        if (
            one.category == category
            and one.valid_from <= day
            and (one.valid_to is None or day <= one.valid_to)
        ):
            return one
    return None


def closing_day(existing: Sequence[Standard], valid_from: date) -> date | None:
    """Last day of the standard before a new one (None: there is none to close).

    Raises StandardClash unless the new one starts after the latest one: history is never repriced.
    """
    latest = max(existing, key=lambda one: one.valid_from, default=None)
    if latest is None:
        return None
    if valid_from <= latest.valid_from:
        raise StandardClash
    last = valid_from - timedelta(days=1)
    return last if latest.valid_to is None or latest.valid_to > last else latest.valid_to


@dataclass(frozen=True, slots=True)
class Pins:
    """Which standard prices which (category, entitlement period) of a calculation, and what is missing."""

    chosen: Mapping[tuple[str, str], Standard]
    missing: list[str]


def pin(standards: Sequence[Standard], wanted: Iterable[tuple[str, str]]) -> Pins:
    """Choose for every wanted pair; `missing` names pairs as `category@period`."""
    chosen: dict[tuple[str, str], Standard] = {}
    missing: list[str] = []
    for category, period in sorted(set(wanted)):
        found = choose(standards, category, period)
        if found is None:
            missing.append(f"{category}@{period}")
        else:
            chosen[category, period] = found
    return Pins(chosen, missing)

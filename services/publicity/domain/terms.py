"""How long a project publishes, from its manifest, and the dates that satisfy it (decisions §5)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

DEFAULT_DAYS = 7
MOST_DAYS = 365


class DayKind(StrEnum):
    """自然日 or 工作日."""

    NATURAL = "natural"
    WORKING = "working"

    @property
    def label(self) -> str:
        """The Chinese word."""
        return "自然日" if self is DayKind.NATURAL else "工作日"


@dataclass(frozen=True, slots=True)
class Terms:
    """At least `days` of this kind after the day of publication (民法典 §201: that day is not counted)."""

    days: int = DEFAULT_DAYS
    kind: DayKind = DayKind.NATURAL

    def earliest_end(self, start: date, add_working_days: Callable[[date, int], date]) -> date:
        """The first day that may be the last."""
        if self.kind is DayKind.WORKING:
            return add_working_days(start, self.days)
        return start + timedelta(days=self.days)


def terms_of(manifest: Mapping[str, Any], round_: int) -> Terms:
    """`[publicity] days, kind_of_days`, overridden by `[[publicity.rounds]] round = n`; default 7.

    Raises ValueError for a number of days or a kind that can't be meant: never silently shorter.
    """
    table = manifest.get("publicity")
    if not isinstance(table, Mapping):
        return Terms()
    rounds = table.get("rounds")
    own = [
        one
        for one in (rounds if isinstance(rounds, list) else [])
        if isinstance(one, Mapping) and one.get("round") == round_
    ]
    wanted = {**table, **(own[0] if own else {})}
    days = wanted.get("days", DEFAULT_DAYS)
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= MOST_DAYS:
        raise ValueError("publicity.days must be 1..365")
    return Terms(days, DayKind(wanted.get("kind_of_days", DayKind.NATURAL)))


def name_of(manifest: Mapping[str, Any], default: str) -> str:
    """The project's Chinese name."""
    inner = manifest.get("project")
    table = inner if isinstance(inner, Mapping) else manifest
    return str(table.get("name", default))


def period_label(period: str) -> str:
    """202305 → 2023年5月, 2024 → 2024年; anything else stays."""
    if period.isdigit() and len(period) == 6:
        return f"{period[:4]}年{int(period[4:])}月"
    return f"{period}年" if period.isdigit() and len(period) == 4 else period


def across_periods(manifest: Mapping[str, Any]) -> bool:
    """`[publicity] scope = "changed"`: who stood in the last confirmed notice in the same words is left out."""
    table = manifest.get("publicity")
    return isinstance(table, Mapping) and table.get("scope") == "changed"


def unit_of(manifest: Mapping[str, Any]) -> str | None:
    """What quantities are counted in: 人·月, 亩, 台."""
    table = manifest.get("payment")
    found = table.get("unit") if isinstance(table, Mapping) else None
    return str(found) if found else None


def is_area_notice(manifest: Mapping[str, Any], with_amounts: bool) -> bool:
    """面积公示: before a pool is divided there is no amount at all, so the column is left away."""
    table = manifest.get("payment")
    return not with_amounts and isinstance(table, Mapping) and table.get("mode") == "pool_by_area"


def default_title(name: str, period: str, round_: int, *, area: bool = False) -> str:
    """The title a handler starts from."""
    return f"{name}{period_label(period)}{'面积' if area else '发放对象'}公示（第{round_}次）"

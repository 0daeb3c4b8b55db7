"""Administrative regions (GB/T 2260 and below): a code and its level, compared at level boundaries only.

The length of a code is its level: 2, 4, 6, 9, 12 digits. Official tables pad with zeros, but stripping
them back is an escalation (150430 would become "15043"), so padded codes are refused, never guessed at.
Cities without counties (441900, three more) have padded county codes and are not supported.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path


class Level(IntEnum):
    """Levels, with the number of digits of a code as value: a smaller value stands higher."""

    PROVINCE = 2
    CITY = 4
    COUNTY = 6
    TOWNSHIP = 9
    VILLAGE = 12

    @property
    def label(self) -> str:
        """The Chinese word."""
        return _LABELS[self]


_LABELS = {
    Level.PROVINCE: "省",
    Level.CITY: "市",
    Level.COUNTY: "县",
    Level.TOWNSHIP: "乡镇",
    Level.VILLAGE: "村",
}
_LEVELS = {int(level): level for level in Level}
_DIGITS = frozenset("0123456789")
# The last two, two, two, three, three digits belong to a level; all zero there is padding, not a place.
_PADDING = {2: "00", 4: "00", 6: "00", 9: "000", 12: "000"}


class BadRegion(ValueError):
    """Not a region code: wrong length, not digits, or padded with zeros."""


def level(code: str) -> Level:
    """The level of a code. Raises BadRegion."""
    found = _LEVELS.get(len(code))
    if found is None or not _DIGITS.issuperset(code) or code.endswith(_PADDING[len(code)]):
        raise BadRegion("区划代码错误 (a region code has exactly 2, 4, 6, 9 or 12 digits, without padding)")
    return found


def is_region(code: str) -> bool:
    """Whether the text is a region code."""
    try:
        level(code)
    except BadRegion:
        return False
    return True


def ancestor(code: str, at: Level) -> str:
    """The region of level `at` that contains `code`, perhaps itself. Raises BadRegion when `at` is lower."""
    if level(code) < at:
        raise BadRegion(f"no {at.name.lower()} above this region")
    return code[: int(at)]


def covers(holder: str, target: str) -> bool:
    """Whether `target` is `holder` or lies inside it. Raises BadRegion for a malformed code."""
    at = level(holder)
    return level(target) >= at and target[: int(at)] == holder


def parents(code: str) -> Iterator[str]:
    """The containing regions, nearest first. Raises BadRegion."""
    own = level(code)
    for higher in sorted(Level, reverse=True):
        if higher < own:
            yield code[: int(higher)]


@dataclass(frozen=True, slots=True)
class Region:
    """One row of the table."""

    code: str
    level: Level
    name: str


class RegionTable:
    """The regions one deployment knows. Codes change every year: a table belongs to a version of them."""

    def __init__(self, regions: Iterable[Region]) -> None:
        self._by_code: dict[str, Region] = {}
        self._children: dict[str, list[Region]] = {}
        for region in regions:
            if region.code in self._by_code:
                raise BadRegion(f"region {region.code} stands twice in the table")
            if level(region.code) is not region.level:
                raise BadRegion(f"region {region.code} does not have the level it declares")
            self._by_code[region.code] = region
            self._children.setdefault(next(parents(region.code), ""), []).append(region)

    @classmethod
    def load(cls, path: Path | str) -> "RegionTable":
        """Read a JSON list of {"code", "level", "name"}; level is the digit count or the English name."""
        rows = json.loads(Path(path).read_text(encoding="utf-8"))
        return cls(Region(row["code"], _read_level(row["level"]), row["name"]) for row in rows)

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def __iter__(self) -> Iterator[Region]:
        return iter(self._by_code.values())

    def __len__(self) -> int:
        return len(self._by_code)

    def get(self, code: str) -> Region | None:
        """The region, or None when the table does not know it."""
        return self._by_code.get(code)

    def name(self, code: str) -> str:
        """The name, or the code itself when unknown: a list must still print."""
        region = self._by_code.get(code)
        return region.name if region else code

    def full_name(self, code: str) -> str:
        """The names from the highest known level down, joined."""
        known = [self._by_code[c] for c in [*reversed([*parents(code)]), code] if c in self._by_code]
        return "".join(region.name for region in known) or code

    def children(self, code: str) -> list[Region]:
        """The regions directly below, in table order."""
        return list(self._children.get(code, ()))

    def at(self, wanted: Level, within: str | None = None) -> list[Region]:
        """All regions of a level, inside `within` when given."""
        return [r for r in self if r.level is wanted and (within is None or covers(within, r.code))]

    def find(self, name: str, wanted: Level, within: str) -> Region | None:
        """The region of that name, level and container; None when there is none, or more than one."""
        found = [r for r in self.at(wanted, within) if r.name == name]
        return found[0] if len(found) == 1 else None


def _read_level(value: int | str) -> Level:
    try:
        return Level(value) if isinstance(value, int) else Level[value.upper()]
    except (ValueError, KeyError):
        raise BadRegion("unknown level in the region table") from None

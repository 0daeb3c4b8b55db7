"""The invented city of the demonstration: 云泠市 with three counties, 18 townships, their villages.

All codes stand on 5399, which GB/T 2260 has not assigned; no county or township bears a real one's name.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "regions" / "yunling.json"
"""The table that the rooms read through the setting `DAOHU_REGIONS_FILE`."""

CITY = "5399"


@dataclass(frozen=True, slots=True)
class Place:
    """One region; the length of its code is its level."""

    code: str
    level: str
    name: str


@cache
def places() -> tuple[Place, ...]:
    """All regions, from the city down, each before those inside it."""
    return tuple(Place(**row) for row in json.loads(FILE.read_text(encoding="utf-8")))


def as_rows() -> list[dict[str, str]]:
    """The table as written in the file: code, level, name."""
    return [{"code": one.code, "level": one.level, "name": one.name} for one in places()]


def at(level: str, within: str = CITY) -> list[Place]:
    """Regions of a level (city, county, township, village) inside `within`, in order of code."""
    return [one for one in places() if one.level == level and one.code.startswith(within)]


def name(code: str) -> str:
    """A region's name. Raises KeyError for a code that is not in the table."""
    return _names()[code]


@cache
def _names() -> dict[str, str]:
    return {one.code: one.name for one in places()}

"""The shape of a county's year (domain: 汶川 2022, 610 batches of 308 lines; 武定 2023, one of 58,893), scaled."""

import math
import random
from dataclasses import dataclass, replace

from demo import regions
from demo.people import Person, Population
from demo.population import Maker

COUNTY = "539901"
FIRST_PERIOD = "202301"
BATCHES, MEAN_LINES, HUGE_LINES, MONTHS = 600, 300, 58_893, 12
SMALLEST = 20
PLACES = 2
"""Townships that a small batch comes from; the huge one comes from all."""
SEED = 11


@dataclass(frozen=True)
class Program:
    """One subsidy program: the same people every month."""

    code: str
    people: list[Person]

    @property
    def townships(self) -> list[str]:
        """Where its people live."""
        return sorted({one.township for one in self.people})


@dataclass(frozen=True)
class Shape:
    """`programs` are paid in each of `periods`, `huge` once."""

    periods: list[str]
    programs: list[Program]
    huge: Program

    @property
    def everybody(self) -> Population:
        """All people, for the worlds outside and the reference lists."""
        people = [person for one in (*self.programs, self.huge) for person in one.people]
        return Population(people, FIRST_PERIOD, SEED)


def shape(scale: float) -> Shape:
    """The year with a `scale`-th of its batches and of the huge batch's lines; small batches keep their size."""
    months = max(2, round(MONTHS / math.sqrt(scale)))
    count = max(1, round(BATCHES / scale / months))
    rng = random.Random(SEED)
    maker = Maker(rng, FIRST_PERIOD)
    programs = [
        Program(f"{30001 + at}", _people(maker, lines, _places(at)))
        for at, lines in enumerate(_sizes(rng, count))
    ]
    everywhere = [one.code for one in regions.at("township", COUNTY)]
    huge = Program("39999", _people(maker, max(SMALLEST, round(HUGE_LINES / scale)), everywhere))
    return Shape([f"{FIRST_PERIOD[:4]}{month:02d}" for month in range(1, months + 1)], programs, huge)


def _sizes(rng: random.Random, count: int) -> list[int]:
    """Most are small and a few are not: lognormal, with the mean of the year."""
    drawn = [rng.lognormvariate(0.0, 1.0) for _ in range(count)]
    return [max(SMALLEST, round(one * MEAN_LINES * count / sum(drawn))) for one in drawn]


def _places(at: int) -> list[str]:
    townships = [one.code for one in regions.at("township", COUNTY)]
    return [townships[(at + step) % len(townships)] for step in range(PLACES)]


def _people(maker: Maker, count: int, townships: list[str]) -> list[Person]:
    maker.villages = [one.code for place in townships for one in regions.at("village", place)]
    return [replace(maker.person("roster", "", None), category="minimum_living") for _ in range(count)]

"""Invents the people of the pipeline's measurement: nobody has a fault, so that every line is to be paid."""

import random

from demo import regions
from demo.people import Population
from demo.population import Maker

COUNTY = "539901"
PERIOD = "202305"
SEED = 8


def crowd(lines: int) -> Population:
    """`lines` faultless people of one county, all coming by roster."""
    maker = Maker(random.Random(SEED), PERIOD)
    maker.villages = [one.code for one in regions.at("village", COUNTY)]
    return Population([maker.person("roster", "", None) for _ in range(lines)], PERIOD, SEED)

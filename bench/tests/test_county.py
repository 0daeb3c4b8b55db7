"""The shape of the year, whole and scaled, and its figures."""

import pytest

from bench.county.report import figures
from bench.county.shape import COUNTY, SMALLEST, shape


@pytest.mark.parametrize("scale", [60.0, 300.0])
def test_a_scaled_year_keeps_small_batches_small(scale: float) -> None:
    found = shape(scale)
    batches = len(found.programs) * len(found.periods)
    assert abs(batches - 600 / scale) <= 2 and len(found.periods) >= 2
    sizes = [len(one.people) for one in found.programs]
    assert abs(sum(sizes) / len(sizes) - 300) <= SMALLEST and min(sizes) >= SMALLEST
    assert len(found.huge.people) == round(58_893 / scale)
    assert all(len(one.townships) <= 2 for one in found.programs) and len(found.huge.townships) == 6
    people = found.everybody.people
    assert len({one.id_no for one in people}) == len(people)
    assert all(one.township.startswith(COUNTY) and one.expect == "paid" for one in people)


def test_the_last_line_has_rates_and_the_ratio_to_the_floor() -> None:
    told = figures(
        {
            "scale": 60.0, "load": (1.0, 1.0, 1.0), "batches": 10, "lines": 3000, "seconds": 60.0,
            "huge_lines": 1000, "huge_seconds": 40.0, "floor_s": 4.0,
        }
    )  # fmt: skip
    assert (told["batches_per_h"], told["per_s"], told["huge_per_s"]) == (600, 50.0, 25.0)
    assert (told["floor_per_s"], told["ratio"]) == (1000.0, 25.0)

"""Pool ÷ area in numbers: with real figures, and never a fen more than the pool."""

import random
from decimal import ROUND_DOWN, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.money import amount_fen
from services.payment.domain.pool import area_units, pool_fen, pool_price

AREAS = st.integers(1, 5_000_000).map(lambda n: Decimal(n).scaleb(-2))


def test_yaoan_gets_the_price_that_was_published() -> None:
    """姚安县: 17.97 M yuan over 158,608.63 亩, 113.2977 yuan a 亩."""
    area = Decimal("158608.63")
    price = pool_price(17_970_000_00, {area: 1}, [], 4)
    assert price == Decimal("113.2977")
    assert amount_fen(price, area) <= 17_970_000_00 < amount_fen(price + Decimal("0.0001"), area)


@pytest.mark.parametrize("scale", [0, 2, 4, 6, 8])
def test_a_county_of_58_893_lines_never_overpays_its_pool(scale: int) -> None:
    """武定's number of households: halves that go up overpaid the pool before the price was lowered."""
    rng = random.Random(58_893)
    lines = [Decimal(rng.randint(5, 3000)).scaleb(-2) for _ in range(58_893)]
    counts: dict[Decimal, int] = {}
    for one in lines:
        counts[one] = counts.get(one, 0) + 1
    pool = 90_000_000_17
    price = pool_price(pool, counts, [], scale)
    assert price is not None
    assert sum(amount_fen(price, one) for one in lines) <= pool
    above = price + Decimal(1).scaleb(-scale)
    floored = (Decimal(pool) / 100 / sum(lines)).quantize(Decimal(1).scaleb(-scale), rounding=ROUND_DOWN)
    assert price <= floored
    assert above > floored or sum(amount_fen(above, one) for one in lines) > pool


def test_a_price_of_eight_decimals_is_lowered_where_halves_would_overpay() -> None:
    areas = {Decimal("0.005"): 999}
    price = pool_price(1499, areas, [], 8)
    assert price == Decimal("2.99999999") and pool_fen(price, Decimal("0.005")) == 1
    assert pool_fen(Decimal(3), Decimal("0.005")) == 2


@settings(max_examples=200, deadline=None)
@given(
    pool=st.integers(1, 10**9),
    areas=st.dictionaries(AREAS, st.integers(1, 400), min_size=1, max_size=40),
    reserved=st.lists(AREAS, max_size=4),
    scale=st.integers(0, 8),
)
def test_it_is_the_highest_price_not_above_the_quotient_that_the_pool_can_pay(
    pool: int, areas: dict[Decimal, int], reserved: list[Decimal], scale: int
) -> None:
    step = Decimal(1).scaleb(-scale)
    price = pool_price(pool, areas, reserved, scale)

    def sums(one: Decimal) -> int:
        lines = sum(count * amount_fen(one, area) for area, count in areas.items())
        return lines + sum(amount_fen(one, area) for area in reserved)

    total = sum(area * count for area, count in areas.items()) + sum(reserved)
    quotient = (Decimal(pool) / 100 / total).quantize(step, rounding=ROUND_DOWN)
    if price is None:
        assert quotient == 0 or sums(step) > pool
        return
    assert step <= price <= quotient and sums(price) <= pool
    assert price + step > quotient or sums(price + step) > pool


@given(
    st.decimals(min_value="0.00000001", max_value=10**6, places=8),
    st.decimals(min_value="0.00000001", max_value=10**6, places=8),
)
def test_amounts_are_those_of_the_house(price: Decimal, area: Decimal) -> None:
    assert pool_fen(price, area) == amount_fen(price, area)


@pytest.mark.parametrize("area", ["0", "-1", "0.000000001", "NaN"])
def test_what_is_no_area_is_refused(area: str) -> None:
    with pytest.raises(ValueError, match="area"):
        area_units(Decimal(area))


def test_no_area_or_no_money_is_no_price() -> None:
    assert pool_price(100, {}, [], 4) is None
    assert pool_price(0, {Decimal(1): 1}, [], 4) is None
    assert pool_price(1, {Decimal(10**6): 1}, [], 2) is None
    with pytest.raises(ValueError, match="decimals"):
        pool_price(1, {Decimal(1): 1}, [], 9)

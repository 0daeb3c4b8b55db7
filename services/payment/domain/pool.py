"""Pool ÷ area (decisions §6): the highest price, with so many decimals, that the pool can pay every line of.

Halves go up line by line, so a price floored at its scale may still overpay the pool by some fen; it is lowered
by its last digit until it does not. As no line's amount rises when the price falls, a binary search finds the
very price that lowering step by step ends at.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

MOST_DECIMALS = 8
_AREA_UNITS = 10**MOST_DECIMALS


def area_units(area: Decimal) -> int:
    """An area in hundred-millionths of a 亩. Raises ValueError when it isn't positive or has more decimals."""
    units = area.scaleb(MOST_DECIMALS)
    if not area.is_finite() or area <= 0 or units != units.to_integral_value():
        raise ValueError("an area is positive, with at most 8 decimals")
    return int(units)


def pool_price(
    pool_fen: int, areas: Mapping[Decimal, int], reserved: Iterable[Decimal], scale: int
) -> Decimal | None:
    """Yuan per 亩 for `areas` (area → number of lines) and the `reserved` areas of late townships.

    None when there is no area at all, or the pool is too small for a price above zero at this scale.
    """
    if not 0 <= scale <= MOST_DECIMALS:
        raise ValueError("a price has 0 to 8 decimals")
    counts: dict[int, int] = {}
    for area, lines in [*areas.items(), *((area, 1) for area in reserved)]:
        units = area_units(area)
        counts[units] = counts.get(units, 0) + lines
    total = sum(units * lines for units, lines in counts.items())
    if not total or pool_fen <= 0:
        return None
    divisor = _AREA_UNITS * 10**scale
    high = pool_fen * divisor // (100 * total)
    low = 0
    while low < high:
        middle = (low + high + 1) // 2
        if _sum_fen(middle, counts, divisor) <= pool_fen:
            low = middle
        else:
            high = middle - 1
    return Decimal(low).scaleb(-scale) if low else None


def _sum_fen(price: int, counts: Mapping[int, int], divisor: int) -> int:
    return sum(lines * ((200 * price * units + divisor) // (2 * divisor)) for units, lines in counts.items())


def pool_fen(price: Decimal, area: Decimal) -> int:
    """What an area takes of the pool at a price, in fen, half up."""
    exact: int = int(price.scaleb(MOST_DECIMALS)) * area_units(area) * 100
    divisor: int = _AREA_UNITS * 10**MOST_DECIMALS
    return (2 * exact + divisor) // (2 * divisor)

"""Built-in functions over numbers."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel.errors import FeelNull
from engine.feel.values import CONTEXT


def _rounded(mode: str) -> Callable[..., Decimal]:
    def run(value: Decimal, scale: Decimal = Decimal(0)) -> Decimal:
        if scale != scale.to_integral_value() or abs(scale) > 6111:
            raise FeelNull("小数位数须为整数 (the scale must be a whole number)")
        exponent = value.as_tuple().exponent
        assert isinstance(exponent, int)
        if -exponent <= scale:
            return value
        return value.quantize(Decimal(1).scaleb(-int(scale), CONTEXT), rounding=mode, context=CONTEXT)

    return run


def _modulo(dividend: Decimal, divisor: Decimal) -> Decimal:
    """The remainder with the sign of the divisor: `dividend - divisor * floor(dividend / divisor)`."""
    rest = CONTEXT.remainder(dividend, divisor)
    if rest and (rest < 0) is not (divisor < 0):
        rest = CONTEXT.add(rest, divisor)
    return rest


def _root(value: Decimal) -> Decimal:
    return CONTEXT.sqrt(value)


def _even(value: Decimal) -> bool:
    return CONTEXT.remainder(value, Decimal(2)) == 0


def _odd(value: Decimal) -> bool:
    return abs(CONTEXT.remainder(value, Decimal(2))) == 1


def _log(value: Decimal) -> Decimal:
    if value <= 0:
        raise FeelNull("对数须为正数 (the logarithm needs a positive number)")
    return CONTEXT.ln(value)


def _abs(value: Any) -> Any:
    return (
        CONTEXT.abs(value)
        if type(value) is Decimal
        else value
        if value >= type(value)(0)
        else _negated(value)
    )


def _negated(value: Any) -> Any:
    from engine.feel.arithmetic import negative

    return negative(value)


FUNCTIONS: dict[tuple[str, str], Callable[..., Any]] = {
    ("decimal", "nn"): _rounded(decimal.ROUND_HALF_EVEN),
    ("floor", "nn?"): _rounded(decimal.ROUND_FLOOR),
    ("ceiling", "nn?"): _rounded(decimal.ROUND_CEILING),
    ("round up", "nn"): _rounded(decimal.ROUND_UP),
    ("round down", "nn"): _rounded(decimal.ROUND_DOWN),
    ("round half up", "nn"): _rounded(decimal.ROUND_HALF_UP),
    ("round half down", "nn"): _rounded(decimal.ROUND_HALF_DOWN),
    ("abs", "m"): _abs,
    ("modulo", "nn"): _modulo,
    ("sqrt", "n"): _root,
    ("log", "n"): _log,
    ("exp", "n"): CONTEXT.exp,
    ("odd", "n"): _odd,
    ("even", "n"): _even,
}

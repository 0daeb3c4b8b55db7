"""Money is an integer number of fen; this is the only place where yuan texts and prices turn into it."""

import re
from decimal import ROUND_HALF_UP, Context, Decimal

_YUAN = re.compile(r"(-?)(0|[1-9][0-9]{0,12})(?:\.([0-9]{1,2}))?")
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
PRICE_SCALE = 8
PRICE_MAX_DIGITS = 18  # decimal(18,8)


def parse_yuan(text: str) -> int:
    """ "50.00" -> 5000. Plain decimal notation only, at most two decimals.

    Raises ValueError (without repeating the input) for everything else: thousands separators, exponents,
    full-width digits, a sign other than a leading '-', a third decimal.
    """
    match = _YUAN.fullmatch(text.strip(" "))
    if match is None:
        raise ValueError("金额格式错误，应为元、至多两位小数 (not an amount in yuan with at most 2 decimals)")
    sign, whole, decimals = match.groups()
    fen = int(whole) * 100 + int((decimals or "").ljust(2, "0"))
    return -fen if sign else fen


def format_yuan(fen: int, *, thousands: bool = False) -> str:
    """5000 -> "50.00"; with `thousands`, 123456789 -> "1,234,567.89"."""
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole:{',' if thousands else ''}}.{rest:02d}"


def check_price(unit_price: Decimal) -> Decimal:
    """The price itself, if it is a decimal(18,8) of yuan per unit and not negative; else ValueError."""
    if not isinstance(unit_price, Decimal) or not unit_price.is_finite() or unit_price < 0:
        raise ValueError("a unit price is a finite Decimal, not negative")
    if unit_price != unit_price.quantize(Decimal(1).scaleb(-PRICE_SCALE), context=_EXACT):
        raise ValueError(f"a unit price has at most {PRICE_SCALE} decimals")
    if unit_price >= Decimal(10) ** (PRICE_MAX_DIGITS - PRICE_SCALE):
        raise ValueError("a unit price is below 10,000,000,000 yuan")
    return unit_price


def amount_fen(unit_price: Decimal, quantity: Decimal | int) -> int:
    """Unit price (yuan, decimal(18,8)) × quantity, rounded half up to fen. Raises ValueError for floats."""
    if not isinstance(quantity, Decimal | int) or isinstance(quantity, bool):
        raise ValueError("a quantity is a Decimal or an int, never a float")
    quantity = Decimal(quantity)
    if not quantity.is_finite() or quantity < 0:
        raise ValueError("a quantity is finite and not negative")
    exact = _EXACT.multiply(_EXACT.multiply(check_price(unit_price), quantity), Decimal(100))
    return int(exact.quantize(Decimal(1), context=_EXACT))

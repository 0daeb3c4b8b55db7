from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.money import amount_fen, check_price, format_yuan, parse_yuan


@given(st.integers(-(10**14), 10**14))
def test_yuan_goes_both_ways(fen: int) -> None:
    assert parse_yuan(format_yuan(fen)) == fen


@pytest.mark.parametrize(
    ("text", "fen"), [("50.00", 5000), ("50", 5000), ("0.5", 50), (" 1.05 ", 105), ("-0.01", -1)]
)
def test_parse(text: str, fen: int) -> None:
    assert parse_yuan(text) == fen


@pytest.mark.parametrize(
    "text", ["", "1.005", "1,000", "1e3", "５０", "+1", "01", ".5", "1.", "NaN", "50.00\n", "一百"]
)
def test_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount") as caught:
        parse_yuan(text)
    assert not text or text not in str(caught.value)


def test_thousands() -> None:
    assert format_yuan(123456789, thousands=True) == "1,234,567.89"
    assert format_yuan(-5) == "-0.05"


@pytest.mark.parametrize(
    ("price", "quantity", "fen"),
    [
        ("50", "1", 5000),
        ("0.005", "1", 1),  # half up, not to even
        ("0.015", "1", 2),
        ("0.025", "1", 3),
        ("0.00499999", "1", 0),
        ("57.12345678", "3.33", 19022),
        ("9999999999.99999999", "1", 1_000_000_000_000),
    ],
)
def test_amounts_round_half_up(price: str, quantity: str, fen: int) -> None:
    assert amount_fen(Decimal(price), Decimal(quantity)) == fen


@given(st.integers(0, 10**17), st.integers(0, 10**8))
def test_rounding_agrees_with_integers(price_e8: int, quantity_e2: int) -> None:
    exact_e8 = price_e8 * quantity_e2  # in fen × 10^8, since price × 100 fen / (10^8 × 10^2)
    expected = (2 * exact_e8 + 10**8) // (2 * 10**8)
    assert amount_fen(Decimal(price_e8).scaleb(-8), Decimal(quantity_e2).scaleb(-2)) == expected


@pytest.mark.parametrize("price", ["-1", "NaN", "Infinity", "0.000000001", "10000000000"])
def test_bad_prices(price: str) -> None:
    with pytest.raises(ValueError, match="unit price"):
        check_price(Decimal(price))


def test_floats_are_refused() -> None:
    with pytest.raises(ValueError, match="float"):
        amount_fen(Decimal(1), 0.1)  # type: ignore[arg-type] # the wrong type is the test
    with pytest.raises(ValueError, match="unit price"):
        amount_fen(0.1, 1)  # type: ignore[arg-type] # the wrong type is the test

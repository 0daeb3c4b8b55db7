import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.checkdigits import cnaps_check_digit, cnaps_valid, luhn_check_digit, luhn_valid

DIGITS = st.text("0123456789", min_size=11, max_size=11)


@pytest.mark.parametrize("code", ["102100099996", "103100000026", "313651027012"])
def test_published_outlets_pass(code: str) -> None:
    assert cnaps_valid(code)


@given(DIGITS)
def test_exactly_one_check_digit_fits(body: str) -> None:
    right = [d for d in "0123456789" if cnaps_valid(body + d)]
    assert right == [cnaps_check_digit(body)]
    assert [d for d in "0123456789" if luhn_valid(body + d)] == [luhn_check_digit(body)]


def test_luhn_of_the_field_reference() -> None:
    assert luhn_valid("6230000000000000015")
    assert not luhn_valid("6230000000000000016")


@pytest.mark.parametrize("text", ["", "10210009999", "１02100099996", "10210009999X"])
def test_not_digits(text: str) -> None:
    assert not cnaps_valid(text)
    assert not luhn_valid(text) or text == "10210009999"
    with pytest.raises(ValueError, match="eleven"):
        cnaps_check_digit(text[:10])

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.idnumber import Gender, IdFlag, IdNumber, IdProblem, IdReason, check_character, normalise

# Unassigned county codes: nobody bears these numbers.
GOOD = ["53269919500101001X", "532699194305120029", "510999198802290036"]


@pytest.mark.parametrize("text", GOOD)
def test_reference_numbers(text: str) -> None:
    found = normalise(text)
    assert isinstance(found, IdNumber)
    assert found.number == text
    assert found.flags == frozenset()


def test_birth_date_and_gender() -> None:
    found = normalise("53269919500101001X")
    assert isinstance(found, IdNumber)
    assert found.birth_date == date(1950, 1, 1)
    assert found.gender is Gender.MALE
    other = normalise("532699194305120029")
    assert isinstance(other, IdNumber)
    assert other.gender is Gender.FEMALE


@pytest.mark.parametrize(
    ("text", "number", "flags"),
    [
        ("532699430512002", "532699194305120029", {IdFlag.FIFTEEN_DIGITS}),
        ("53269919500101001x", "53269919500101001X", {IdFlag.LOWER_CASE_X}),
        (" 53269919500101001x\t", "53269919500101001X", {IdFlag.LOWER_CASE_X, IdFlag.TRIMMED}),
    ],
)
def test_other_spellings_become_one(text: str, number: str, flags: set[IdFlag]) -> None:
    found = normalise(text)
    assert isinstance(found, IdNumber)
    assert found.number == number
    assert found.flags == flags


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", IdReason.EMPTY),
        ("  ", IdReason.EMPTY),
        ("５3269919500101001X", IdReason.FULL_WIDTH),
        ("53269919500101001Ｘ", IdReason.FULL_WIDTH),
        ("5326991950010100", IdReason.WRONG_LENGTH),
        ("5326991950010100111", IdReason.WRONG_LENGTH),
        ("53269919500101O01X", IdReason.NOT_DIGITS),
        ("5326994305120٠2", IdReason.NOT_DIGITS),
        ("53269919500101001Y", IdReason.NOT_DIGITS),
        ("53269943051200X", IdReason.NOT_DIGITS),
        ("532699195002300010", IdReason.IMPOSSIBLE_DATE),
        ("532699190002290010", IdReason.IMPOSSIBLE_DATE),  # 1900 was no leap year
        ("532699120002280010", IdReason.IMPOSSIBLE_DATE),
        ("532699195001010011", IdReason.WRONG_CHECK_DIGIT),
    ],
)
def test_refusals_name_the_reason_and_not_the_number(text: str, reason: IdReason) -> None:
    found = normalise(text)
    assert found == IdProblem(reason)
    assert isinstance(found, IdProblem)
    assert found.code == reason.value
    assert "(" in found.message
    assert not text.strip() or text.strip() not in repr(found) + found.message


def test_a_birth_in_the_future_is_impossible() -> None:
    assert normalise(GOOD[2], today=date(1988, 2, 28)) == IdProblem(IdReason.IMPOSSIBLE_DATE)
    assert isinstance(normalise(GOOD[2], today=date(1988, 2, 29)), IdNumber)


def test_printing_one_by_accident_shows_nothing() -> None:
    found = normalise(GOOD[0])
    assert GOOD[0] not in f"{found} {found!r}"
    assert "1950" not in f"{found} {found!r}"


@given(
    st.dates(date(1850, 1, 1), date(2030, 1, 1)), st.integers(0, 999), st.integers(0, 17), st.integers(1, 9)
)
def test_any_single_changed_digit_is_noticed(born: date, serial: int, place: int, step: int) -> None:
    body = f"532699{born:%Y%m%d}{serial:03d}"
    number = body + check_character(body)
    assert isinstance(normalise(number), IdNumber)
    old = number[place]
    new = str((int(old) + step) % 10) if old != "X" else str(step)
    assert isinstance(normalise(number[:place] + new + number[place + 1 :]), IdProblem)

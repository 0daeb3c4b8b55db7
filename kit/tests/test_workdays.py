import logging
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import workdays


def test_national_day_2023_and_its_exchanged_days() -> None:
    assert not workdays.is_working_day(date(2023, 10, 2))  # a Monday
    assert workdays.is_working_day(date(2023, 10, 7))  # a Saturday worked in exchange
    assert workdays.add_working_days(date(2023, 9, 28), 1) == date(2023, 10, 7)


def test_zero_days_is_the_day_itself_and_less_is_refused() -> None:
    assert workdays.add_working_days(date(2023, 10, 1), 0) == date(2023, 10, 1)
    with pytest.raises(ValueError, match="negative"):
        workdays.add_working_days(date(2023, 10, 1), -1)


def test_an_unknown_year_counts_monday_to_friday_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    assert workdays.year_known(2023)
    assert not workdays.year_known(2099)
    with caplog.at_level(logging.WARNING):
        assert workdays.add_working_days(date(2098, 12, 31), 1) == date(2099, 1, 1)  # a Thursday
        assert workdays.add_working_days(date(2099, 1, 2), 1) == date(2099, 1, 5)
    assert sum("2099" in record.getMessage() for record in caplog.records) == 1


@given(st.dates(date(2022, 1, 1), date(2025, 6, 1)), st.integers(0, 40))
def test_adding_and_counting_agree(day: date, count: int) -> None:
    later = workdays.add_working_days(day, count)
    assert workdays.working_days_between(day, later) == count
    assert workdays.working_days_between(later, day) == -count

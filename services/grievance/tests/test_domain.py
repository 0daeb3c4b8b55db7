"""Deadlines and 回避, without a database."""

from datetime import date

from kit.workdays import add_working_days
from services.grievance.domain import State, accept_by, must_recuse, overdue


def test_acceptance_is_due_after_three_working_days_over_a_holiday() -> None:
    # Friday before the labour holiday of 2023 (29 April to 3 May; Sunday 23 April and Saturday 6 May worked).
    assert accept_by(date(2023, 4, 28), add_working_days) == date(2023, 5, 6)


def test_what_the_office_owes_is_overdue_and_not_on_its_last_day() -> None:
    due = date(2023, 5, 6)
    assert not overdue(State.REGISTERED, due, due)
    assert overdue(State.REGISTERED, due, date(2023, 5, 7))
    assert overdue(State.ACCEPTED, due, date(2023, 5, 7))
    assert not overdue(State.REPLIED, due, date(2023, 5, 7))


def test_a_person_concerned_recuses() -> None:
    assert must_recuse("subject-1", "subject-1", "subject-9")
    assert must_recuse("subject-9", "subject-1", "subject-9")
    assert not must_recuse("subject-5", "subject-1", "subject-9")
    assert not must_recuse(None, "subject-1", "subject-9")

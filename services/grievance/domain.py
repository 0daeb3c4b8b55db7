"""What grievance decides without a database: states, topics, findings, 回避."""

from collections.abc import Callable
from datetime import date
from enum import StrEnum

ACCEPT_WITHIN_WORKING_DAYS = 3
"""受理 within 3 working days of registration (decisions §5)."""


class State(StrEnum):
    """An objection's way: 登记 → 受理 (or refused) → 入户查实 → 结论."""

    REGISTERED = "registered"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SURVEYED = "surveyed"
    CONCLUDED = "concluded"

    @property
    def label(self) -> str:
        """The screen's word."""
        return _LABELS[self]


_LABELS = {
    State.REGISTERED: "登记",
    State.ACCEPTED: "受理",
    State.REFUSED: "不予受理",
    State.SURVEYED: "入户查实",
    State.CONCLUDED: "结论",
}

HOLDING = frozenset({State.ACCEPTED, State.SURVEYED})
"""States in which an objection holds its line."""
OPEN = HOLDING | {State.REGISTERED}


class Topic(StrEnum):
    """What the objection is about; the words around it are sealed."""

    NOT_ENTITLED = "not_entitled"
    WRONG_QUANTITY = "wrong_quantity"
    WRONG_AMOUNT = "wrong_amount"
    DECEASED = "deceased"
    MOVED_AWAY = "moved_away"
    OTHER = "other"


class Finding(StrEnum):
    """What the visit established, in codes that statistics may count."""

    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not_confirmed"
    NOT_AT_HOME = "not_at_home"
    DATA_ERROR = "data_error"
    CIRCUMSTANCES_CHANGED = "circumstances_changed"


def accept_by(registered_on: date, add_working_days: Callable[[date, int], date]) -> date:
    """The last day to accept or refuse; the day of registration is not counted."""
    return add_working_days(registered_on, ACCEPT_WITHIN_WORKING_DAYS)


def overdue(state: State, due_on: date, today: date) -> bool:
    """Whether 受理 is late."""
    return state is State.REGISTERED and today > due_on


def must_recuse(handler_subject: str | None, line_subject: str, complainant: str) -> bool:
    """回避: who is complained about, or complains, never handles it.

    Officials' tokens usually name no subject; where one does (an official who draws a subsidy), it decides.
    """
    return handler_subject is not None and handler_subject in (line_subject, complainant)

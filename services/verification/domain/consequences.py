"""What follows from a confirmed hit, as the reviewer's form is prefilled (decisions §4); people decide."""

from datetime import date
from typing import NamedTuple

from services.verification.domain.periods import before, period_like

CONSEQUENCES = frozenset({"exclude", "stop", "payee"})
_STOPS = frozenset({"membership", "household"})
"""Facts that end an entitlement until somebody applies again (moved away, no longer on the register)."""


class Consequence(NamedTuple):
    """exclude (this period), stop (the enrolment, `last_period` still owed) or payee (somebody else is paid)."""

    kind: str
    last_period: str | None = None


def usual(fact: str, value: object, period: str, died_on: date | None, within: str) -> Consequence:
    """The usual consequence of a confirmed hit on `fact` for a line of `period`.

    A household outlives a member: the line is left out until its size and payee are put right.

    `within` is the project's parameter for the period of death: pay or stop. Death after the period leaves the
    line owed: only the payee changes.
    """
    if fact == "payee_death":
        return Consequence("payee")
    if fact == "death" and value == "after":
        return Consequence("payee", _died_in(period, died_on))
    if fact == "death":
        last = _died_in(period, died_on)
        return Consequence("stop", before(last) if last and within == "stop" else last)
    if fact in _STOPS:
        return Consequence("stop", before(period))
    return Consequence("exclude")


def _died_in(period: str, died_on: date | None) -> str | None:
    return period_like(period, died_on) if died_on else None

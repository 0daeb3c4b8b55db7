"""States of one payment and the steps between them (reliability §3); the database enforces the same table."""

from enum import StrEnum


class State(StrEnum):
    """PLANNED and COMMITTED are ours; from SUBMITTED on the bank may have paid."""

    PLANNED = "PLANNED"
    COMMITTED = "COMMITTED"
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    UNKNOWN = "UNKNOWN"
    PAID = "PAID"
    REJECTED = "REJECTED"
    RETURNED = "RETURNED"


STEPS: dict[State, frozenset[State]] = {
    State.PLANNED: frozenset({State.COMMITTED}),
    # REJECTED straight from COMMITTED: an account is missing or can't be written, the line is never sent.
    State.COMMITTED: frozenset({State.SUBMITTED, State.REJECTED}),
    State.SUBMITTED: frozenset({State.ACCEPTED, State.UNKNOWN, State.REJECTED}),
    State.ACCEPTED: frozenset({State.PAID, State.RETURNED, State.REJECTED, State.UNKNOWN}),
    State.UNKNOWN: frozenset({State.PAID, State.RETURNED, State.REJECTED}),
    State.PAID: frozenset({State.RETURNED}),
    State.REJECTED: frozenset(),
    State.RETURNED: frozenset(),
}

DECIDED: dict[State, frozenset[State]] = {
    # The bank refused the file whole: built again under the same ids.
    State.SUBMITTED: frozenset({State.COMMITTED}),
    # The bank contradicted itself, and it had paid after all.
    State.REJECTED: frozenset({State.PAID}),
}
"""Steps that only a decision of two people may take."""

SETTLED = frozenset({State.PAID, State.REJECTED, State.RETURNED})
"""States with a bank result; an order whose payments are all here is settled."""

REPEATABLE = frozenset({State.REJECTED, State.RETURNED})
"""Only from here may a next attempt start: the money is certainly with the payer."""

MAX_ATTEMPT = 99


def may_step(before: State, after: State) -> bool:
    """Whether a payment may go from one state to another."""
    return after in STEPS[before]

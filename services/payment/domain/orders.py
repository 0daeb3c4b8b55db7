"""What a payment order may carry: one live payment per entitlement, and attempts that only rise."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from services.payment.domain.states import MAX_ATTEMPT, REPEATABLE, State


class Candidate(NamedTuple):
    """A signed, not excluded line and the identity of its entitlement."""

    payment_id: str
    line_id: str
    slice_id: str
    amount_fen: int


class Former(NamedTuple):
    """The latest attempt of a payment id that the book already has."""

    attempt: int
    state: State
    amount_fen: int


class Payable(NamedTuple):
    line: Candidate
    attempt: int


class Withheld(NamedTuple):
    """A line for a person to look at; `reason` is a code of `WITHHELD`."""

    line: Candidate
    reason: str


WITHHELD = {
    "still_live": "同一应享待遇已有未退回的付款 (this entitlement has a payment that is not returned)",
    "other_amount": "同一应享待遇金额不一致，须人工核定 (same entitlement, other amount: a person decides)",
    "twice_in_order": "同一应享待遇在本单中重复 (this entitlement stands twice in the order)",
    "no_amount": "未测算或金额不为正 (no positive amount)",
    "attempts_used": "重发次数已满 (no attempts left)",
}


class Drawn(NamedTuple):
    payable: list[Payable]
    withheld: list[Withheld]

    @property
    def total_fen(self) -> int:
        """Sum of the payable lines, in fen."""
        return sum(one.line.amount_fen for one in self.payable)


def draw(candidates: Iterable[Candidate], former: Mapping[str, Former]) -> Drawn:
    """Decide every line: payable with its attempt, or withheld with the reason."""
    drawn = Drawn([], [])
    seen: set[str] = set()
    for line in candidates:
        reason, attempt = _judge(line, former.get(line.payment_id), line.payment_id in seen)
        if reason:
            drawn.withheld.append(Withheld(line, reason))
        else:
            drawn.payable.append(Payable(line, attempt))
            seen.add(line.payment_id)
    return drawn


def _judge(line: Candidate, former: Former | None, seen: bool) -> tuple[str, int]:
    if line.amount_fen <= 0:
        return "no_amount", 0
    if seen:
        return "twice_in_order", 0
    if former is None:
        return "", 1
    if former.amount_fen != line.amount_fen:
        return "other_amount", 0
    if former.state not in REPEATABLE:
        return "still_live", 0
    if former.attempt >= MAX_ATTEMPT:
        return "attempts_used", 0
    return "", former.attempt + 1

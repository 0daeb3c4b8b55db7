"""What a payment order may carry: one live payment per entitlement, attempts that only rise, deductions netted."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from services.payment.domain.states import MAX_ATTEMPT, REPEATABLE, State

DEDUCTION = "deduction"


class Candidate(NamedTuple):
    """A signed, not excluded line and the identity of its entitlement; a deduction's amount is below zero."""

    payment_id: str
    line_id: str
    slice_id: str
    amount_fen: int
    application_id: str = ""
    kind: str = "normal"


class Former(NamedTuple):
    """The attempt of a payment id that the book already has: the live one, or else the latest.

    `contested`: the bank contradicted itself about some attempt of it, and nobody has decided yet.
    """

    attempt: int
    state: State
    amount_fen: int
    contested: bool = False


class Payable(NamedTuple):
    """`net_fen` is what the bank is told; a deduction is told nothing: it is `paid_with` another attempt."""

    line: Candidate
    attempt: int
    net_fen: int
    paid_with: tuple[str, int] | None = None


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
    "in_conflict": "银行回盘前后矛盾，尚未裁定 (the bank contradicted itself: not decided yet)",
    "no_case": "扣回无对应的追回分期 (no ordered instalment of a recovery asks for this deduction)",
    "nothing_to_keep": "同一申请无可扣的正常明细 (no payable line of this application to keep it back from)",
    "over_normal": "扣回超过本次应发金额 (more than the line it is kept back from)",
}


class Drawn(NamedTuple):
    """`payable` has every line followed by the deductions that are kept back from it."""

    payable: list[Payable]
    withheld: list[Withheld]

    @property
    def total_fen(self) -> int:
        """Sum of what will be paid, net of deductions, in fen."""
        return sum(one.net_fen for one in self.payable)

    @property
    def not_kept_back_fen(self) -> int:
        """Deductions that were signed but could not be kept back: by so much the order is dearer."""
        return -sum(one.line.amount_fen for one in self.withheld if one.line.kind == DEDUCTION)


def draw(
    candidates: Iterable[Candidate], former: Mapping[str, Former], ordered: Mapping[str, int] | None = None
) -> Drawn:
    """Decide every line: payable with its attempt, or withheld with the reason.

    `ordered` has the instalments that may be kept back, in fen by payment id. A deduction goes with the line of
    the same application and slice (the normal one, if there are several).
    """
    every = list(candidates)
    withheld: list[Withheld] = []
    hosts: list[Payable] = []
    seen: set[str] = set()
    for line in (one for one in every if one.kind != DEDUCTION):
        reason, attempt = _judge(line, former.get(line.payment_id), line.payment_id in seen)
        if reason:
            withheld.append(Withheld(line, reason))
        else:
            hosts.append(Payable(line, attempt, line.amount_fen))
            seen.add(line.payment_id)
    deductions = [one for one in every if one.kind == DEDUCTION]
    payable, rest = _net(hosts, deductions, former, ordered or {})
    return Drawn(payable, withheld + rest)


def _judge(line: Candidate, former: Former | None, seen: bool) -> tuple[str, int]:
    if line.amount_fen <= 0:
        return "no_amount", 0
    if seen:
        return "twice_in_order", 0
    return _next_attempt(line, former)


def _next_attempt(line: Candidate, former: Former | None) -> tuple[str, int]:
    if former is None:
        return "", 1
    if former.contested:
        return "in_conflict", 0
    if former.amount_fen != line.amount_fen:
        return "other_amount", 0
    if former.state not in REPEATABLE:
        return "still_live", 0
    if former.attempt >= MAX_ATTEMPT:
        return "attempts_used", 0
    return "", former.attempt + 1


def _net(
    hosts: Sequence[Payable],
    deductions: Sequence[Candidate],
    former: Mapping[str, Former],
    ordered: Mapping[str, int],
) -> tuple[list[Payable], list[Withheld]]:
    if not deductions:
        return list(hosts), []
    place: dict[tuple[str, str], int] = {}
    for index, one in enumerate(hosts):
        key = (one.line.slice_id, one.line.application_id)
        if key not in place or one.line.kind == "normal":
            place[key] = index
    net = [one.net_fen for one in hosts]
    riders: dict[int, list[Payable]] = {}
    withheld: list[Withheld] = []
    seen: set[str] = set()
    for line in deductions:
        host = place.get((line.slice_id, line.application_id))
        reason, attempt = _judge_deduction(
            line, ordered, line.payment_id in seen, former.get(line.payment_id)
        )
        if not reason and host is None:
            reason = "nothing_to_keep"
        if not reason and host is not None and net[host] + line.amount_fen < 0:
            reason = "over_normal"
        if reason or host is None:
            withheld.append(Withheld(line, reason))
            continue
        net[host] += line.amount_fen
        seen.add(line.payment_id)
        with_ = (hosts[host].line.payment_id, hosts[host].attempt)
        riders.setdefault(host, []).append(Payable(line, attempt, 0, with_))
    payable: list[Payable] = []
    for index, one in enumerate(hosts):
        payable += [one._replace(net_fen=net[index]), *riders.get(index, ())]
    return payable, withheld


def _judge_deduction(
    line: Candidate, ordered: Mapping[str, int], seen: bool, former: Former | None
) -> tuple[str, int]:
    if seen:
        return "twice_in_order", 0
    if ordered.get(line.payment_id) != -line.amount_fen:
        return "no_case", 0
    return _next_attempt(line, former)

"""Result files: read strictly, checked as a whole, and only then decided line by line."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from services.payment.domain.codes import known_code
from services.payment.domain.states import State

_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,12})\.([0-9]{2})")
_COUNT = re.compile(r"[0-9]{1,9}")
STATUSES = frozenset({"success", "failed", "unknown", "returned"})
REFUSALS = {
    "bad_file": "结果文件格式错误 (the result file can't be read)",
    "wrong_digest": "结果文件摘要不符 (the digest differs)",
    "other_file": "结果文件不属于该付款文件 (results of another file)",
    "wrong_count": "笔数与表头不符 (the counts differ from the header)",
    "wrong_total": "金额与表头不符 (the total differs from the header)",
    "unknown_line": "含有本文件没有的明细 (a line that was never sent)",
    "line_twice": "同一明细出现两次 (a line occurs twice)",
    "duplicate": "结果文件已处理过 (this result file was applied before)",
    "result_id_reused": "结果文件号重复而内容不同 (the bank's file id was used for other content)",
}


class Refused(Exception):
    """The whole result file is refused and changes nothing; `code` is a key of `REFUSALS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Claim(NamedTuple):
    """What the bank says of one payment."""

    end_to_end_id: str
    status: str
    code: str
    bank_serial: str
    paid_at: str


class ResultFile(NamedTuple):
    """A readable result file; counts and total as its header says, total in fen."""

    batch: str
    lines: int
    paid: int
    failed: int
    total_fen: int
    claims: list[Claim]


class Held(NamedTuple):
    """What our book has of the payment."""

    state: State
    amount_fen: int
    bank_ref: str | None


class Contradiction(NamedTuple):
    claim: Claim
    held: State


class Outcome(NamedTuple):
    """`moves` by target state; contradictions for a person; `left` stays for a query or says nothing new."""

    moves: dict[State, list[Claim]]
    contradictions: list[Contradiction]
    left: int


def parse(text: str) -> ResultFile:
    """Read a result file; raises Refused("bad_file") rather than guess."""
    lines = text.splitlines()
    head = lines[0].split("|") if lines else []
    if len(head) != 6 or not all(_COUNT.fullmatch(one) for one in head[2:5]):
        raise Refused("bad_file")
    amount = _AMOUNT.fullmatch(head[5])
    if amount is None:
        raise Refused("bad_file")
    total = int(amount[1]) * 100 + int(amount[2])
    return ResultFile(
        head[0], int(head[2]), int(head[3]), int(head[4]), total, [_claim(one) for one in lines[1:]]
    )


def _claim(line: str) -> Claim:
    fields = line.split("|")
    if len(fields) != 7 or fields[2] not in STATUSES:
        raise Refused("bad_file")
    code = known_code(fields[3]) if fields[2] in ("failed", "returned") else ""
    return Claim(fields[1], fields[2], code, fields[5][:40], fields[6][:40])


def check(result: ResultFile, batch: str, held: Mapping[str, Held]) -> None:
    """Everything that must hold before any line applies; raises Refused."""
    if result.batch != batch:
        raise Refused("other_file")
    ids = {claim.end_to_end_id for claim in result.claims}
    if len(ids) != len(result.claims):
        raise Refused("line_twice")
    if not ids <= held.keys():
        raise Refused("unknown_line")
    paid = [claim for claim in result.claims if claim.status == "success"]
    failed = sum(claim.status == "failed" for claim in result.claims)
    if (result.lines, result.paid, result.failed) != (len(result.claims), len(paid), failed):
        raise Refused("wrong_count")
    if result.total_fen != sum(held[claim.end_to_end_id].amount_fen for claim in paid):
        raise Refused("wrong_total")


_TARGETS = {
    "success": State.PAID,
    "failed": State.REJECTED,
    "unknown": State.UNKNOWN,
    "returned": State.RETURNED,
}


def decide(claims: Iterable[Claim], held: Mapping[str, Held]) -> Outcome:
    """Where each claimed payment goes. UNKNOWN is left to queries; what is settled is never overwritten."""
    outcome = Outcome({}, [], 0)
    left = 0
    for claim in claims:
        book = held[claim.end_to_end_id]
        target = _TARGETS[claim.status]
        if book.state is State.ACCEPTED or (book.state is State.PAID and target is State.RETURNED):
            outcome.moves.setdefault(target, []).append(claim)
        elif _contradicts(book, claim, target):
            outcome.contradictions.append(Contradiction(claim, book.state))
        else:
            left += 1
    return outcome._replace(left=left)


def _contradicts(book: Held, claim: Claim, target: State) -> bool:
    if book.state is State.PAID and target is State.PAID:
        return bool(book.bank_ref and claim.bank_serial and book.bank_ref != claim.bank_serial)
    pairs = {(State.PAID, State.REJECTED), (State.REJECTED, State.PAID), (State.REJECTED, State.RETURNED)}
    return (book.state, target) in pairs


def answered(status: str, code: str) -> tuple[State, str] | None:
    """What a bank's answer to a query settles an UNKNOWN payment to; None leaves it unknown."""
    match status:
        case "PAID":
            return State.PAID, ""
        case "REJECTED":
            return State.REJECTED, known_code(code)
        case "RETURNED":
            return State.RETURNED, known_code(code)
    return None

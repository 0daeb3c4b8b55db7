"""A bank statement's entries: what a readable one is, and what a day's entry means for a payment."""

import csv
import io
import re
from typing import NamedTuple

from services.payment.domain.results import Refused
from services.payment.domain.states import State

COLUMNS = ("bank_ref", "direction", "kind", "amount_fen", "end_to_end_id", "reference", "code")
WHY = {
    "unknown_payment": "对账单有而我方无此付款 (no payment of ours)",
    "other_amount": "金额与付款不符 (another amount than the payment)",
    "stated_twice": "同一付款第二次入账 (this payment was stated before)",
    "not_sent": "该付款未曾送出 (this payment was never sent)",
    "contradicts": "与回盘结果矛盾 (contradicts the result file)",
    "no_case": "无可对应的追回案 (no open recovery of this notice)",
    "over_case": "退缴多于应追回余额 (more than the recovery still claims)",
    "unexplained": "来款或扣款无说明 (nothing says what it is)",
    "case_withdrawn": "原付款已退回，退缴款待退还 (the payment itself came back)",
}


class Entry(NamedTuple):
    """One movement. `direction` debit (left us) | credit (came); `kind` payment | return | repayment | other."""

    bank_ref: str
    direction: str
    kind: str
    amount_fen: int
    end_to_end_id: str = ""
    reference: str = ""
    code: str = ""


class Booked(NamedTuple):
    """What our book has of the payment that an entry names; `stated`: an earlier entry said the same of it."""

    state: State
    net_fen: int
    stated: bool


WAIT = "wait"
"""The bank's receipt for the file is not here yet: the entry is judged again later."""

_REF = re.compile(r"[A-Za-z0-9._/-]{1,64}")


def check(entries: list[Entry]) -> list[Entry]:
    """Raises Refused("bad_file" or "line_twice") rather than guess; a statement counts whole or not at all."""
    for one in entries:
        if (
            not _REF.fullmatch(one.bank_ref)
            or (one.direction, one.kind) not in _KINDS
            or not 0 < one.amount_fen <= 10**15
        ):
            raise Refused("bad_file")
    if len({(one.bank_ref, one.direction) for one in entries}) != len(entries):
        raise Refused("line_twice")
    return entries


_KINDS = {
    ("debit", "payment"),
    ("debit", "other"),
    ("credit", "return"),
    ("credit", "repayment"),
    ("credit", "other"),
}


def parse_csv(text: str) -> list[Entry]:
    """A statement as CSV with a header of `COLUMNS`; amounts in fen. Raises Refused."""
    rows = csv.reader(io.StringIO(text))
    if tuple(next(rows, [])) != COLUMNS:
        raise Refused("bad_file")
    entries = []
    for row in rows:
        if len(row) != len(COLUMNS) or not re.fullmatch(r"[0-9]{1,16}", row[3], re.ASCII):
            raise Refused("bad_file")
        entries.append(Entry(row[0], row[1], row[2], int(row[3]), row[4], row[5], row[6]))
    return check(entries)


def judge(entry: Entry, booked: Booked | None) -> tuple[State | None, str]:
    """What a payment's or a return's entry does: (state to move to, "") or (None, "") when it only confirms,
    else (None, reason) for suspense. A contradiction is told as `contradicts`."""
    if booked is None:
        return None, "unknown_payment"
    if booked.net_fen != entry.amount_fen:
        return None, "other_amount"
    if booked.stated:
        return None, "stated_twice"
    if booked.state in (State.PLANNED, State.COMMITTED):
        return None, "not_sent"
    if booked.state is State.SUBMITTED:
        return None, WAIT
    if entry.kind == "return":
        if booked.state is State.REJECTED:
            return None, "contradicts"
        return (None if booked.state is State.RETURNED else State.RETURNED), ""
    if booked.state is State.REJECTED:
        return None, "contradicts"
    # PAID is confirmed; RETURNED was paid before it came back.
    return (State.PAID if booked.state in (State.ACCEPTED, State.UNKNOWN) else None), ""

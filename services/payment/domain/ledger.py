"""Postings as movements between account kinds; a posting is the sum of its movements and always balances."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """Accounts per county × project × year (reliability §3).

    `appropriation` and `clearing` are the world outside: below zero by what came from it. What was paid without
    being owed stands on `receivable` instead of `paid`, until it is kept back, repaid or written off.
    """

    APPROPRIATION = "appropriation"
    BUDGET = "budget"
    COMMITTED = "committed"
    IN_TRANSIT = "in_transit"
    PAID = "paid"
    RETURNED = "returned"
    SUSPENSE = "suspense"
    RECEIVABLE = "receivable"
    WRITTEN_OFF = "written_off"
    CLEARING = "clearing"


LABELS = {
    Kind.APPROPRIATION: "预算来源 (appropriation)",
    Kind.BUDGET: "可用指标 (budget)",
    Kind.COMMITTED: "已挂账 (committed)",
    Kind.IN_TRANSIT: "支付在途 (in transit)",
    Kind.PAID: "已发放 (paid)",
    Kind.RETURNED: "退回 (returned)",
    Kind.SUSPENSE: "待查 (suspense)",
    Kind.RECEIVABLE: "应追回 (receivable)",
    Kind.WRITTEN_OFF: "已核销 (written off)",
    Kind.CLEARING: "来款未认 (bank receipts not yet explained)",
}


class Move(NamedTuple):
    """So many fen from one account to another."""

    source: Kind
    target: Kind
    fen: int


def entries(moves: Iterable[Move]) -> dict[Kind, int]:
    """Signed entries of the moves, netted per account, without zeros; they sum to zero.

    Raises ValueError for a negative move: a correction is its own reversing posting.
    """
    sums: dict[Kind, int] = {}
    for source, target, fen in moves:
        if fen < 0:
            raise ValueError("a move is never negative")
        sums[source] = sums.get(source, 0) - fen
        sums[target] = sums.get(target, 0) + fen
    return {kind: fen for kind, fen in sums.items() if fen}

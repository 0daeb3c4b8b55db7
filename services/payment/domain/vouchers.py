"""The list that a payment request stands for: its digest and total, and how a voucher may differ from it."""

from collections.abc import Iterable
from typing import NamedTuple

from contracts.base import rows_digest

REFUSALS = {
    "other_hash": "清单摘要与拨款凭证不符 (the list's hash differs from the voucher)",
    "other_total": "清单金额与拨款凭证不符 (the list's total differs from the voucher)",
    "withdrawn": "支付申请已撤回 (the payment request was withdrawn)",
}


class Item(NamedTuple):
    """One line of the list, as it is digested; in fen."""

    payment_id: str
    attempt: int
    line_id: str
    subject_id: str
    payee_id: str
    amount_fen: int


class Listed(NamedTuple):
    """Digest, number of lines and total of a list, in fen."""

    list_hash: str
    lines: int
    total_fen: int


def digest(items: Iterable[Item]) -> Listed:
    """SHA-256 over the lines in canonical JSON, sorted by payment id and attempt, and their sum."""
    rows = sorted(items)
    return Listed(rows_digest(one._asdict() for one in rows), len(rows), sum(one.amount_fen for one in rows))


def differs(listed: Listed, list_hash: str, amount_fen: int) -> str | None:
    """How a voucher over this amount and hash differs from the list: a key of `REFUSALS`, or None."""
    if listed.total_fen != amount_fen:
        return "other_total"
    return "other_hash" if listed.list_hash != list_hash else None

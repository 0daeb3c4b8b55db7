"""The pipe text file (domain §4): header `batch|date|payer_acct|count|total`, then one line per payment.

Written here and read by the bank; what can't be written safely is refused before it is sent.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from services.payment.domain.codes import BAD_FORMAT, MISSING_ACCOUNT

SEPARATOR = "|"
_FORBIDDEN = frozenset("|\r\n\t\x00\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")


class Detail(NamedTuple):
    """One payment as the bank reads it; `end_to_end_id` is the bank's idempotency key."""

    seq: int
    end_to_end_id: str
    account: str
    name: str
    bank_code: str
    amount_fen: int
    memo: str


class PayTo(NamedTuple):
    """Where a payee's money goes, from the registry."""

    account: str
    name: str
    bank_code: str


def yuan(fen: int) -> str:
    """Fen as yuan with two decimals. Raises ValueError for a negative amount."""
    if fen < 0:
        raise ValueError("a bank file has no negative amount")
    return f"{fen // 100}.{fen % 100:02d}"


def unsendable(pay_to: PayTo | None, encoding: str) -> str | None:
    """The failure code that keeps a line out of the file, or None when it can be written."""
    if pay_to is None or not pay_to.account:
        return MISSING_ACCOUNT
    if not pay_to.name or any(not _FORBIDDEN.isdisjoint(field) for field in pay_to):
        return BAD_FORMAT
    try:
        "".join(pay_to).encode(encoding)
    except UnicodeEncodeError:
        return BAD_FORMAT
    return None


def render(batch: str, day: date, payer_account: str, details: Sequence[Detail]) -> str:
    """The whole file. Its count and total are those of its lines."""
    total = yuan(sum(one.amount_fen for one in details))
    head = SEPARATOR.join((batch, day.isoformat(), payer_account, str(len(details)), total))
    return "\n".join([head, *_lines(details)]) + "\n"


def _lines(details: Iterable[Detail]) -> Iterable[str]:
    for one in details:
        fields = (str(one.seq), *one[1:5], yuan(one.amount_fen), one.memo)
        yield SEPARATOR.join(fields)


def masked(text: str) -> str:
    """A file for the eyes of others: names to their first character, accounts to their last four digits."""
    head, *rows = text.splitlines()
    out = [head]
    for row in rows:
        fields = row.split(SEPARATOR)
        fields[2] = "*" * max(len(fields[2]) - 4, 4) + fields[2][-4:]
        fields[3] = fields[3][:1] + "**"
        out.append(SEPARATOR.join(fields))
    return "\n".join(out) + "\n"

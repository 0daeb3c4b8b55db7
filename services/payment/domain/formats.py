"""The formats of banks behind one door: what a file is written in, masked in, and what results are read from."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from services.payment.domain import bankfile, results
from services.payment.domain.bankfile import Detail, PayTo
from services.payment.domain.iso20022 import camt054, pain001, pain002
from services.payment.domain.iso20022.document import is_xml
from services.payment.domain.results import ResultFile
from services.payment.domain.statements import Entry, parse_csv

PIPE, PAIN = "pipe", "pain.001"


class Head(NamedTuple):
    """What a file says of itself; `made_at` is wall time, `day` the business day, `payer` who pays in words."""

    file_id: str
    made_at: datetime
    day: date
    payer_account: str
    payer: str


def unsendable(format_: str, encoding: str, pay_to: PayTo | None) -> str | None:
    """The failure code that keeps a line out of a file of this format, or None."""
    code = bankfile.unsendable(pay_to, encoding)
    return code or (pain001.unsendable(pay_to) if format_ == PAIN else None)


def render(format_: str, encoding: str, head: Head, details: Sequence[Detail]) -> bytes:
    """A whole file as it will be sent; a file of no lines is never sent, whatever its format."""
    if format_ == PAIN:
        return pain001.render(*head, details) if details else b""
    return bankfile.render(head.file_id, head.day, head.payer_account, details).encode(encoding)


def masked(content: bytes, encoding: str) -> bytes:
    """A file for the eyes of others."""
    if is_xml(content):
        return pain001.masked(content)
    return bankfile.masked(content.decode(encoding)).encode(encoding)


def parse_results(text: str) -> ResultFile:
    """A result file as text or as pain.002. Raises Refused."""
    content = text.encode()
    return pain002.parse(content) if is_xml(content) else results.parse(text)


def parse_statement(content: bytes) -> list[Entry]:
    """A statement as CSV or as camt.054. Raises Refused, UnicodeDecodeError."""
    return camt054.parse(content) if is_xml(content) else parse_csv(content.decode("utf-8-sig"))

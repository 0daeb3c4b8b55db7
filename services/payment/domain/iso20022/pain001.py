"""pain.001.001.09: a bank file as a customer credit transfer initiation (mapping: domain §4)."""

import re
import uuid
from collections.abc import Sequence
from datetime import date, datetime

from lxml import etree

from services.payment.domain.bankfile import Detail, PayTo, yuan
from services.payment.domain.codes import BAD_FORMAT, MISSING_ACCOUNT
from services.payment.domain.iso20022.document import Reader, Writer

NAME = "pain.001.001.09"
PURPOSE = "GOVT"
CLEARING = "CNAPS"
LONGEST_ACCOUNT, LONGEST_NAME, LONGEST_MEMBER, LONGEST_MEMO = 34, 140, 35, 140
_MESSAGE_ID = re.compile(r"([0-9a-f]{32})-([1-9][0-9]?)")
# What XML 1.0 can't carry, and line breaks, which a reader may fold.
_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u2028\u2029]")


def message_id(file_id: str) -> str:
    """A file's id within 35 characters: the order's 32 hex digits, `-`, the file's number.

    Raises ValueError for what is no file id of ours.
    """
    order, _, number = file_id.rpartition("-")
    text = f"{uuid.UUID(order).hex}-{number}"
    if not _MESSAGE_ID.fullmatch(text):
        raise ValueError("not a file id of ours")
    return text


def file_id(message: str) -> str | None:
    """The file that a message id names, or None when it is not one of ours."""
    match = _MESSAGE_ID.fullmatch(message)
    return f"{uuid.UUID(match[1])}-{match[2]}" if match else None


def unsendable(pay_to: PayTo | None) -> str | None:
    """The failure code that keeps a line out of the file, or None when the schema can carry it."""
    if pay_to is None or not pay_to.account:
        return MISSING_ACCOUNT
    lengths = (len(pay_to.account) <= LONGEST_ACCOUNT, 0 < len(pay_to.name) <= LONGEST_NAME)
    if not all(lengths) or not 0 < len(pay_to.bank_code) <= LONGEST_MEMBER:
        return BAD_FORMAT
    return (
        BAD_FORMAT if any(_UNWRITABLE.search(field) or field != field.strip() for field in pay_to) else None
    )


def render(
    file: str, made_at: datetime, day: date, payer_account: str, payer: str, details: Sequence[Detail]
) -> bytes:
    """The whole message, valid by its schema; its counts and sums are those of its lines.

    `made_at` is wall time in UTC, `day` the requested execution date, `payer` the county's name or code.
    """
    writer = Writer(NAME)
    initiation = writer.add(writer.root, "CstmrCdtTrfInitn")
    total = yuan(sum(one.amount_fen for one in details))
    header = writer.add(initiation, "GrpHdr")
    writer.add(header, "MsgId", message_id(file))
    writer.add(header, "CreDtTm", made_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    writer.add(header, "NbOfTxs", str(len(details)))
    writer.add(header, "CtrlSum", total)
    writer.add(header, "InitgPty/Nm", payer)
    block = writer.add(initiation, "PmtInf")
    writer.add(block, "PmtInfId", message_id(file))
    writer.add(block, "PmtMtd", "TRF")
    writer.add(block, "BtchBookg", "true")
    writer.add(block, "NbOfTxs", str(len(details)))
    writer.add(block, "CtrlSum", total)
    writer.add(block, "PmtTpInf/CtgyPurp/Cd", PURPOSE)
    writer.add(block, "ReqdExctnDt/Dt", day.isoformat())
    writer.add(block, "Dbtr/Nm", payer)
    account = writer.add(block, "DbtrAcct")
    writer.add(account, "Id/Othr/Id", payer_account)
    writer.add(account, "Ccy", "CNY")
    writer.add(block, "DbtrAgt/FinInstnId/Othr/Id", "NOTPROVIDED")
    for one in details:
        _transfer(writer, block, one)
    return writer.bytes()


def _transfer(writer: Writer, block: etree._Element, one: Detail) -> None:
    transfer = writer.add(block, "CdtTrfTxInf")
    ids = writer.add(transfer, "PmtId")
    writer.add(ids, "InstrId", str(one.seq))
    writer.add(ids, "EndToEndId", one.end_to_end_id)
    writer.add(transfer, "Amt/InstdAmt", yuan(one.amount_fen)).set("Ccy", "CNY")
    member = writer.add(transfer, "CdtrAgt/FinInstnId/ClrSysMmbId")
    writer.add(member, "ClrSysId/Cd", CLEARING)
    writer.add(member, "MmbId", one.bank_code)
    writer.add(transfer, "Cdtr/Nm", one.name)
    writer.add(transfer, "CdtrAcct/Id/Othr/Id", one.account)
    writer.add(transfer, "RmtInf/Ustrd", one.memo[:LONGEST_MEMO])


def masked(content: bytes) -> bytes:
    """The message for the eyes of others: names to their first character, accounts to their last four digits."""
    root = etree.fromstring(content)
    reader = Reader(NAME)
    for transfer in reader.all(root, "CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf"):
        for name in reader.all(transfer, "Cdtr/Nm"):
            name.text = (name.text or "")[:1] + "**"
        for account in reader.all(transfer, "CdtrAcct/Id/Othr/Id"):
            text = account.text or ""
            account.text = "*" * max(len(text) - 4, 4) + text[-4:]
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")

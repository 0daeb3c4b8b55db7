"""camt.054.001.08: the bank's debit and credit notification, read as movements of the paying account."""

from lxml import etree

from services.payment.domain.iso20022.codes import ours
from services.payment.domain.iso20022.document import Reader, read
from services.payment.domain.iso20022.pain002 import fen
from services.payment.domain.results import Refused
from services.payment.domain.statements import Entry, check

NAME = "camt.054.001.08"
_NOTICES = "BkToCstmrDbtCdtNtfctn/Ntfctn"


def parse(content: bytes) -> list[Entry]:
    """Read the booked entries, transaction by transaction; raises Refused("bad_file") rather than guess.

    Entries that are not booked yet say nothing. The transactions of an entry must sum up to it.
    """
    root = read(content, NAME)
    reader = Reader(NAME)
    found: list[Entry] = []
    for entry in reader.all(root, f"{_NOTICES}/Ntry"):
        if reader.text(entry, "Sts/Cd") != "BOOK":
            continue
        found += _entry(reader, entry)
    return check(found)


def _entry(reader: Reader, entry: etree._Element) -> list[Entry]:
    parts = reader.all(entry, "NtryDtls/TxDtls")
    whole = _amount(reader, entry, "Amt")
    if not parts:
        return [_movement(reader, entry, entry, whole)]
    # A single transaction's amount may be left to its entry.
    found = [
        _movement(reader, entry, part, _amount(reader, part, "Amt") if len(parts) > 1 else whole)
        for part in parts
    ]
    signed = sum(one.amount_fen * (1 if one.direction == found[0].direction else -1) for one in found)
    if signed != whole or found[0].direction != _direction(reader, entry):
        raise Refused("bad_file")
    return found


def _amount(reader: Reader, of: etree._Element, path: str) -> int:
    found = reader.all(of, path)
    if not found or found[0].get("Ccy") != "CNY":
        raise Refused("bad_file")
    return fen(found[0].text or "")


def _direction(reader: Reader, of: etree._Element) -> str:
    return "debit" if reader.text(of, "CdtDbtInd") == "DBIT" else "credit"


def _movement(reader: Reader, entry: etree._Element, part: etree._Element, amount_fen: int) -> Entry:
    direction = _direction(reader, part if reader.text(part, "CdtDbtInd") else entry)
    end_to_end = reader.text(part, "Refs/EndToEndId").replace("NOTPROVIDED", "")
    own = reader.text(part, "Refs/AcctSvcrRef") if part is not entry else ""
    bank_ref = own or reader.text(entry, "AcctSvcrRef")
    if not bank_ref:
        raise Refused("bad_file")
    reason = reader.text(part, "RtrInf/Rsn/Cd")
    reference = reader.text(part, "RmtInf/Ustrd")[:64]
    if direction == "debit":
        kind = "payment" if end_to_end else "other"
    elif reason or reader.text(entry, "RvslInd") == "true" or (end_to_end and not reference):
        kind = "return"
    else:
        kind = "repayment" if reference else "other"
    return Entry(bank_ref, direction, kind, amount_fen, end_to_end, reference, ours(reason) if reason else "")

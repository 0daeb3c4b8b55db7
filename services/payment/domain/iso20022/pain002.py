"""pain.002: the bank's payment status report, read as a result file.

Valid by pain.002.001.12. A report in version 10, whose parts that we read are the same, is read as 12.
"""

import re

from lxml import etree

from services.payment.domain.iso20022.codes import STATUS, ours
from services.payment.domain.iso20022.document import PREFIX, Reader, read
from services.payment.domain.iso20022.pain001 import file_id
from services.payment.domain.results import Claim, Refused, ResultFile

NAME = "pain.002.001.12"
OLDER = "pain.002.001.10"
_SUM = re.compile(r"(0|[1-9][0-9]{0,12})(?:\.([0-9]{1,2})0*)?")
_REPORT = "CstmrPmtStsRpt"


def fen(text: str) -> int:
    """An amount in yuan as ISO writes it ("272780", "0.5") in fen. Raises Refused("bad_file")."""
    match = _SUM.fullmatch(text)
    if match is None:
        raise Refused("bad_file")
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))


def parse(content: bytes) -> ResultFile:
    """Read a status report; raises Refused("bad_file") rather than guess.

    The sum of what was settled must be stated (`NbOfTxsPerSts`): without it there is nothing to check against.
    """
    root = read(content.replace((PREFIX + OLDER).encode(), (PREFIX + NAME).encode(), 1), NAME)
    reader = Reader(NAME)
    original = file_id(reader.text(root, f"{_REPORT}/OrgnlGrpInfAndSts/OrgnlMsgId"))
    blocks = reader.all(root, f"{_REPORT}/OrgnlPmtInfAndSts")
    claims = [_claim(reader, one) for block in blocks for one in reader.all(block, "TxInfAndSts")]
    stated = [
        one
        for path in ("OrgnlGrpInfAndSts/NbOfTxsPerSts", "OrgnlPmtInfAndSts/NbOfTxsPerSts")
        for one in reader.all(root, f"{_REPORT}/{path}")
    ]
    counts = {"success": 0, "failed": 0, "unknown": 0}
    total = 0
    for one in stated:
        status = _status(reader.text(one, "DtldSts"))
        counts[status] += int(reader.text(one, "DtldNbOfTxs"))
        if status == "success":
            total += fen(reader.text(one, "DtldCtrlSum"))
    if original is None or not stated:
        raise Refused("bad_file")
    return ResultFile(original, sum(counts.values()), counts["success"], counts["failed"], total, claims)


def _claim(reader: Reader, one: etree._Element) -> Claim:
    status = _status(reader.text(one, "TxSts"))
    code = ours(reader.text(one, "StsRsnInf/Rsn/Cd")) if status == "failed" else ""
    paid_at = reader.text(one, "AccptncDtTm")[:40] if status == "success" else ""
    return Claim(
        reader.text(one, "OrgnlEndToEndId"), status, code, reader.text(one, "AcctSvcrRef")[:40], paid_at
    )


def _status(iso: str) -> str:
    if iso not in STATUS:
        raise Refused("bad_file")
    return STATUS[iso]

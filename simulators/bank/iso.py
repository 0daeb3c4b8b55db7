"""The same bank in ISO 20022: pain.001 in, pain.002 out. Names and codes as the published schemas have them."""

from lxml import etree

from simulators.bank.files import Detail, PaymentFile, to_fen
from simulators.common import Refusal

PAIN_001 = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
PAIN_002 = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.12"
STATUS = {"success": "ACSC", "failed": "RJCT", "unknown": "ACSP", "returned": "ACSC"}
REASON = {
    "F01": "BE01",
    "F02": "AC01",
    "F03": "AC04",
    "F04": "AC06",
    "F05": "AG01",
    "F06": "AC06",
    "F07": "AM02",
    "F08": "AM05",
    "F09": "RC01",
    "F10": "FF01",
}


def is_xml(body: bytes) -> bool:
    """Whether a file is a message rather than text."""
    return body.lstrip().startswith(b"<")


def parse(body: bytes) -> PaymentFile:
    """Read a credit transfer initiation or refuse it whole."""
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        raise _bad("不是有效的 XML (not well-formed)") from None
    if root.tag != f"{{{PAIN_001}}}Document" or root.getroottree().docinfo.internalDTD is not None:
        raise _bad("不是 pain.001.001.09 (not pain.001.001.09)")
    header = root.find(f"{{{PAIN_001}}}CstmrCdtTrfInitn/{{{PAIN_001}}}GrpHdr")
    block = root.find(f"{{{PAIN_001}}}CstmrCdtTrfInitn/{{{PAIN_001}}}PmtInf")
    if header is None or block is None:
        raise _bad("缺少头或付款信息 (no header or payment information)")
    details = [_detail(one, number) for number, one in enumerate(_all(block, "CdtTrfTxInf"), start=1)]
    total = to_fen(_text(header, "CtrlSum"))
    if _text(header, "NbOfTxs") != str(len(details)):
        raise Refusal(422, "wrong_count", "笔数与头不符 (the count differs from the header)")
    if total is None or sum(one.amount_fen for one in details) != total:
        raise Refusal(422, "wrong_total", "金额与头不符 (the total differs from the header)")
    payer = _text(block, "DbtrAcct/Id/Othr/Id")
    return PaymentFile(_text(header, "MsgId"), _text(block, "ReqdExctnDt/Dt"), payer, total, details)


def _detail(one: etree._Element, number: int) -> Detail:
    fen = to_fen(_text(one, "Amt/InstdAmt"))
    key, account = _text(one, "PmtId/EndToEndId"), _text(one, "CdtrAcct/Id/Othr/Id")
    if not fen or not key or not account:
        raise _bad(f"第 {number} 笔不完整 (transfer {number} is incomplete)")
    bank = _text(one, "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId")
    return Detail(number, key, account, _text(one, "Cdtr/Nm"), bank, fen, _text(one, "RmtInf/Ustrd"))


def _all(of: etree._Element, path: str) -> list[etree._Element]:
    return of.findall("/".join(f"{{{PAIN_001}}}{step}" for step in path.split("/")))


def _text(of: etree._Element, path: str) -> str:
    found = _all(of, path)
    return (found[0].text or "") if found else ""


def _bad(what: str) -> Refusal:
    return Refusal(422, "bad_file", what)


def report(text: str, number: int) -> str:
    """A result file of text as a payment status report, with the same counts and the same sum, right or wrong."""
    head, *rows = [line.split("|") for line in text.splitlines()]
    message, _, lines, paid, failed, total = head
    root = etree.fromstring(f'<Document xmlns="{PAIN_002}"/>')
    body = _add(root, "CstmrPmtStsRpt")
    header = _add(body, "GrpHdr")
    _add(header, "MsgId", f"S{number}-{message}"[:35])
    _add(header, "CreDtTm", f"{head[1]}T12:00:00Z")
    group = _add(body, "OrgnlGrpInfAndSts")
    _add(group, "OrgnlMsgId", message)
    _add(group, "OrgnlMsgNmId", "pain.001.001.09")
    open_ = int(lines) - int(paid) - int(failed)
    for status, count, fen in (("ACSC", paid, total), ("RJCT", failed, "0"), ("ACSP", str(open_), "0")):
        if count != "0":
            sums = _add(group, "NbOfTxsPerSts")
            _add(sums, "DtldNbOfTxs", count)
            _add(sums, "DtldSts", status)
            _add(sums, "DtldCtrlSum", fen)
    block = _add(body, "OrgnlPmtInfAndSts")
    _add(block, "OrgnlPmtInfId", message)
    for row in rows:
        _status(block, row)
    return etree.tostring(root, encoding="unicode")


def _status(block: etree._Element, row: list[str]) -> None:
    _, key, status, code, _, serial, paid_at = row
    one = _add(block, "TxInfAndSts")
    _add(one, "OrgnlEndToEndId", key)
    _add(one, "TxSts", STATUS[status])
    if status == "failed":
        _add(one, "StsRsnInf/Rsn/Cd", REASON.get(code, "NARR"))
    if paid_at:
        _add(one, "AccptncDtTm", paid_at)
    if serial:
        _add(one, "AcctSvcrRef", serial)


def _add(parent: etree._Element, path: str, text: str | None = None) -> etree._Element:
    for step in path.split("/"):
        parent = etree.SubElement(parent, f"{{{PAIN_002}}}{step}")
    parent.text = text
    return parent

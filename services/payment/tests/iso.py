"""Example messages of a bank that speaks ISO 20022, made from a pain.001 file."""

from lxml import etree

from services.payment.domain.iso20022 import camt054, pain001, pain002
from services.payment.domain.iso20022.document import PREFIX, Reader

PAIN = Reader(pain001.NAME)


def transfers(content: bytes) -> list[tuple[str, str]]:
    """(end-to-end id, amount in yuan) of a pain.001's transfers."""
    rows = PAIN.all(etree.fromstring(content), "CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf")
    return [(PAIN.text(one, "PmtId/EndToEndId"), PAIN.text(one, "Amt/InstdAmt")) for one in rows]


def report(
    content: bytes, failed: dict[str, str] | None = None, pending: frozenset[str] = frozenset()
) -> str:
    """pain.002: everything settled, but `failed` (end-to-end id → ISO reason) and `pending`."""
    failed = failed or {}
    message = PAIN.text(etree.fromstring(content), "CstmrCdtTrfInitn/GrpHdr/MsgId")
    rows, sums = [], {"ACSC": [0, 0], "RJCT": [0, 0], "ACSP": [0, 0]}
    for number, (key, yuan) in enumerate(transfers(content), start=1):
        status = "RJCT" if key in failed else "ACSP" if key in pending else "ACSC"
        sums[status][0] += 1
        sums[status][1] += int(yuan.replace(".", ""))
        reason = f"<StsRsnInf><Rsn><Cd>{failed[key]}</Cd></Rsn></StsRsnInf>" if key in failed else ""
        moment = "<AccptncDtTm>2023-05-20T09:00:00Z</AccptncDtTm>" if status == "ACSC" else ""
        rows.append(
            f"<TxInfAndSts><OrgnlEndToEndId>{key}</OrgnlEndToEndId><TxSts>{status}</TxSts>{reason}{moment}"
            f"<AcctSvcrRef>B{number:012d}</AcctSvcrRef></TxInfAndSts>"
        )
    stated = "".join(
        f"<NbOfTxsPerSts><DtldNbOfTxs>{count}</DtldNbOfTxs><DtldSts>{status}</DtldSts>"
        f"<DtldCtrlSum>{fen // 100}.{fen % 100:02d}</DtldCtrlSum></NbOfTxsPerSts>"
        for status, (count, fen) in sums.items()
        if count
    )
    return (
        f'<Document xmlns="{PREFIX}{pain002.NAME}"><CstmrPmtStsRpt><GrpHdr><MsgId>R1</MsgId>'
        f"<CreDtTm>2023-05-20T10:00:00Z</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId>"
        f"<OrgnlMsgNmId>{pain001.NAME}</OrgnlMsgNmId>{stated}</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts>"
        f"<OrgnlPmtInfId>{message}</OrgnlPmtInfId>{''.join(rows)}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    )


def notice(*entries: str) -> str:
    """camt.054 with these entries."""
    return (
        f'<Document xmlns="{PREFIX}{camt054.NAME}"><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>N1</MsgId>'
        "<CreDtTm>2023-05-20T20:00:00Z</CreDtTm></GrpHdr><Ntfctn><Id>N1</Id><Acct><Id><Othr><Id>ZB1</Id></Othr>"
        f"</Id></Acct>{''.join(entries)}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    )


def entry(ref: str, yuan: str, side: str, inner: str = "", status: str = "BOOK") -> str:
    """One entry; `inner` is its details."""
    details = f"<NtryDtls>{inner}</NtryDtls>" if inner else ""
    return (
        f'<Ntry><Amt Ccy="CNY">{yuan}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>'
        f"<BookgDt><Dt>2023-05-20</Dt></BookgDt><AcctSvcrRef>{ref}</AcctSvcrRef>"
        f"<BkTxCd><Prtry><Cd>PAY</Cd></Prtry></BkTxCd>{details}</Ntry>"
    )


def part(key: str, yuan: str, side: str, reason: str = "", ref: str = "", memo: str = "") -> str:
    """One transaction of an entry."""
    own = f"<AcctSvcrRef>{ref}</AcctSvcrRef>" if ref else ""
    back = f"<RtrInf><Rsn><Cd>{reason}</Cd></Rsn></RtrInf>" if reason else ""
    words = f"<RmtInf><Ustrd>{memo}</Ustrd></RmtInf>" if memo else ""
    return (
        f"<TxDtls><Refs>{own}<EndToEndId>{key}</EndToEndId></Refs>"
        f'<Amt Ccy="CNY">{yuan}</Amt><CdtDbtInd>{side}</CdtDbtInd>{words}{back}</TxDtls>'
    )

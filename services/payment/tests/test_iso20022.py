"""ISO 20022 by the published schemas: out and in again, and what hostile or wrong XML gets."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from services.payment.domain.bankfile import Detail, PayTo
from services.payment.domain.iso20022 import camt054, codes, document, pain001, pain002
from services.payment.domain.iso20022.document import PREFIX, read
from services.payment.domain.results import Refused
from services.payment.tests.iso import PAIN, entry, notice, part, report

FILE = "6f0d2f0e-5f0b-4c55-9d0a-3f7f3f9f4a11-2"
KEYS = [f"{n:032x}-1" for n in range(3)]
DETAILS = [
    Detail(n + 1, key, f"62300000000000{n:05d}", "岭某", "402999900018", fen, "老年服务202305")
    for n, (key, fen) in enumerate(zip(KEYS, [5000, 1, 123456789], strict=True))
]
MADE, DAY = datetime(2023, 5, 19, 8, 30, tzinfo=UTC), date(2023, 5, 20)


def rendered(details: list[Detail] = DETAILS) -> bytes:
    return pain001.render(FILE, MADE, DAY, "ZB-539901-11810", "539901 老年服务", details)


def test_a_file_becomes_a_valid_pain_001_with_everything_in_its_place() -> None:
    root = read(rendered(), "pain.001.001.09")
    start = "CstmrCdtTrfInitn"
    header, block = (PAIN.all(root, f"{start}/{one}")[0] for one in ("GrpHdr", "PmtInf"))
    message = FILE.replace("-", "")[:32] + "-2"
    assert PAIN.text(header, "MsgId") == PAIN.text(block, "PmtInfId") == message and len(message) <= 35
    assert pain001.file_id(message) == FILE
    for of in (header, block):
        assert (PAIN.text(of, "NbOfTxs"), PAIN.text(of, "CtrlSum")) == ("3", "1234617.90")
    assert PAIN.text(header, "CreDtTm") == "2023-05-19T08:30:00Z"
    assert PAIN.text(block, "ReqdExctnDt/Dt") == "2023-05-20"
    assert PAIN.text(block, "PmtTpInf/CtgyPurp/Cd") == "GOVT"
    assert PAIN.text(block, "DbtrAcct/Id/Othr/Id") == "ZB-539901-11810"
    first = PAIN.all(block, "CdtTrfTxInf")[0]
    assert [PAIN.text(first, one) for one in ("PmtId/InstrId", "PmtId/EndToEndId", "Amt/InstdAmt")] == [
        "1",
        KEYS[0],
        "50.00",
    ]
    assert PAIN.text(first, "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId") == "402999900018"
    assert (PAIN.text(first, "Cdtr/Nm"), PAIN.text(first, "CdtrAcct/Id/Othr/Id")) == (
        "岭某",
        DETAILS[0].account,
    )
    assert PAIN.text(first, "RmtInf/Ustrd") == "老年服务202305"


@settings(max_examples=60, deadline=None)
@given(
    name=st.text(min_size=1, max_size=150),
    account=st.text(max_size=40),
    bank=st.text(max_size=40),
    fen=st.integers(1, 10**13),
)
def test_what_is_sendable_is_valid_and_comes_back_as_it_went(
    name: str, account: str, bank: str, fen: int
) -> None:
    if pain001.unsendable(PayTo(account, name, bank)) is not None:
        return
    root = read(rendered([Detail(1, KEYS[0], account, name, bank, fen, "备注")]), pain001.NAME)
    one = PAIN.all(root, "CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf")[0]
    places = ("Cdtr/Nm", "CdtrAcct/Id/Othr/Id", "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId")
    raw = [(PAIN.all(one, path)[0].text or "") for path in places]
    assert raw == [name, account, bank]
    assert int(Decimal(PAIN.text(one, "Amt/InstdAmt")) * 100) == fen


@pytest.mark.parametrize(
    ("pay_to", "code"),
    [
        (None, "F02"),
        (PayTo("", "岭某", "402999900018"), "F02"),
        (PayTo("6230", "岭\x07某", "402999900018"), "F10"),
        (PayTo("6230", "岭\ud800", "402999900018"), "F10"),
        (PayTo("6" * 35, "岭某", "402999900018"), "F10"),
        (PayTo("6230", "岭" * 141, "402999900018"), "F10"),
        (PayTo("6230", "岭某", ""), "F10"),
        (PayTo("6230", "岭&<某>\"'", "402999900018"), None),
    ],
)
def test_what_no_message_can_carry_is_kept_out(pay_to: PayTo | None, code: str | None) -> None:
    assert pain001.unsendable(pay_to) == code


def test_a_fault_of_ours_is_no_message_and_its_words_name_nobody() -> None:
    with pytest.raises(ValueError, match=r"not valid as pain\.001") as caught:
        rendered([DETAILS[0]._replace(end_to_end_id="x" * 36)])
    assert "岭" not in str(caught.value) and "6230" not in str(caught.value)
    for wrong in ("x", FILE + "00", "no-1"):
        with pytest.raises(ValueError, match=r"."):
            pain001.message_id(wrong)
    assert pain001.file_id("other bank's") is None


def test_others_see_masked_names_and_accounts() -> None:
    seen = pain001.masked(rendered()).decode()
    assert "岭某" not in seen and DETAILS[0].account not in seen and DETAILS[0].account[-4:] in seen
    read(seen.encode(), pain001.NAME)


def test_a_status_report_is_read_as_results() -> None:
    text = report(rendered(), {KEYS[1]: "AC04"}, frozenset({KEYS[2]}))
    result = pain002.parse(text.encode())
    assert (result.batch, result.lines, result.paid, result.failed, result.total_fen) == (FILE, 3, 1, 1, 5000)
    assert [(one.end_to_end_id, one.status, one.code) for one in result.claims] == [
        (KEYS[0], "success", ""),
        (KEYS[1], "failed", "F03"),
        (KEYS[2], "unknown", ""),
    ]
    assert result.claims[0].bank_serial == "B000000000001" and result.claims[0].paid_at.startswith(
        "2023-05-20"
    )
    older = text.replace(pain002.NAME, pain002.OLDER)
    assert pain002.parse(older.encode()) == result


@pytest.mark.parametrize(("ours", "iso"), codes.ISO_OF.items())
def test_every_failure_has_its_iso_reason_and_back(ours: str, iso: str) -> None:
    assert codes.ours(iso) == ("F04" if ours == "F06" else ours)
    assert codes.ours("XX99") == "F99"


def test_a_notification_becomes_movements() -> None:
    content = notice(
        entry(
            "D1",
            "50.01",
            "DBIT",
            part(KEYS[0], "50.00", "DBIT", ref="d1") + part(KEYS[1], "0.01", "DBIT", ref="d2"),
        ),
        entry("C1", "50", "CRDT", part(KEYS[0], "50.00", "CRDT", reason="AC04")),
        entry("C2", "12.5", "CRDT", part("NOTPROVIDED", "12.5", "CRDT", memo="追回-2023-7")),
        entry("C3", "1", "CRDT"),
        entry("D2", "2", "DBIT"),
        entry("P1", "9", "DBIT", part(KEYS[2], "9", "DBIT"), status="PDNG"),
    )
    assert [tuple(one) for one in camt054.parse(content.encode())] == [
        ("d1", "debit", "payment", 5000, KEYS[0], "", ""),
        ("d2", "debit", "payment", 1, KEYS[1], "", ""),
        ("C1", "credit", "return", 5000, KEYS[0], "", "F03"),
        ("C2", "credit", "repayment", 1250, "", "追回-2023-7", ""),
        ("C3", "credit", "other", 100, "", "", ""),
        ("D2", "debit", "other", 200, "", "", ""),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        entry(
            "D1",
            "50.02",
            "DBIT",
            part(KEYS[0], "50.00", "DBIT", ref="a") + part(KEYS[1], "0.01", "DBIT", ref="b"),
        ),
        entry("D1", "1.001", "DBIT"),
        entry("D1", "1", "DBIT").replace("CNY", "EUR"),
        entry("D1", "1", "DBIT").replace("<AcctSvcrRef>D1</AcctSvcrRef>", ""),
        entry("D1", "1", "DBIT") + entry("D1", "1", "DBIT"),
        entry("D1", "1", "DEBIT"),
    ],
)
def test_a_notification_with_anything_wrong_counts_for_nothing(wrong: str) -> None:
    with pytest.raises(Refused):
        camt054.parse(notice(entry("OK", "1", "DBIT"), wrong).encode())


GOOD = report(rendered())
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"<",
        b"<Document/>",
        GOOD.replace("<CstmrPmtStsRpt>", "<CstmrPmtStsRpt><Extra/>").encode(),
        GOOD.replace("ACSC", "PAID").encode(),
        GOOD.replace(PREFIX, "urn:other:").encode(),
        (BOMB + GOOD).encode(),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd">' + GOOD).encode(),
        ('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + GOOD.replace("R1", "&e;")).encode(),
        ('<?xml version="1.0" encoding="UTF-16"?>' + BOMB + GOOD).encode("utf-16"),
        ('<?xml version="1.0" encoding="UTF-7"?>' + GOOD).encode(),
        ('<?xml version="1.0" encoding="ISO-8859-1"?>' + GOOD).encode(),
        GOOD.encode("gbk") + b"\xff",
        GOOD.replace("R1", "R\x001").encode(),
        ("<a>" * 5000 + "</a>" * 5000).encode(),
        GOOD.replace("<OrgnlMsgId>", "<OrgnlMsgId>x").encode(),
        GOOD.replace("NbOfTxsPerSts", "Nothing").encode(),
    ],
)
def test_hostile_or_broken_xml_is_refused_whole(hostile: bytes) -> None:
    with pytest.raises(Refused):
        pain002.parse(hostile)


def test_a_report_that_states_no_sum_is_refused() -> None:
    root = etree.fromstring(GOOD)
    for one in root.findall(f".//{{{PREFIX}{pain002.NAME}}}NbOfTxsPerSts"):
        parent = one.getparent()
        assert parent is not None
        parent.remove(one)
    assert document.schema(pain002.NAME).validate(root)
    with pytest.raises(Refused):
        pain002.parse(etree.tostring(root))


def test_size_has_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MOST_BYTES", len(GOOD.encode()) - 1)
    with pytest.raises(Refused):
        pain002.parse(GOOD.encode())

import logging
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import ids, mask
from kit.checkdigits import luhn_check_digit
from kit.idnumber import check_character


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"),
        ("张小三", "张*三"),
        ("欧阳小某", "欧**某"),
        ("欧阳某", "欧**"),
        ("诸葛亮", "诸**"),
        ("古丽", "古*"),
        ("阿不都热合曼", "阿****曼"),
        (" 张三 ", "张*"),
        ("张", "*"),
        ("", ""),
    ],
)
def test_names(name: str, masked: str) -> None:
    assert mask.mask_name(name) == masked


def test_numbers() -> None:
    assert mask.mask_phone("13812341234") == "138****1234"
    assert mask.mask_phone("0876-123456") == "*********56"
    assert mask.mask_id("53269919500101001X") == "5**************01X"
    assert mask.mask_id("12345") == "*****"
    assert mask.mask_account("6230000000000000015") == "***************0015"
    assert mask.mask_account("1234") == "****"


@given(st.text("0123456789Xx张三- ", max_size=25))
def test_masking_keeps_the_length_and_hides_most(text: str) -> None:
    for masking in (mask.mask_id, mask.mask_phone, mask.mask_account):
        masked = masking(text)
        assert len(masked) == len(text.strip())
        assert masked.count("*") >= len(masked) * 4 // 11


CARD = "623000000000000001" + luhn_check_digit("623000000000000001")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("号码53269919500101001X。", "id_number"),
        ("id=532699194305120029", "id_number"),
        ("532699 19500101 001x", "id_number"),
        ("532699430512002", "id_number"),
        ("电话13812341234", "phone"),
        ("138-1234-1234", "phone"),
        (f"card {CARD}", "account"),
        (" ".join(CARD[i : i + 4] for i in range(0, 19, 4)), "account"),
        ('{"a":"53269919500101001X"}', "id_number"),
    ],
)
def test_found_and_redacted(text: str, kind: str) -> None:
    assert [finding.kind for finding in mask.find_pii(text)] == [kind]
    assert mask.looks_like_pii(text)
    clean = mask.redact(text)
    assert f"[{kind}]" in clean
    assert not mask.looks_like_pii(clean)
    found = next(mask.find_pii(text))
    assert found.text not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "532699195001010011",  # wrong check digit
        "2023-05-08T09:00:00.123456+00:00",
        "amount 1234567890 fen",
        "sha256:1381234123413812341234138123412341381234123413812341234",
        "00000000-0000-4000-8000-013812341234",
        "990101101201",
        "offset 1700000000000",
    ],
)
def test_what_is_nobodys(text: str) -> None:
    assert not mask.looks_like_pii(text)


def test_our_own_ids_are_never_taken_for_a_person() -> None:
    assert not any(mask.looks_like_pii(f"line {ids.new_id()} done") for _ in range(3000))


@given(st.dates(date(1850, 1, 1)), st.integers(0, 999), st.text('号：, \n{}"', max_size=3))
def test_any_valid_number_is_found(born: date, serial: int, around: str) -> None:
    body = f"532699{born:%Y%m%d}{serial:03d}"
    assert mask.looks_like_pii(around + body + check_character(body) + around)


def test_the_logging_filter_redacts_arguments_and_exceptions(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("test.mask")
    secret = "bad number 53269919500101001X of 张三"
    caplog.handler.addFilter(mask.RedactingFilter())
    try:
        log.warning("paid %s", "53269919500101001X")
        try:
            raise ValueError(secret)  # the line of code itself is shown, so the text must come from elsewhere
        except ValueError:
            log.exception("failed for 13812341234")
    finally:
        caplog.handler.filters.clear()
    assert "paid [id_number]" in caplog.text
    assert "failed for [phone]" in caplog.text
    assert "ValueError at" in caplog.text
    assert "张三" not in caplog.text
    assert "1950" not in caplog.text

"""The bank's text files: reading a payment file strictly, writing result files (also wrong ones).

Layout (common practice, no official one is known): `|` between fields, one record a line, UTF-8 or GBK,
money in yuan with two decimals.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from simulators.common import Refusal

AMOUNT = re.compile(r"(0|[1-9]\d{0,12})\.(\d\d)")
END_TO_END = re.compile(r"[0-9a-f]{32}-\d{1,2}")
DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}")


class Detail(NamedTuple):
    """One line of a payment file."""

    seq: int
    end_to_end_id: str
    account: str
    name: str
    bank_code: str
    amount_fen: int
    memo: str


@dataclass(frozen=True)
class PaymentFile:
    """A payment file whose count and total agree with its lines."""

    batch: str
    date: str
    payer: str
    total_fen: int
    details: list[Detail]


def to_fen(yuan: str) -> int | None:
    """Yuan with exactly two decimals as fen, or None."""
    found = AMOUNT.fullmatch(yuan)
    return int(found[1]) * 100 + int(found[2]) if found else None


def to_yuan(fen: int) -> str:
    """Fen as yuan with two decimals."""
    return f"{fen // 100}.{fen % 100:02d}"


def _bad(line: int, what: str) -> Refusal:
    return Refusal(422, "bad_file", f"第 {line} 行 (line {line}): {what}")


def parse(body: bytes, encoding: str) -> PaymentFile:
    """Read a whole payment file or refuse it whole; raises Refusal with the line, never with its content."""
    try:
        lines = body.decode(encoding).splitlines()
    except UnicodeDecodeError:
        raise Refusal(
            422, "bad_encoding", f"不是有效的 {encoding} 文本 (not valid {encoding} text)"
        ) from None
    if not lines:
        raise Refusal(422, "bad_file", "空文件 (empty file)")
    header = lines[0].split("|")
    if len(header) != 5:
        raise _bad(1, "表头应为 5 项 (the header needs 5 fields)")
    batch, date, payer, count, total = header
    total_fen = to_fen(total)
    if not batch or not payer or not DATE.fullmatch(date) or not count.isdecimal() or total_fen is None:
        raise _bad(1, "表头格式错误 (bad header)")
    details: list[Detail] = []
    for number, line in enumerate(lines[1:], start=2):
        fields = line.split("|")
        if len(fields) != 7:
            raise _bad(number, "应为 7 项 (7 fields needed)")
        fen = to_fen(fields[5])
        if not fields[0].isdecimal() or fen is None or fen == 0:
            raise _bad(number, "序号或金额错误 (bad seq or amount)")
        details.append(Detail(int(fields[0]), fields[1], fields[2], fields[3], fields[4], fen, fields[6]))
    if len({detail.seq for detail in details}) != len(details):
        raise Refusal(422, "bad_file", "序号重复 (a seq occurs twice)")
    if len(details) != int(count):
        raise Refusal(422, "wrong_count", "笔数与表头不符 (the count differs from the header)")
    if sum(detail.amount_fen for detail in details) != total_fen:
        raise Refusal(422, "wrong_total", "金额与表头不符 (the total differs from the header)")
    return PaymentFile(batch, date, payer, total_fen, details)


RESULT_FIELDS = ("seq", "end_to_end_id", "status", "code", "reason", "bank_serial", "paid_at")


def result_file(batch: str, date: str, lines: Sequence[dict[str, Any]], wrong_by_fen: int = 0) -> str:
    """One result file: a header over exactly these lines, then the lines."""
    paid = [line for line in lines if line["status"] == "success"]
    failed = sum(line["status"] == "failed" for line in lines)
    total = to_yuan(sum(line["amount_fen"] for line in paid) + wrong_by_fen)
    rows = ["|".join((batch, date, str(len(lines)), str(len(paid)), str(failed), total))]
    rows += ["|".join(str(line[field] or "") for field in RESULT_FIELDS) for line in lines]
    return "\n".join(rows) + "\n"


def result_parts(batch: str, date: str, lines: list[dict[str, Any]], behaviour: str, seed: int) -> list[str]:
    """The result files the bank hands out: one, unless it was told to misbehave."""
    if behaviour == "out_of_order":
        lines = random.Random(seed).sample(lines, len(lines))
    if behaviour == "two_parts" and len(lines) > 1:
        half = len(lines) // 2
        return [result_file(batch, date, lines[half:]), result_file(batch, date, lines[:half])]
    if behaviour == "partial" and len(lines) > 1:
        return [result_file(batch, date, lines[: len(lines) // 2])]
    if behaviour == "contradictory":
        return [result_file(batch, date, lines), result_file(batch, date, [_flipped(one) for one in lines])]
    if behaviour == "unknown_line":
        stranger = dict(lines[-1]) | {
            "seq": len(lines) + 1,
            "end_to_end_id": "f" * 32 + "-1",
            "status": "success",
        }
        lines = [*lines, stranger | {"code": "", "reason": "", "bank_serial": "B999999999999"}]
    text = result_file(batch, date, lines, wrong_by_fen=1 if behaviour == "wrong_total" else 0)
    return [text, text] if behaviour == "duplicated" else [text]


def _flipped(line: dict[str, Any]) -> dict[str, Any]:
    """The same line with the opposite story."""
    if line["status"] == "success":
        return line | {"status": "failed", "code": "F04", "bank_serial": "", "paid_at": ""}
    if line["status"] == "failed":
        return line | {"status": "success", "code": "", "reason": ""}
    return line

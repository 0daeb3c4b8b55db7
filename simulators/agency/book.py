"""The agency's own durable book: cards, what was asked and answered, and a journal of every call."""

import hashlib
import re
from pathlib import Path
from typing import Any

import orjson

from simulators.common import Book, Refusal, chance, utc_now

SCHEMA = """
CREATE TABLE IF NOT EXISTS cards (
  id_no TEXT PRIMARY KEY, name TEXT NOT NULL, ssc_no TEXT, card_status TEXT NOT NULL,
  financial_function TEXT NOT NULL, bank_code TEXT, account_no TEXT, account_name TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS planned (
  id_no TEXT NOT NULL, from_day TEXT NOT NULL, changes TEXT NOT NULL, PRIMARY KEY (id_no, from_day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS requests (
  request_id TEXT PRIMARY KEY, body_sha256 TEXT NOT NULL, reply BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS waiting (
  id_no TEXT PRIMARY KEY, queries INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal (
  n INTEGER PRIMARY KEY, at TEXT NOT NULL, operation TEXT NOT NULL, request_id TEXT, persons INTEGER NOT NULL,
  behaviour TEXT NOT NULL, outcome TEXT NOT NULL);
"""

DAY = re.compile(r"^\d{4}-\d\d-\d\d$")
CARD_FIELDS = (
    "id_no", "name", "ssc_no", "card_status", "financial_function", "bank_code", "account_no", "account_name",
)  # fmt: skip

REASONS = {
    "not_found": "未查到社保卡 (no social security card found)",
    "name_mismatch": "姓名与身份证号码不符 (name and ID number do not match)",
    "card_lost": "社保卡已挂失 (card reported lost)",
    "card_cancelled": "社保卡已注销 (card cancelled)",
    "card_not_issued": "社保卡未领取 (card not yet handed out)",
    "function_inactive": "金融功能未激活 (financial function not activated)",
    "account_abnormal": "银行账户状态异常 (bank account abnormal)",
    "account_name_differs": "账户户名与本人不符 (account is in another name)",
    "processing": "处理中，请稍后查询 (in progress, ask again later)",
}


def open_book(data_dir: Path) -> Book:
    """The agency's book in its own folder; safe against SIGKILL."""
    return Book(data_dir / "agency.sqlite", SCHEMA, "NORMAL")


def judge(name: str, card: dict[str, Any] | None) -> tuple[str, str | None]:
    """Status and reason code of one person: the first thing that is wrong, in the order 人社 checks."""
    if card is None:
        return "not_found", "not_found"
    if card["name"] != name:
        return "abnormal", "name_mismatch"
    if card["card_status"] != "normal":
        return "abnormal", f"card_{card['card_status']}"
    if card["financial_function"] != "active":
        return "abnormal", "function_inactive" if card[
            "financial_function"
        ] == "inactive" else "account_abnormal"
    if card["account_name"] != name:
        return "abnormal", "account_name_differs"
    return "normal", None


def load_cards(book: Book, rows: list[dict[str, Any]]) -> int:
    """Add or replace people's cards (bulk), or plan what changes `from` a day on (a lost card, a new one later).

    Raises Refusal (422) for a row that lacks what every card has, or whose day is none.
    """
    now = [row for row in rows if row.get("from") is None]
    later = [row for row in rows if row.get("from") is not None]
    needed = ("id_no", "name", "card_status", "financial_function")
    if not all(row.get(field) for row in now for field in needed):
        raise Refusal(422, "bad_world", "缺少必填项 (a row lacks a required field)")
    if not all(row.get("id_no") and DAY.match(str(row["from"])) for row in later):
        raise Refusal(422, "bad_world", "计划变更须有证件号和日期 (a planned change needs id_no and a day)")
    marks = ",".join("?" * len(CARD_FIELDS))
    with book.tx() as db:
        db.executemany(
            f"INSERT OR REPLACE INTO cards ({','.join(CARD_FIELDS)}) VALUES ({marks})",
            [tuple(row.get(field) for field in CARD_FIELDS) for row in now],
        )
        db.executemany(
            "INSERT OR REPLACE INTO planned VALUES (?, ?, ?)",
            [
                (
                    row["id_no"],
                    row["from"],
                    orjson.dumps({k: row[k] for k in CARD_FIELDS if k in row}).decode(),
                )
                for row in later
            ],
        )
    return len(rows)


def _as_of_today(db: Any, numbers: list[str], today: str | None) -> dict[str, dict[str, Any]]:
    """The cards of these people, with every planned change whose day has come, in the order of days."""
    marks = ",".join("?" * len(numbers))
    found = db.execute(f"SELECT {','.join(CARD_FIELDS)} FROM cards WHERE id_no IN ({marks})", numbers)
    cards = {row[0]: dict(zip(CARD_FIELDS, row, strict=True)) for row in found}
    if today is not None:
        due = db.execute(
            f"SELECT id_no, changes FROM planned WHERE from_day <= ? AND id_no IN ({marks}) ORDER BY from_day",
            (today, *numbers),
        )
        for number, changes in due:
            if number in cards:
                cards[number] |= orjson.loads(changes)
    return cards


def answer(
    book: Book,
    operation: str,
    request_id: str | None,
    persons: list[dict[str, str]],
    behaviour: dict[str, Any],
) -> bytes:
    """The true answer to a match or query as JSON; the same request id answers the same bytes.

    Raises Refusal (409) when a request id comes back with other content.
    """
    digest = hashlib.sha256(orjson.dumps([operation, persons])).hexdigest()
    with book.tx() as db:
        if request_id is not None:
            row = db.execute(
                "SELECT body_sha256, reply FROM requests WHERE request_id = ?", (request_id,)
            ).fetchone()
            if row and row[0] != digest:
                raise Refusal(409, "request_id_reused", "同一请求号内容不同 (same request id, other content)")
            if row:
                return bytes(row[1])
        numbers = [person["id_no"].upper() for person in persons]
        marks = ",".join("?" * len(numbers))
        cards = _as_of_today(db, numbers, book.get("day", None))
        asked = dict(
            db.execute(f"SELECT id_no, queries FROM waiting WHERE id_no IN ({marks})", numbers).fetchall()
        )
        marks_to_write: list[tuple[str, int]] = []
        results = []
        for person, number in zip(persons, numbers, strict=True):
            card = cards.get(number)
            status, reason = judge(person["name"], card)
            if card and chance(behaviour["seed"], "processing", number) < behaviour["processing_rate"]:
                queries = asked.get(number, 0) + (operation == "query")
                marks_to_write.append((number, queries))
                if queries < behaviour["processing_queries"]:
                    status, reason, card = "processing", "processing", None
            results.append(_result(person["ref"], status, reason, card))
        db.executemany("INSERT OR REPLACE INTO waiting VALUES (?, ?)", marks_to_write)
        body = orjson.dumps({"request_id": request_id, "answered_at": utc_now(), "results": results})
        if request_id is not None:
            db.execute("INSERT INTO requests VALUES (?, ?, ?)", (request_id, digest, body))
    return body


def _result(ref: str, status: str, reason: str | None, card: dict[str, Any] | None) -> dict[str, Any]:
    # A mismatched name gets no card facts: otherwise a number alone would reveal another person's account.
    shown = {} if card is None or reason == "name_mismatch" else card
    return {
        "ref": ref, "status": status, "reason": reason, "reason_text": REASONS[reason] if reason else None,
        **{field: shown.get(field) for field in CARD_FIELDS[2:]},
    }  # fmt: skip


def write_journal(
    book: Book, operation: str, request_id: str | None, persons: int, behaviour: str, outcome: str
) -> None:
    """One line per call, whatever came of it; never a person's data."""
    with book.tx() as db:
        db.execute(
            "INSERT INTO journal VALUES (NULL, ?, ?, ?, ?, ?, ?)",
            (utc_now(), operation, request_id, persons, behaviour, outcome),
        )


def summary(book: Book) -> dict[str, Any]:
    """Counts for the report and the checker."""
    with book.read() as db:
        people = db.execute("SELECT count(*) FROM cards").fetchone()[0]
        requests = db.execute("SELECT count(*) FROM requests").fetchone()[0]
        waiting = db.execute("SELECT count(*) FROM waiting").fetchone()[0]
        calls = db.execute("SELECT count(*), coalesce(sum(persons), 0) FROM journal").fetchone()
        behaviours = dict(db.execute("SELECT behaviour, count(*) FROM journal GROUP BY 1").fetchall())
    return {
        "people": people, "requests": requests, "ever_processing": waiting, "calls": calls[0],
        "persons_asked": calls[1], "behaviours": behaviours,
    }  # fmt: skip

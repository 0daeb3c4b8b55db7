"""The bank's own durable book. Its `credits` are the last word on what was paid: the checker reads them."""

from pathlib import Path
from typing import Any

from simulators.bank.decide import PAID_TRUTH, REASONS
from simulators.common import Book, Refusal

SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
  account TEXT PRIMARY KEY, name TEXT NOT NULL, status TEXT NOT NULL, bank_code TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (
  file_id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, batch TEXT NOT NULL, date TEXT NOT NULL,
  payer TEXT NOT NULL, count INTEGER NOT NULL, total_fen INTEGER NOT NULL, received_at TEXT NOT NULL,
  booked_epoch REAL NOT NULL, receipt BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS lines (
  file_id TEXT NOT NULL, seq INTEGER NOT NULL, end_to_end_id TEXT NOT NULL, amount_fen INTEGER NOT NULL,
  status TEXT NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL, bank_serial TEXT NOT NULL,
  paid_at TEXT NOT NULL, PRIMARY KEY (file_id, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attempts (
  end_to_end_id TEXT PRIMARY KEY, account TEXT NOT NULL, name TEXT NOT NULL, amount_fen INTEGER NOT NULL,
  status TEXT NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL, bank_serial TEXT NOT NULL,
  paid_at TEXT NOT NULL, truth TEXT NOT NULL, file_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS credits (
  end_to_end_id TEXT PRIMARY KEY, payment_id TEXT NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL,
  amount_fen INTEGER NOT NULL, at TEXT NOT NULL, file_id TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS credits_payment ON credits (payment_id);
CREATE INDEX IF NOT EXISTS attempts_file ON attempts (file_id);
CREATE TABLE IF NOT EXISTS returns (
  end_to_end_id TEXT PRIMARY KEY, payer TEXT NOT NULL, day TEXT NOT NULL, amount_fen INTEGER NOT NULL,
  code TEXT NOT NULL, serial TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS returns_day ON returns (payer, day);
CREATE TABLE IF NOT EXISTS movements (
  serial TEXT PRIMARY KEY, payer TEXT NOT NULL, day TEXT NOT NULL, direction TEXT NOT NULL, kind TEXT NOT NULL,
  amount_fen INTEGER NOT NULL, end_to_end_id TEXT NOT NULL, reference TEXT NOT NULL, code TEXT NOT NULL)
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS trouble (
  account TEXT PRIMARY KEY, kind TEXT NOT NULL, days INTEGER NOT NULL, code TEXT NOT NULL, paid INTEGER NOT NULL)
  WITHOUT ROWID;
"""


def open_book(data_dir: Path) -> Book:
    """The bank's book in its own folder; every answered file has reached the disk."""
    return Book(data_dir / "bank.sqlite", SCHEMA, "FULL")


def load_accounts(book: Book, rows: list[dict[str, Any]]) -> int:
    """Add or replace accounts (bulk); raises Refusal (422) for a row without account or name."""
    if not all(row.get("account") and row.get("name") for row in rows):
        raise Refusal(422, "bad_world", "账户缺少账号或户名 (an account lacks its number or name)")
    with book.tx() as db:
        db.executemany(
            "INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?)",
            [
                (row["account"], row["name"], row.get("status", "normal"), row.get("bank_code"))
                for row in rows
            ],
        )
    return len(rows)


def file_lines(book: Book, file_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A file's head and its result lines in order of seq; raises Refusal (404) for an unknown file."""
    names = ("seq", "end_to_end_id", "amount_fen", "status", "code", "reason", "bank_serial", "paid_at")
    with book.read() as db:
        head = db.execute(
            "SELECT batch, date, booked_epoch FROM files WHERE file_id = ?", (file_id,)
        ).fetchone()
        if head is None:
            raise Refusal(404, "no_such_file", "没有这个文件 (no such file)")
        rows = db.execute(f"SELECT {','.join(names)} FROM lines WHERE file_id = ? ORDER BY seq", (file_id,))
        lines = [dict(zip(names, row, strict=True)) for row in rows]
    return {"batch": head[0], "date": head[1], "booked_epoch": head[2]}, lines


def query(book: Book, ids: list[str]) -> list[dict[str, Any]]:
    """The final truth per end-to-end id: PAID, REJECTED or NOT_FOUND."""
    names = ("end_to_end_id", "amount_fen", "bank_serial", "paid_at", "truth")
    marks = ",".join("?" * len(ids))
    with book.read() as db:
        rows = db.execute(f"SELECT {','.join(names)} FROM attempts WHERE end_to_end_id IN ({marks})", ids)
        found = {row[0]: dict(zip(names, row, strict=True)) for row in rows}
    return [_settled(found.get(one), one) for one in ids]


def _settled(attempt: dict[str, Any] | None, end_to_end_id: str) -> dict[str, Any]:
    # The truth is PAID or a failure code; the unknown F99 itself is never an answer to a query.
    if attempt is None:
        blank = {"amount_fen": None, "bank_serial": "", "paid_at": "", "code": "", "reason": ""}
        return {"end_to_end_id": end_to_end_id, "status": "NOT_FOUND", **blank}
    truth = attempt.pop("truth")
    if truth == PAID_TRUTH:
        return attempt | {"status": "PAID", "code": "", "reason": ""}
    return attempt | {"status": "REJECTED", "code": truth, "reason": REASONS[truth]}


def credits_after(book: Book, last: str, limit: int = 5000) -> list[dict[str, Any]]:
    """The next credits in order of end-to-end id, amounts in fen."""
    names = ("end_to_end_id", "payment_id", "account", "name", "amount_fen", "at", "file_id")
    with book.read() as db:
        rows = db.execute(
            f"SELECT {','.join(names)} FROM credits WHERE end_to_end_id > ? ORDER BY 1 LIMIT ?", (last, limit)
        )
        return [dict(zip(names, row, strict=True)) for row in rows]


def summary(book: Book) -> dict[str, Any]:
    """Counts and sums for the report; amounts in fen."""
    with book.read() as db:
        credits = db.execute("SELECT count(*), coalesce(sum(amount_fen), 0) FROM credits").fetchone()
        twice = db.execute(
            "SELECT count(*) FROM (SELECT 1 FROM credits WHERE end_to_end_id NOT IN (SELECT end_to_end_id "
            "FROM returns) GROUP BY payment_id HAVING count(*) > 1)"
        ).fetchone()
        files = db.execute("SELECT count(*), coalesce(sum(total_fen), 0) FROM files").fetchone()
        states = dict(db.execute("SELECT status, count(*) FROM attempts GROUP BY 1").fetchall())
        accounts = db.execute("SELECT count(*) FROM accounts").fetchone()[0]
        returns = db.execute("SELECT count(*), coalesce(sum(amount_fen), 0) FROM returns").fetchone()
    return {
        "accounts": accounts,
        "files": files[0],
        "files_fen": files[1],
        "credits": credits[0],
        "credits_fen": credits[1],
        "payments_credited_twice": twice[0],
        "returns": returns[0],
        "returns_fen": returns[1],
        "first_answers": states,
    }

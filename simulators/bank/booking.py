"""Booking one payment file: in one transaction, once, with a receipt that is the same for ever."""

import sqlite3
from typing import Any

import orjson

from simulators.bank.decide import PAID_TRUTH, Account, Verdict, decide
from simulators.bank.files import Detail, PaymentFile
from simulators.bank.statements import plan_returns
from simulators.common import Book, Refusal, utc_now

# What the book remembers of an attempt and answers again; sqlite allows 32,766 parameters a statement.
ATTEMPT = ("account", "name", "amount_fen", "status", "code", "reason", "bank_serial", "paid_at", "truth")
PORTION = 10_000


def receipt_of(book: Book, file_id: str, sha256: str) -> bytes | None:
    """The receipt of a file already booked, or None; raises Refusal (409) when its content was another."""
    with book.read() as db:
        row = db.execute("SELECT sha256, receipt FROM files WHERE file_id = ?", (file_id,)).fetchone()
    if row and row[0] != sha256:
        raise Refusal(409, "file_id_reused", "同一文件号内容不同 (same file id, other content)")
    return bytes(row[1]) if row else None


def book_file(
    book: Book, file_id: str, sha256: str, file: PaymentFile, behaviour: dict[str, Any], now: float
) -> bytes:
    """Book a whole file and return its receipt; the same file again changes nothing. `now`: wall epoch."""
    with book.tx() as db:
        known = receipt_of(book, file_id, sha256)
        if known is not None:
            return known
        at = utc_now()
        receipt = orjson.dumps(
            {
                "file_id": file_id,
                "sha256": sha256,
                "batch": file.batch,
                "count": len(file.details),
                "total_fen": file.total_fen,
                "status": "accepted",
                "received_at": at,
                "receipt_no": f"R{sha256[:16]}",
            }
        )
        db.execute(
            "INSERT INTO files VALUES (?,?,?,?,?,?,?,?,?,?)",
            (
                *(file_id, sha256, file.batch, file.date, file.payer),
                *(len(file.details), file.total_fen, at, now, receipt),
            ),
        )
        trouble = _trouble(db, file.details)
        _book_lines(db, file_id, file, _verdicts(db, file.details, behaviour, trouble), at, trouble)
    return receipt


Troubles = dict[str, tuple[str, int, str, bool]]
"""Kind, days, code and truth of the accounts that trouble was told for."""


def _trouble(db: sqlite3.Connection, details: list[Detail]) -> Troubles:
    if not db.execute("SELECT 1 FROM trouble LIMIT 1").fetchone():
        return {}
    named = {one.account for one in details}
    rows = db.execute("SELECT account, kind, days, code, paid FROM trouble")
    return {row[0]: (row[1], row[2], row[3], bool(row[4])) for row in rows if row[0] in named}


def _verdicts(
    db: sqlite3.Connection, details: list[Detail], behaviour: dict[str, Any], trouble: Troubles
) -> list[Verdict]:
    accounts: dict[str, Account] = {}
    seen: dict[str, dict[str, Any]] = {}
    for start in range(0, len(details), PORTION):
        part = details[start : start + PORTION]
        marks = ",".join("?" * len(part))
        rows = db.execute(f"SELECT * FROM accounts WHERE account IN ({marks})", [one.account for one in part])
        accounts.update((row[0], Account(*row[1:])) for row in rows)
        names = f"end_to_end_id, {','.join(ATTEMPT)}"
        ids = [one.end_to_end_id for one in part]
        rows = db.execute(f"SELECT {names} FROM attempts WHERE end_to_end_id IN ({marks})", ids)
        seen.update((row[0], dict(zip(ATTEMPT, row[1:], strict=True))) for row in rows)
    verdicts = []
    in_file: set[str] = set()
    for one in details:
        told = trouble.get(one.account)
        short = (told[0], told[2], told[3]) if told else None
        verdicts.append(
            decide(one, accounts.get(one.account), seen.get(one.end_to_end_id), in_file, behaviour, short)
        )
        in_file.add(one.end_to_end_id)
    return verdicts


def _book_lines(
    db: sqlite3.Connection,
    file_id: str,
    file: PaymentFile,
    verdicts: list[Verdict],
    at: str,
    trouble: Troubles,
) -> None:
    day = file.date.replace("-", "")
    # The day is the file's (the world's business day), the time of day the wall's.
    paid_at = f"{day[:4]}-{day[4:6]}-{day[6:]}{at[10:]}"
    serial: int = db.execute("SELECT count(*) FROM attempts").fetchone()[0]
    lines, attempts, credits = [], [], []
    paid: list[tuple[str, str, int, str]] = []
    for one, (line, truth, new) in zip(file.details, verdicts, strict=True):
        shown = (line["bank_serial"], line["paid_at"])
        if new:
            serial += 1
            proof = (f"{day}{serial:012d}", paid_at) if truth == PAID_TRUTH else ("", "")
            shown = proof if line["status"] == "success" else ("", "")
            attempts.append(
                (
                    *(one.end_to_end_id, one.account, one.name, one.amount_fen),
                    *(line["status"], line["code"], line["reason"], *proof, truth, file_id),
                )
            )
        if new and truth == PAID_TRUTH:
            payment_id = one.end_to_end_id[:32]
            credits.append(
                (one.end_to_end_id, payment_id, one.account, one.name, one.amount_fen, at, file_id)
            )
            paid.append((one.end_to_end_id, one.account, one.amount_fen, f"{day}{serial:012d}"))
        lines.append(
            (
                *(file_id, one.seq, one.end_to_end_id, one.amount_fen),
                *(line["status"], line["code"], line["reason"], *shown),
            )
        )
    db.executemany("INSERT INTO lines VALUES (?,?,?,?,?,?,?,?,?)", lines)
    db.executemany("INSERT INTO attempts VALUES (?,?,?,?,?,?,?,?,?,?,?)", attempts)
    db.executemany("INSERT INTO credits VALUES (?,?,?,?,?,?,?)", credits)
    short = {account: told[:3] for account, told in trouble.items()}
    db.executemany("INSERT INTO returns VALUES (?,?,?,?,?,?)", plan_returns(day, paid, short, file.payer))

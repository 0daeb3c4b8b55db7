"""What moved on a payer's account on a day: payments, money that came back, and what others sent."""

from datetime import date, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from simulators.common import Book, Refusal


class Movement(BaseModel):
    """A movement from outside: cash repaid by somebody (`reference` their notice), or anything else."""

    model_config = ConfigDict(extra="forbid")

    account: str = Field(min_length=1, max_length=64, description="the payer's account that it moves")
    day: date
    direction: Literal["credit", "debit"] = "credit"
    kind: Literal["repayment", "return", "payment", "other"] = "repayment"
    amount_fen: int = Field(gt=0, le=10**13)
    reference: str = Field(default="", max_length=64)
    end_to_end_id: str = Field(default="", max_length=64)
    code: str = Field(default="", max_length=8)


class Return(BaseModel):
    """A payment that was made comes back on a day."""

    model_config = ConfigDict(extra="forbid")

    end_to_end_id: str = Field(min_length=1, max_length=64)
    day: date
    code: str = Field(default="F03", pattern=r"^F\d\d$")


NAMES = ("bank_ref", "direction", "kind", "amount_fen", "end_to_end_id", "reference", "code")


def add_movement(book: Book, one: Movement) -> str:
    """Book a movement; returns its reference at the bank."""
    with book.tx() as db:
        number = db.execute("SELECT count(*) FROM movements").fetchone()[0] + 1
        ref = f"M{one.day:%Y%m%d}{number:09d}"
        db.execute(
            "INSERT INTO movements VALUES (?,?,?,?,?,?,?,?,?)",
            (ref, one.account, one.day.isoformat(), one.direction, one.kind, one.amount_fen, one.end_to_end_id,
             one.reference, one.code),
        )  # fmt: skip
    return ref


def add_return(book: Book, one: Return) -> str:
    """A credit comes back once; raises Refusal (404) for what was never paid, (409) for what came back before."""
    with book.tx() as db:
        row = db.execute(
            "SELECT bank_serial, amount_fen, payer FROM attempts JOIN files USING (file_id) "
            "WHERE end_to_end_id = ? AND truth = 'PAID'",
            (one.end_to_end_id,),
        ).fetchone()
        if row is None:
            raise Refusal(404, "no_such_credit", "没有这笔付款 (no such credit)")
        if db.execute("SELECT 1 FROM returns WHERE end_to_end_id = ?", (one.end_to_end_id,)).fetchone():
            raise Refusal(409, "returned_before", "该笔已退回 (it came back before)")
        db.execute(
            "INSERT INTO returns VALUES (?,?,?,?,?,?)",
            (one.end_to_end_id, row[2], one.day.isoformat(), row[1], one.code, f"{row[0]}R"),
        )
    return f"{row[0]}R"


def plan_returns(day: str, credits: list[tuple[str, str, int, str]], trouble: dict[str, tuple[str, int, str]],
                 payer: str) -> list[tuple[Any, ...]]:  # fmt: skip
    """Rows of `returns` for (end-to-end id, account, amount, serial) just paid, as their accounts' trouble says."""
    paid_on = date(int(day[:4]), int(day[4:6]), int(day[6:]))
    rows = []
    for key, account, fen, serial in credits:
        kind, days, code = trouble.get(account, ("", 0, ""))
        if kind == "return":
            on = (paid_on + timedelta(days=days)).isoformat()
            rows.append((key, payer, on, fen, code, f"{serial}R"))
    return rows


def entries(book: Book, account: str, day: date) -> list[dict[str, Any]]:
    """Every movement of the day: each payment made, each that came back, each from outside."""
    with book.read() as db:
        rows = db.execute(
            "SELECT a.bank_serial, 'debit', 'payment', a.amount_fen, a.end_to_end_id, a.file_id, '' "
            "FROM attempts AS a JOIN files AS f USING (file_id) WHERE f.payer = :account AND a.truth = 'PAID' "
            # A payment is made on its file's day: only that day's files are looked through.
            "AND replace(f.date, '-', '') = replace(:day, '-', '') AND substr(a.paid_at, 1, 10) = :day "
            "UNION ALL SELECT serial, 'credit', 'return', amount_fen, end_to_end_id, '', code FROM returns "
            "WHERE payer = :account AND day = :day "
            "UNION ALL SELECT serial, direction, kind, amount_fen, end_to_end_id, reference, code FROM movements "
            "WHERE payer = :account AND day = :day ORDER BY 2 DESC, 1",
            {"account": account, "day": day.isoformat()},
        ).fetchall()
    return [dict(zip(NAMES, row, strict=True)) for row in rows]

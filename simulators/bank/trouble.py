"""Trouble told beforehand, account by account, and what it does to results."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from simulators.bank.files import result_file
from simulators.common import Book


class Trouble(BaseModel):
    """What happens to every payment to an account from now on.

    return: paid, and back on day `days` after; reject: fails with `code`; unknown: answered unknown, `paid` is the
    truth; missing: paid, but no result file names it; contradict: told as paid, then as failed in a second part.
    """

    account: str = Field(min_length=1, max_length=64)
    kind: Literal["return", "reject", "unknown", "missing", "contradict", "none"]
    days: int = Field(default=1, ge=0, le=366)
    code: str = Field(default="F03", pattern=r"^F\d\d$")
    paid: bool = True


def set_trouble(book: Book, rows: list[Trouble]) -> None:
    """Replace the trouble of these accounts; `none` ends it."""
    with book.tx() as db:
        db.executemany("DELETE FROM trouble WHERE account = ?", [(one.account,) for one in rows])
        db.executemany(
            "INSERT INTO trouble VALUES (?, ?, ?, ?, ?)",
            [(one.account, one.kind, one.days, one.code, one.paid) for one in rows if one.kind != "none"],
        )


def of_file(book: Book, file_id: str) -> dict[str, str]:
    """Kind of trouble by end-to-end id of a file's payments."""
    with book.read() as db:
        rows = db.execute(
            "SELECT end_to_end_id, kind FROM attempts JOIN trouble USING (account) WHERE file_id = ?",
            (file_id,),
        )
        return dict(rows.fetchall())


def told(head: dict[str, Any], lines: list[dict[str, Any]], trouble: dict[str, str]) -> list[str] | None:
    """The result files when accounts are in trouble; None when none of them changes what is told."""
    kinds = {one["end_to_end_id"]: trouble.get(one["end_to_end_id"]) for one in lines}
    if not {"missing", "contradict"} & set(kinds.values()):
        return None
    first = [one for one in lines if kinds[one["end_to_end_id"]] != "missing"]
    again = [
        one | {"status": "failed", "code": "F04", "bank_serial": "", "paid_at": ""}
        for one in lines
        if kinds[one["end_to_end_id"]] == "contradict" and one["status"] == "success"
    ]
    parts = [first, again] if again else [first]
    return [result_file(head["batch"], head["date"], part) for part in parts]

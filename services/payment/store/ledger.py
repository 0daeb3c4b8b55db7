"""Posting into the ledger: accounts are opened on first use, balances and rules are the database's."""

from collections.abc import Iterable
from typing import NamedTuple

from kit.db import Tx
from kit.ids import new_id
from services.payment.domain.ledger import Kind, Move, entries


class Book(NamedTuple):
    """Accounts are kept per project, county and budget year."""

    project: str
    county: str
    year: int

    def account_id(self, kind: Kind) -> str:
        return f"{self.project}/{self.county}/{self.year}/{kind.value}"


class About(NamedTuple):
    """What a posting is about; shown to people and named by payments."""

    kind: str
    memo: str
    actor: str
    set_id: str | None = None
    order_id: str | None = None
    file_id: str | None = None
    case_id: str | None = None


async def open_book(tx: Tx, book: Book) -> None:
    """Open every account of a county's book; those that exist stay as they are."""
    kinds = list(Kind)
    await tx.execute(
        "INSERT INTO account (account_id, project, county, year, kind) "
        "SELECT id, $1, $2, $3, kind FROM unnest($4::text[], $5::text[]) AS t(id, kind) ON CONFLICT DO "
        "NOTHING",
        *book,
        [book.account_id(kind) for kind in kinds],
        [kind.value for kind in kinds],
    )


async def post(tx: Tx, book: Book, moves: Iterable[Move], about: About) -> str | None:
    """Write one posting; returns its id, or None when nothing moves. The database refuses what would not
    balance or overdraw (CheckViolationError)."""
    sums = entries(moves)
    if not sums:
        return None
    await open_book(tx, book)
    posting_id = new_id()
    await tx.execute(
        "INSERT INTO posting (posting_id, kind, project, county, year, memo, actor, set_id, order_id, "
        "file_id, case_id, "
        "business_day, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        posting_id,
        about.kind,
        *book,
        about.memo,
        about.actor,
        about.set_id,
        about.order_id,
        about.file_id,
        about.case_id,
        tx.today,
        tx.wall,
    )
    await tx.execute(
        "INSERT INTO entry SELECT $1, * FROM unnest($2::text[], $3::bigint[])",
        posting_id,
        [book.account_id(kind) for kind in sums],
        list(sums.values()),
    )
    return posting_id


async def balance(tx: Tx, book: Book, kind: Kind) -> int:
    """Balance of one account in fen, locked until the transaction ends; 0 for a book never opened."""
    found = await tx.fetchval(
        "SELECT balance_fen FROM account WHERE account_id = $1 FOR UPDATE", book.account_id(kind)
    )
    return int(found or 0)

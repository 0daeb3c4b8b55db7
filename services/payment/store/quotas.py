"""Quotas (指标) and what sets hold of them."""

from typing import Any

from kit.db import Tx
from kit.ids import named_id
from services.payment.domain.ledger import Kind, Move
from services.payment.store import ledger
from services.payment.store.ledger import About, Book
from services.payment.store.tables import Reservation


class OtherAmount(Exception):
    """A document (指标文号) is registered with another amount."""


def quota_id(book: Book) -> str:
    """The one quota of a county, project and year."""
    return named_id("quota", *book)


async def grant(tx: Tx, book: Book, document_no: str, amount_fen: int, actor: str) -> bool:
    """Give or raise a quota by a document; the same document again changes nothing (False).

    Raises OtherAmount when the document is known with another amount.
    """
    quota = quota_id(book)
    await tx.execute("INSERT INTO quota VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", quota, *book)
    new = await tx.execute(
        "INSERT INTO quota_grant VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        quota,
        document_no,
        amount_fen,
        actor,
        tx.wall,
    )
    if not new:
        known = await tx.fetchval(
            "SELECT amount_fen FROM quota_grant WHERE quota_id = $1 AND document_no = $2", quota, document_no
        )
        if known != amount_fen:
            raise OtherAmount
        return False
    memo = f"指标下达 {document_no} (quota granted)"
    await ledger.post(
        tx, book, [Move(Kind.APPROPRIATION, Kind.BUDGET, amount_fen)], About("grant", memo, actor)
    )
    return True


async def of(tx: Tx, project: str, county: str) -> dict[int, dict[str, Any]]:
    """A county's quotas for a project by year, with where the money is, in fen."""
    rows = await tx.fetch(
        "SELECT quota_id, project, county, year, "
        "(SELECT sum(amount_fen)::bigint FROM quota_grant WHERE quota_grant.quota_id = quota.quota_id) "
        "AS granted_fen, "
        "coalesce(max(balance_fen) FILTER (WHERE kind = 'budget'), 0) AS budget_fen, "
        "coalesce(max(balance_fen) FILTER (WHERE kind = 'committed'), 0) AS committed_fen, "
        "coalesce(max(balance_fen) FILTER (WHERE kind = 'in_transit'), 0) AS in_transit_fen, "
        "coalesce(max(balance_fen) FILTER (WHERE kind = 'paid'), 0) AS paid_fen "
        "FROM quota JOIN account USING (project, county, year) WHERE project = $1 AND county = $2 "
        "GROUP BY quota_id, project, county, year ORDER BY year",
        project,
        county,
    )
    return {row["year"]: dict(row) for row in rows}


async def reservation(tx: Tx, set_id: str) -> Reservation | None:
    """What the set holds, locked until the transaction ends."""
    row = await tx.fetchrow("SELECT * FROM reservation WHERE set_id = $1 FOR UPDATE", set_id)
    return Reservation.model_validate(dict(row)) if row else None


async def reserve(tx: Tx, book: Book, set_id: str, approved_fen: int) -> int:
    """Hold exactly `approved_fen` for the set, more or less than before; returns what is short (0: held)."""
    held = await reservation(tx, set_id)
    if held is not None and held.order_id is not None:
        return 0
    free = await ledger.balance(tx, book, Kind.BUDGET)
    more = approved_fen - (held.reserved_fen if held else 0)
    if more > free:
        return more - free
    posting = await _move_reserve(tx, book, set_id, more)
    await tx.execute(
        "INSERT INTO reservation VALUES ($1, $2, $3, $4, NULL) ON CONFLICT (set_id) DO UPDATE SET "
        "reserved_fen = excluded.reserved_fen, posting_id = coalesce($5, reservation.posting_id)",
        set_id,
        quota_id(book),
        approved_fen,
        posting or "",
        posting,
    )
    return 0


async def _move_reserve(tx: Tx, book: Book, set_id: str, more: int) -> str | None:
    if more >= 0:
        about = About("reserve", "审核挂账 (reserved for a set)", "payment", set_id=set_id)
        return await ledger.post(tx, book, [Move(Kind.BUDGET, Kind.COMMITTED, more)], about)
    about = About("unreserve", "挂账调减 (reservation lowered)", "payment", set_id=set_id)
    return await ledger.post(tx, book, [Move(Kind.COMMITTED, Kind.BUDGET, -more)], about)

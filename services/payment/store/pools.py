"""Keeping pools: documents, expected townships, reservations, the remainder and its carrying over."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from kit.db import Tx
from kit.ids import named_id
from services.payment.domain.pool import pool_fen
from services.payment.store.ledger import Book
from services.payment.store.pool_tables import Pool


class OtherAmount(Exception):
    """The document is registered with another amount."""


class TooLittle(Exception):
    """The pool's remainder is short by `short_fen`."""

    def __init__(self, short_fen: int) -> None:
        super().__init__(short_fen)
        self.short_fen = short_fen


def pool_id(book: Book) -> str:
    """The one pool of a project, county and year."""
    return named_id("pool", *book)


async def lock(tx: Tx, pool: str) -> Pool | None:
    """The pool, locked until the transaction ends: whatever counts its remainder does so alone."""
    row = await tx.fetchrow("SELECT * FROM pool WHERE pool_id = $1 FOR UPDATE", pool)
    return Pool.model_validate(dict(row)) if row else None


async def add(tx: Tx, book: Book, document_no: str, amount_fen: int, actor: str) -> bool:
    """Open a pool or add to it by a document; the same document again changes nothing (False).

    Raises OtherAmount when the document is known with another amount.
    """
    await open_pool(tx, book)
    return await _document(tx, pool_id(book), document_no, "grant", amount_fen, actor)


async def open_pool(tx: Tx, book: Book) -> None:
    """Make sure that there is the pool, and lock it."""
    await tx.execute(
        "INSERT INTO pool (pool_id, project, county, year) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        pool_id(book),
        *book,
    )
    await lock(tx, pool_id(book))


async def _document(tx: Tx, pool: str, number: str, kind: str, fen: int, actor: str) -> bool:
    new = await tx.execute(
        "INSERT INTO pool_document VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        pool,
        number,
        kind,
        fen,
        actor,
        tx.wall,
    )
    if not new and fen != await tx.fetchval(
        "SELECT amount_fen FROM pool_document WHERE pool_id = $1 AND document_no = $2", pool, number
    ):
        raise OtherAmount
    return bool(new)


async def granted(tx: Tx, pool: str) -> int:
    """All that came in, less what was carried over, in fen."""
    return int(
        await tx.fetchval(
            "SELECT coalesce(sum(amount_fen), 0)::bigint FROM pool_document WHERE pool_id = $1", pool
        )
    )


async def holds(tx: Tx, pool: Pool) -> dict[str, int]:
    """What each open reservation still holds, in fen: its area at the price, less what came of the township."""
    if pool.price is None:
        return {}
    rows = await tx.fetch(
        "SELECT township, area, (SELECT coalesce(sum(amount_fen), 0)::bigint FROM pool_line AS line "
        "WHERE line.pool_id = one.pool_id AND line.township = one.township AND late AND NOT gone) AS used_fen "
        "FROM pool_reservation AS one WHERE pool_id = $1 AND released_at IS NULL",
        pool.pool_id,
    )
    return {row["township"]: max(pool_fen(pool.price, row["area"]) - row["used_fen"], 0) for row in rows}


async def charged(tx: Tx, pool: str) -> int:
    """What the lines take that are still in, in fen."""
    return int(
        await tx.fetchval(
            "SELECT coalesce(sum(amount_fen), 0)::bigint FROM pool_line WHERE pool_id = $1 AND NOT gone", pool
        )
    )


async def remainder(tx: Tx, pool: Pool) -> int:
    """What nobody has and nobody holds, in fen; below zero is refused by whoever would cause it."""
    held = sum((await holds(tx, pool)).values())
    return await granted(tx, pool.pool_id) - await charged(tx, pool.pool_id) - held


async def expect(tx: Tx, pool: str, townships: Sequence[str]) -> None:
    """Declare which townships must come, in place of what was declared before."""
    await tx.execute("DELETE FROM pool_township WHERE pool_id = $1", pool)
    await tx.execute("INSERT INTO pool_township SELECT $1, unnest($2::text[])", pool, sorted(set(townships)))


async def reserve(tx: Tx, pool: Pool, township: str, area: Decimal, reason: str, actor: str) -> None:
    """Let a late township's declared area count; in place of its open reservation, should it have one.

    Raises TooLittle when the pool is priced already and its remainder can't hold so much.
    """
    await release(tx, pool.pool_id, township, actor)
    await tx.execute(
        "INSERT INTO pool_reservation (pool_id, township, area, reason, actor, at) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        pool.pool_id,
        township,
        area,
        reason,
        actor,
        tx.wall,
    )
    if pool.price is not None and (left := await remainder(tx, pool)) < 0:
        raise TooLittle(-left)


async def release(tx: Tx, pool: str, township: str, actor: str) -> bool:
    """Give a reservation's money back to the remainder; False when there is none open."""
    return bool(
        await tx.execute(
            "UPDATE pool_reservation SET released_by = $3, released_at = $4 "
            "WHERE pool_id = $1 AND township = $2 AND released_at IS NULL",
            pool,
            township,
            actor,
            tx.wall,
        )
    )


async def carry(tx: Tx, book: Book, from_year: int, actor: str) -> int | None:
    """Carry a frozen pool's whole remainder over into this book's pool; returns the fen carried.

    None when that pool does not exist or is not frozen; TooLittle(0) when nothing is left in it.
    """
    source = await lock(tx, pool_id(book._replace(year=from_year)))
    if source is None or source.frozen_at is None:
        return None
    left = await remainder(tx, source)
    if left <= 0:
        raise TooLittle(-left)
    times = await tx.fetchval("SELECT count(*) FROM pool_document WHERE pool_id = $1", source.pool_id)
    number = f"结转 {from_year}→{book.year} ({times})"
    await open_pool(tx, book)
    await _document(tx, source.pool_id, number, "carried_out", -left, actor)
    await _document(tx, pool_id(book), number, "carried_in", left, actor)
    return left


async def of(tx: Tx, project: str, county: str) -> list[dict[str, Any]]:
    """A county's pools for a project by year, as `look` has them."""
    rows = await tx.fetch(
        "SELECT pool_id FROM pool WHERE project = $1 AND county = $2 ORDER BY year", project, county
    )
    found = [await look(tx, row["pool_id"]) for row in rows]
    return [one for one in found if one is not None]


async def look(tx: Tx, pool: str) -> dict[str, Any] | None:
    """A pool with its documents, expected townships and reservations, and where its money is, in fen."""
    row = await tx.fetchrow("SELECT * FROM pool WHERE pool_id = $1", pool)
    if row is None:
        return None
    found = Pool.model_validate(dict(row))
    held = await holds(tx, found)
    documents = await tx.fetch(
        "SELECT document_no, kind, amount_fen, at FROM pool_document WHERE pool_id = $1 ORDER BY at", pool
    )
    townships = await tx.fetch("SELECT township FROM pool_township WHERE pool_id = $1 ORDER BY 1", pool)
    reservations = await tx.fetch(
        "SELECT township, area, reason, at FROM pool_reservation WHERE pool_id = $1 AND released_at IS NULL "
        "ORDER BY township",
        pool,
    )
    return dict(row) | {
        "documents": [dict(one) for one in documents],
        "townships": [one["township"] for one in townships],
        "reservations": [dict(one) | {"held_fen": held.get(one["township"])} for one in reservations],
        "granted_fen": await granted(tx, pool),
        "charged_fen": await charged(tx, pool),
        "remainder_fen": await remainder(tx, found),
    }

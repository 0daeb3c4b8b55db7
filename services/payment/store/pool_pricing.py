"""Pricing a set from its pools: afresh while nothing is frozen, at the frozen price ever after."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from contracts.payment import CalculateSet
from kit.db import Tx
from services.payment.domain.standards import Pins, Standard, year_of
from services.payment.store import pool_lines, pools
from services.payment.store.ledger import Book

NO_MONEY = "pool"
"""What `PoolWaiting` names when there is no pool, or too little in it."""


async def pin(tx: Tx, message: CalculateSet, wanted: Iterable[tuple[str, str]], scale: int) -> Pins:
    """The price of each year's pool for every (category, entitlement period); `missing` is what it waits for."""
    pairs = list(wanted)
    prices: dict[int, Standard] = {}
    missing: list[str] = []
    for year in sorted({year_of(period) for _, period in pairs}):
        book = Book(message.project, message.county, year)
        found, waits = await _price(tx, book, message, scale)
        missing += waits
        if found is not None:
            prices[year] = Standard(f"pool:{pools.pool_id(book)}", "", "亩", found, date(year, 1, 1), None)
    if missing:
        return Pins({}, missing)
    return Pins({pair: prices[year_of(pair[1])] for pair in pairs}, [])


async def _price(tx: Tx, book: Book, message: CalculateSet, scale: int) -> tuple[Decimal | None, list[str]]:
    pool = await pools.lock(tx, pools.pool_id(book))
    if pool is None:
        return None, [NO_MONEY]
    if pool.frozen_at is None:
        waits = await pool_lines.missing(tx, pool, message.slices)
        if waits:
            return None, waits
        found = await pool_lines.find_price(tx, pool, message.slices, scale)
        if found is None:
            return None, [NO_MONEY]
        await pool_lines.price_afresh(tx, pool, message.set_id, *found)
        await pool_lines.charge(tx, pool, message.set_id, message.slices, found[0])
        return found[0], []
    assert pool.price is not None, "a frozen pool has its price"
    await pool_lines.charge(tx, pool, message.set_id, message.slices, pool.price)
    if await pools.remainder(tx, pool) < 0:
        await pool_lines.uncharge(tx, pool, message.set_id)
        return None, [NO_MONEY]
    return pool.price, []

"""What lines take of a pool: who is still missing, the price, the charge of a set, and lines that leave."""

from collections.abc import Sequence
from decimal import Decimal

from contracts.batch import SliceRevision
from kit.db import Tx
from services.payment.domain.pool import pool_price
from services.payment.store import pools
from services.payment.store.pool_tables import Pool

_ROWS = """
    SELECT head.slice_id, head.township, row FROM unnest($1::text[], $2::int[]) AS one(slice_id, revision)
    JOIN slice_head AS head USING (slice_id), chunk_rows(one.slice_id, one.revision) AS row
    WHERE row->>'state' = 'normal' AND row->>'kind' <> 'deduction'
        AND left(row->>'entitlement_period', 4)::int = $3
        AND NOT EXISTS (SELECT FROM line_exclusion AS gone
            WHERE gone.slice_id = head.slice_id AND gone.line_id = row->>'line_id')
"""


async def missing(tx: Tx, pool: Pool, slices: Sequence[SliceRevision]) -> list[str]:
    """Townships without a reservation that have lines which may still come: outside these slices, or open in them."""
    rows = await tx.fetch(
        """
        SELECT township FROM (
            SELECT head.township FROM slice_head AS head
            WHERE project = $2 AND county = $3 AND left(period, 4)::int = $4
                AND EXISTS (
                    SELECT FROM chunk_rows(slice_id, (SELECT max(revision) FROM stream_complete
                        WHERE stream_id = slice_id)) AS row
                    WHERE (row->>'state' IN ('abnormal', 'processing', 'held')
                            OR row->>'state' = 'normal' AND slice_id <> ALL ($5::text[]))
                        AND NOT EXISTS (SELECT FROM line_exclusion AS gone
                            WHERE gone.slice_id = head.slice_id AND gone.line_id = row->>'line_id'))
            UNION SELECT declared.township FROM pool_township AS declared
            WHERE pool_id = $1 AND NOT EXISTS (SELECT FROM slice_head AS head WHERE project = $2
                AND county = $3 AND left(period, 4)::int = $4 AND head.township = declared.township)
        ) AS late
        EXCEPT SELECT township FROM pool_reservation WHERE pool_id = $1 AND released_at IS NULL
        ORDER BY township
        """,
        pool.pool_id,
        pool.project,
        pool.county,
        pool.year,
        [one.slice_id for one in slices],
    )
    return [row["township"] for row in rows]


async def find_price(
    tx: Tx, pool: Pool, slices: Sequence[SliceRevision], scale: int
) -> tuple[Decimal, Decimal] | None:
    """(price, total area) that the pool can pay these slices' lines and all open reservations at; else None."""
    rows = await tx.fetch(
        f"SELECT (row->>'quantity')::numeric AS area, count(*) AS lines FROM ({_ROWS}) AS line GROUP BY 1",
        [one.slice_id for one in slices],
        [one.revision for one in slices],
        pool.year,
    )
    areas = {row["area"]: row["lines"] for row in rows if row["area"] > 0}
    reserved = [
        row["area"]
        for row in await tx.fetch(
            "SELECT area FROM pool_reservation WHERE pool_id = $1 AND released_at IS NULL", pool.pool_id
        )
    ]
    price = pool_price(await pools.granted(tx, pool.pool_id), areas, reserved, scale)
    if price is None:
        return None
    return price, sum((area * lines for area, lines in areas.items()), Decimal(0)) + sum(reserved)


async def price_afresh(tx: Tx, pool: Pool, set_id: str, price: Decimal, area: Decimal) -> None:
    """Keep the price that was found; what an earlier calculation charged, before any freezing, is void."""
    await tx.execute("DELETE FROM pool_line WHERE pool_id = $1", pool.pool_id)
    await tx.execute(
        "UPDATE pool SET price = $2, area = $3, priced_set = $4 WHERE pool_id = $1",
        pool.pool_id,
        price,
        area,
        set_id,
    )


async def charge(tx: Tx, pool: Pool, set_id: str, slices: Sequence[SliceRevision], price: Decimal) -> None:
    """Charge the pool with a set's lines, in place of what was charged for its slices before.

    A line that replaces another (重发) takes over what that one had.
    """
    ids = [one.slice_id for one in slices]
    await tx.execute(
        "DELETE FROM pool_line WHERE pool_id = $1 AND (set_id = $2 OR slice_id = ANY ($3::text[]))",
        pool.pool_id,
        set_id,
        ids,
    )
    late = pool.frozen_at is not None and pool.priced_set != set_id
    place = (ids, [one.revision for one in slices], pool.year, pool.pool_id)
    await tx.execute(
        "INSERT INTO pool_line (slice_id, line_id, pool_id, set_id, township, area, amount_fen, late) "
        "SELECT slice_id, row->>'line_id', $4, $5, township, (row->>'quantity')::numeric, "
        f"round($6 * (row->>'quantity')::numeric * 100)::bigint, $7 FROM ({_ROWS}) AS line "
        "WHERE (row->>'quantity')::numeric > 0",
        *place,
        set_id,
        price,
        late,
    )
    await tx.execute(
        "UPDATE pool_line SET gone = true WHERE pool_id = $4 AND line_id IN "
        f"(SELECT row->>'reissue_of' FROM ({_ROWS}) AS line)",
        *place,
    )


async def uncharge(tx: Tx, pool: Pool, set_id: str) -> None:
    """Take a charge back that the remainder could not bear."""
    await tx.execute("DELETE FROM pool_line WHERE pool_id = $1 AND set_id = $2", pool.pool_id, set_id)


async def leave(tx: Tx, slice_id: str, line_id: str) -> None:
    """A line left its slice: its money goes back to the remainder."""
    await tx.execute(
        "UPDATE pool_line SET gone = true WHERE slice_id = $1 AND line_id = $2 AND NOT gone",
        slice_id,
        line_id,
    )


async def take_again(tx: Tx, slice_id: str, line_id: str) -> None:
    """A line that had left, or was replaced, turned out to be paid: its money is not in the remainder."""
    await tx.execute(
        "UPDATE pool_line SET gone = false WHERE slice_id = $1 AND line_id = $2 AND gone", slice_id, line_id
    )


async def freeze(tx: Tx, set_id: str) -> list[str]:
    """部门审核 is signed: price and total area of the pools that this set priced stand from now on."""
    rows = await tx.fetch(
        "UPDATE pool SET frozen_at = $2 WHERE priced_set = $1 AND frozen_at IS NULL RETURNING pool_id",
        set_id,
        tx.now,
    )
    return [row["pool_id"] for row in rows]

"""测算 in SQL: the lines stay in the database's chunks, each slice is priced by one statement.

A deduction keeps the amount it came with; a reissue is priced by what its former line was priced by.
"""

from collections.abc import Sequence
from typing import NamedTuple

from contracts.batch import SliceRevision
from contracts.payment import LineAmount
from kit.db import Tx
from services.payment.domain.standards import Pins, Standard
from services.payment.store.tables import Calculation

# A quantity that is no positive decimal, or an amount that rounds to nothing, is no matter of prices.
QUANTITY = r"^[0-9]{1,9}(\.[0-9]{1,8})?$"


class Wanted(NamedTuple):
    """What must be priced: (category, entitlement period) pairs, and lines that can't be."""

    pairs: list[tuple[str, str]]
    bad_lines: list[str]


async def wanted(tx: Tx, slices: Sequence[SliceRevision]) -> Wanted:
    """Which standards the normal lines of these revisions need."""
    rows = await tx.fetch(
        """
        SELECT category, period, bool_or(NOT of_itself) AS wanted, array_agg(line_id) FILTER (WHERE bad) AS bad
        FROM (
            SELECT head.category, row->>'entitlement_period' AS period, row->>'line_id' AS line_id,
                CASE row->>'kind' WHEN 'deduction' THEN coalesce((row->>'amount_fen')::bigint, 0) >= 0
                    ELSE row->>'quantity' !~ $3 END AS bad,
                row->>'kind' = 'deduction' OR coalesce(former_standard(
                    row->>'reissue_of', head.category, row->>'entitlement_period'), '') <> '' AS of_itself
            FROM unnest($1::text[], $2::int[]) AS one(slice_id, revision)
            JOIN slice_head AS head USING (slice_id), chunk_rows(one.slice_id, one.revision) AS row
            WHERE row->>'state' = 'normal'
        ) AS line GROUP BY 1, 2
        """,
        [one.slice_id for one in slices],
        [one.revision for one in slices],
        QUANTITY,
    )
    bad = [line for row in rows for line in row["bad"] or ()]
    return Wanted([(row["category"], row["period"]) for row in rows if row["wanted"]], bad)


async def price(tx: Tx, one: SliceRevision, pins: Pins) -> list[LineAmount]:
    """Amounts of a slice's normal lines: price × quantity, half up to the fen (as `numeric` rounds), at most
    the standard's ceiling."""
    keys = list(pins.chosen)
    rows = await tx.fetch(
        """
        SELECT row->>'line_id' AS line_id, (row->>'rev')::int AS rev,
            CASE WHEN row->>'kind' = 'deduction' THEN (row->>'amount_fen')::bigint
            WHEN former.standard_id IS NOT NULL THEN least(former.ceiling_fen,
                round(former.unit_price * (row->>'quantity')::numeric * 100)::bigint)
            ELSE least(pin.ceiling_fen, round(pin.unit_price * (row->>'quantity')::numeric * 100)::bigint)
            END AS amount_fen
        FROM slice_head AS head CROSS JOIN chunk_rows($1, $2) AS row
        LEFT JOIN unnest($3::text[], $4::text[], $5::numeric[], $6::bigint[])
            AS pin(category, period, unit_price, ceiling_fen)
            ON pin.category = head.category AND pin.period = row->>'entitlement_period'
        LEFT JOIN standard AS former ON former.standard_id = CASE WHEN row->>'reissue_of' IS NOT NULL
            THEN former_standard(row->>'reissue_of', head.category, row->>'entitlement_period') END
        WHERE head.slice_id = $1 AND row->>'state' = 'normal'
        ORDER BY 1
        """,
        one.slice_id,
        one.revision,
        [key[0] for key in keys],
        [key[1] for key in keys],
        [pins.chosen[key].unit_price for key in keys],
        [pins.chosen[key].ceiling_fen for key in keys],
    )
    return [LineAmount.model_construct(**dict(row)) for row in rows]


async def standards(tx: Tx, project: str, county: str) -> list[Standard]:
    """All standards of a county for a project, oldest first."""
    rows = await tx.fetch(
        "SELECT standard_id, category, unit, unit_price, valid_from, valid_to, ceiling_fen FROM standard "
        "WHERE project = $1 AND county = $2 ORDER BY category, valid_from",
        project,
        county,
    )
    return [Standard(**dict(row)) for row in rows]


async def save(tx: Tx, calculation: Calculation, pins: Pins) -> None:
    """Keep what was calculated from which standards; what a pool priced stands with the pool."""
    await tx.insert(calculation)
    await tx.executemany(
        "INSERT INTO calculation_standard SELECT $1, $2, $3, $4 WHERE EXISTS "
        "(SELECT FROM standard WHERE standard_id = $4)",
        [
            (calculation.calculation_id, category, period, one.standard_id)
            for (category, period), one in pins.chosen.items()
        ],
    )

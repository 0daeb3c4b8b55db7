"""Maintaining standards: one writer at a time per county and category, so that periods never overlap."""

from datetime import date
from decimal import Decimal

from kit.db import Tx
from services.payment.domain.standards import Standard, closing_day
from services.payment.store.tables import StandardRow


async def of(tx: Tx, project: str, county: str) -> list[StandardRow]:
    """All standards of a county for a project."""
    rows = await tx.fetch(
        "SELECT * FROM standard WHERE project = $1 AND county = $2 ORDER BY category, valid_from",
        project,
        county,
    )
    return [StandardRow(**dict(row)) for row in rows]


async def maintain(tx: Tx, row: StandardRow) -> tuple[StandardRow, bool]:
    """Keep a standard and close the one before it; (what stands, whether it is new).

    Raises StandardClash when it would reprice what already was.
    """
    place = f"{row.project}|{row.county}|{row.category}"
    await tx.execute("SELECT pg_advisory_xact_lock(7204101, hashtext($1))", place)
    before = [one for one in await of(tx, row.project, row.county) if one.category == row.category]
    for one in before:
        if _words(one) == _words(row):
            return one, False
    last = closing_day([_plain(one) for one in before], row.valid_from)
    if last is not None:
        await tx.execute(
            "UPDATE standard SET valid_to = $4 WHERE project = $1 AND county = $2 AND category = $3 AND "
            "valid_from = "
            "(SELECT max(valid_from) FROM standard WHERE project = $1 AND county = $2 AND category = $3)",
            row.project,
            row.county,
            row.category,
            last,
        )
    await tx.insert(row)
    return row, True


def _words(row: StandardRow) -> tuple[date, str, Decimal, int | None]:
    return row.valid_from, row.unit, row.unit_price, row.ceiling_fen


def _plain(row: StandardRow) -> Standard:
    return Standard(
        row.standard_id,
        row.category,
        row.unit,
        row.unit_price,
        row.valid_from,
        row.valid_to,
        row.ceiling_fen,
    )

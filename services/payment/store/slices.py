"""What batch stated: heads of slices, exclusion records, and the signed lines of a slice."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from contracts.batch import FrozenSlice, LineExcluded, LinesStated
from contracts.manifest import signable, slice_root
from kit import chunks
from kit.db import Tx
from services.payment.domain.orders import DEDUCTION


class SignedSlice(NamedTuple):
    """A slice whose root was recomputed; `lines` are payable: signed, not excluded since.

    `left_fen`: deductions among those that left; by so much the rest is dearer than what was approved.
    """

    frozen: FrozenSlice
    root: str
    township: str
    category: str
    lines: list[Mapping[str, Any]]
    left_fen: int = 0


async def save_head(tx: Tx, stated: LinesStated) -> None:
    """Keep what the slice's lines have in common."""
    await tx.execute(
        "INSERT INTO slice_head VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        stated.stream_id,
        stated.batch_id,
        stated.project,
        stated.period,
        stated.county,
        stated.township,
        stated.category,
    )


async def save_exclusion(tx: Tx, one: LineExcluded) -> list[int]:
    """Keep an exclusion record; returns the numbers n for which the first n records are now all here."""
    stored = await tx.execute(
        "INSERT INTO line_exclusion VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        one.slice_id,
        one.seq,
        one.line_id,
        one.reason,
    )
    if not stored:
        return []
    unbroken = await tx.fetchval(
        "SELECT coalesce(max(seq), 0) FROM (SELECT seq, row_number() OVER (ORDER BY seq) AS place "
        "FROM line_exclusion WHERE slice_id = $1) AS numbered WHERE seq = place",
        one.slice_id,
    )
    return list(range(one.seq, unbroken + 1))


async def signed(tx: Tx, frozen: FrozenSlice) -> SignedSlice:
    """Recompute what finance signed of a slice and take away what left since."""
    rows = await chunks.rows(tx, frozen.slice_id, frozen.revision)
    head = await tx.fetchrow("SELECT township, category FROM slice_head WHERE slice_id = $1", frozen.slice_id)
    excluded = await tx.fetch(
        "SELECT seq, line_id FROM line_exclusion WHERE slice_id = $1 AND seq <= $2",
        frozen.slice_id,
        frozen.exclusions,
    )
    at_signing = frozenset(one["line_id"] for one in excluded if one["seq"] <= frozen.exclusions_at_signing)
    gone = frozenset(one["line_id"] for one in excluded)
    payable = signable(rows, gone)
    left = [
        one["amount_fen"] or 0
        for one in rows
        if one["line_id"] in gone - at_signing and one["kind"] == DEDUCTION and one["state"] == "normal"
    ]
    return SignedSlice(
        frozen,
        slice_root(rows, at_signing),
        head["township"] if head else "",
        head["category"] if head else "",
        [one for one in payable if isinstance(one, Mapping)],
        -sum(left),
    )

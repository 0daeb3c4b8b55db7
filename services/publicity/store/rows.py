"""The rows of a notice: named in bulk, read by village, withdrawn and given back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.batch import LineExcluded, LineHeld, LineReleased
from contracts.registry import Named
from kit.db import Tx
from kit.mask import mask_name
from services.publicity.domain.texts import UNNAMED
from services.publicity.store.tables import Notice

WITHDRAWN = (
    "EXISTS (SELECT FROM line_standing AS s WHERE s.slice_id = $2 AND s.line_id = r.line_id "
    "AND (s.standing = 'excluded' OR (s.standing = 'held' AND s.rev > r.rev)))"
)
"""A line that was held or excluded since its revision was stated."""


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One row of a list or sheet, without those withdrawn."""

    seq: int
    line_id: str
    village: str
    name: str
    quantity: str
    amount_fen: int | None


async def unnamed(tx: Tx, notice_id: str, most: int) -> list[str]:
    """Up to `most` subjects whose names are still to be asked for."""
    rows = await tx.fetch(
        "SELECT DISTINCT subject_id FROM (SELECT subject_id FROM notice_row "
        "WHERE notice_id = $1 AND masked IS NULL ORDER BY seq LIMIT $2) AS next",
        notice_id,
        most,
    )
    return [row["subject_id"] for row in rows]


async def name(tx: Tx, notice_id: str, asked: Sequence[str], found: Mapping[str, Named]) -> None:
    """Give the asked subjects' rows their masked and posted names; children are posted masked, too."""
    masked, posted = [], []
    for subject_id in asked:
        one = found.get(subject_id)
        masked.append(mask_name(one.name) if one else UNNAMED)
        posted.append(UNNAMED if one is None else mask_name(one.name) if one.child else one.name)
    await tx.execute(
        "UPDATE notice_row SET masked = n.masked, posted = n.posted "
        "FROM unnest($2::text[], $3::text[], $4::text[]) AS n(subject_id, masked, posted) "
        "WHERE notice_id = $1 AND notice_row.subject_id = n.subject_id AND notice_row.masked IS NULL",
        notice_id,
        list(asked),
        masked,
        posted,
    )


async def shown(
    tx: Tx,
    notice: Notice,
    *,
    posted: bool,
    village: str | None = None,
    after: int = 0,
    limit: int | None = None,
) -> list[ShownRow]:
    """Rows that still stand, with posted or masked names, in order."""
    rows = await tx.fetch(
        f"SELECT seq, line_id, village, {'posted' if posted else 'masked'} AS name, quantity, amount_fen "
        f"FROM notice_row AS r WHERE notice_id = $1 AND NOT {WITHDRAWN} "
        "AND ($3::text IS NULL OR village = $3) AND seq > $4 ORDER BY seq LIMIT $5",
        notice.notice_id,
        notice.slice_id,
        village,
        after,
        limit,
    )
    return [ShownRow(**row) for row in rows]


async def standing_lines(tx: Tx, notice: Notice) -> int:
    """How many rows still stand."""
    found: int = await tx.fetchval(
        f"SELECT count(*) FROM notice_row AS r WHERE notice_id = $1 AND NOT {WITHDRAWN}",
        notice.notice_id,
        notice.slice_id,
    )
    return found


async def villages(tx: Tx, notice: Notice) -> list[dict[str, Any]]:
    """Villages of the notice with their standing lines and totals."""
    rows = await tx.fetch(
        "SELECT village, count(*) AS lines, sum(amount_fen)::bigint AS amount_fen FROM notice_row AS r "
        f"WHERE notice_id = $1 AND NOT {WITHDRAWN} GROUP BY village ORDER BY village",
        notice.notice_id,
        notice.slice_id,
    )
    return [dict(row) for row in rows]


async def hold(tx: Tx, message: LineHeld | LineReleased) -> None:
    """A line is held or free again; an exclusion is final, an older word does not count."""
    await tx.execute(
        "INSERT INTO line_standing AS s VALUES ($1, $2, $3, $4) ON CONFLICT (slice_id, line_id) DO UPDATE "
        "SET standing = excluded.standing, rev = excluded.rev "
        "WHERE s.standing <> 'excluded' AND excluded.rev > s.rev",
        message.slice_id,
        message.line_id,
        "held" if isinstance(message, LineHeld) else "released",
        message.rev,
    )


async def exclude(tx: Tx, message: LineExcluded) -> None:
    """A line left the slice for good."""
    await tx.execute(
        "INSERT INTO line_standing VALUES ($1, $2, 'excluded', 0) "
        "ON CONFLICT (slice_id, line_id) DO UPDATE SET standing = 'excluded'",
        message.slice_id,
        message.line_id,
    )

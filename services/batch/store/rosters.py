"""Uploaded rosters: rows without clear person data, and the sealed file until its deletion date."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter
from typing import Any

from contracts.application import OfflineResult
from kit.db import Tx
from services.batch.store.tables import Roster

_COLUMNS = (
    "roster_id",
    "number",
    "row_id",
    "subject_id",
    "township",
    "village",
    "category",
    "state",
    "reasons",
    "quantity",
    "payee_id",
)
MANY = 1000
"""From so many rows on a roster changes what the planner should know."""
_values = attrgetter(*_COLUMNS[1:])


@dataclass(slots=True)
class NewRow:
    """A row about to be stored; a table model costs fifteen times as much, and a roster has 100,000 of them."""

    number: int
    row_id: str
    state: str
    subject_id: str | None = None
    township: str | None = None
    village: str | None = None
    category: str | None = None
    reasons: list[dict[str, str]] = field(default_factory=list)
    quantity: str = "1"
    payee_id: str | None = None


async def known(tx: Tx, batch_id: str, township: str, sha256: str) -> str | None:
    """The roster that the same file became before, for the same batch and township."""
    found: str | None = await tx.fetchval(
        "SELECT roster_id FROM roster WHERE (batch_id, township, sha256) = ($1, $2, $3)",
        batch_id,
        township,
        sha256,
    )
    return found


async def save(tx: Tx, roster: Roster, rows: Iterable[NewRow], sealed: bytes, until: date) -> bool:
    """Store roster, rows and sealed file; False (nothing stored) when the same file is already there."""
    new = await tx.execute(
        "INSERT INTO roster VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
        "ON CONFLICT (batch_id, township, sha256) DO NOTHING",
        roster.roster_id,
        roster.batch_id,
        roster.project,
        roster.county,
        roster.township,
        roster.sha256,
        roster.accepted,
        roster.rejected,
        roster.uploaded_by,
        roster.uploaded_at,
    )
    if not new:
        return False
    await tx.execute("INSERT INTO roster_file VALUES ($1, $2, $3)", roster.roster_id, sealed, until)
    await tx.copy("roster_row", _COLUMNS, ((roster.roster_id, *_values(row)) for row in rows))
    if roster.accepted >= MANY:
        # Until the server looks by itself, it takes a fresh roster for one row and joins it by nested loops.
        await tx.execute("ANALYZE roster_row")
    return True


async def find(tx: Tx, roster_id: str) -> Roster | None:
    """The roster or None."""
    row = await tx.fetchrow("SELECT * FROM roster WHERE roster_id = $1", roster_id)
    return Roster(**row) if row else None


async def counts(tx: Tx, roster_id: str) -> dict[str, int]:
    """Rows by state."""
    rows = await tx.fetch(
        "SELECT state, count(*) AS rows FROM roster_row WHERE roster_id = $1 GROUP BY state", roster_id
    )
    return {row["state"]: row["rows"] for row in rows}


async def problems(tx: Tx, roster_id: str, limit: int, after: int) -> list[dict[str, Any]]:
    """Rows that were not taken, with all their reasons, in row order."""
    rows = await tx.fetch(
        "SELECT number, state, reasons FROM roster_row WHERE roster_id = $1 AND number > $2 "
        "AND state IN ('rejected', 'refused') ORDER BY number LIMIT $3",
        roster_id,
        after,
        limit,
    )
    return [dict(row) for row in rows]


async def record_results(tx: Tx, roster_id: str, results: Sequence[OfflineResult]) -> int:
    """Rows become candidates or are refused with the reason; returns how many candidates are new or corrected.

    Where batches open by roster the candidate is of this batch alone, and a later list corrects an earlier one.
    """
    values = [one.model_dump(mode="json") for one in results]
    return await tx.execute(
        """
        WITH result AS (
            SELECT * FROM jsonb_to_recordset($2) AS r(row_id text, application_id text, refused text)
        ), done AS (
            UPDATE roster_row SET
                state = CASE WHEN result.application_id IS NULL THEN 'refused' ELSE 'listed' END,
                application_id = result.application_id,
                reasons = CASE WHEN result.application_id IS NOT NULL THEN reasons
                    ELSE jsonb_build_array(jsonb_build_object(
                        'column', '', 'code', 'refused', 'message', coalesce(result.refused, ''))) END
              FROM result
             WHERE roster_row.row_id = result.row_id AND roster_id = $1 AND state = 'accepted'
            RETURNING roster_row.*
        )
        INSERT INTO candidate (application_id, batch_id, project, county, township, subject_id, payee_id, village,
                               category, quantity, channel, state, listed_at)
        SELECT done.application_id, CASE b.opens_by WHEN 'roster' THEN b.batch_id ELSE '' END, roster.project,
               left(done.township, 6), done.township, done.subject_id, done.payee_id, done.village,
               done.category, done.quantity, 'offline', 'open', $3
          FROM done JOIN roster USING (roster_id) JOIN batch b USING (batch_id)
         WHERE done.application_id IS NOT NULL
        ON CONFLICT (application_id, batch_id) DO UPDATE SET
               township = EXCLUDED.township, payee_id = EXCLUDED.payee_id, village = EXCLUDED.village,
               category = EXCLUDED.category, quantity = EXCLUDED.quantity
         WHERE candidate.state = 'open' AND candidate.batch_id <> ''
        """,
        roster_id,
        values,
        tx.now,
    )


async def delete_due_files(tx: Tx) -> int:
    """Delete the sealed files whose date has come; rows stay, they hold no person's data."""
    return await tx.execute("DELETE FROM roster_file WHERE delete_after <= $1", tx.today)

"""The read model of lines: kept set-wise from what batch states, and no more than an objection needs."""

from contracts.batch import LinesStated
from kit import chunks
from kit.db import Tx
from services.grievance.store.tables import LineRow


async def keep(tx: Tx, message: LinesStated) -> None:
    """Take the complete revision's lines in one statement, then drop its parts; a newer rev wins."""
    await tx.execute(
        "INSERT INTO line AS kept "
        "SELECT line.line_id, $1, line.rev, line.subject_id, $3, $4, $5 FROM chunk_rows($1, $2) AS part, "
        "jsonb_to_record(part) AS line(line_id text, rev int, subject_id text) "
        "ON CONFLICT (line_id) DO UPDATE SET slice_id = excluded.slice_id, rev = excluded.rev, "
        "township = excluded.township WHERE excluded.rev >= kept.rev",
        message.stream_id,
        message.revision,
        message.project,
        message.county,
        message.township,
    )
    await chunks.forget(tx, message.stream_id, message.revision + 1)


async def find(tx: Tx, line_id: str, *, lock: bool = False) -> LineRow | None:
    """One line; locked, it makes the objections against it take turns."""
    row = await tx.fetchrow(f"SELECT * FROM line WHERE line_id = $1{' FOR UPDATE' if lock else ''}", line_id)
    return LineRow(**row) if row else None

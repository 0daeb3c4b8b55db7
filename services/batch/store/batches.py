"""Projects as deployed, and batches."""

from collections.abc import Sequence
from typing import Any

from kit.db import Tx
from services.batch.store.tables import Batch, Project


async def keep_project(tx: Tx, project: Project) -> None:
    """Keep the newest deployment."""
    await tx.execute("DELETE FROM project WHERE project = $1", project.project)
    await tx.insert(project)


async def find_project(tx: Tx, project: str) -> Project | None:
    """The project, if it was deployed."""
    row = await tx.fetchrow("SELECT * FROM project WHERE project = $1", project)
    return Project(**row) if row else None


async def open_batch(tx: Tx, batch: Batch) -> bool:
    """Insert; False when the project's batch of that period and county exists."""
    return bool(
        await tx.execute(
            "INSERT INTO batch VALUES ($1, $2, $3, $4, $5, $6, $7) "
            "ON CONFLICT (project, period, county) DO NOTHING",
            batch.batch_id,
            batch.project,
            batch.period,
            batch.county,
            batch.opened_by,
            batch.opened_at,
            batch.opens_by,
        )
    )


async def find_batch(tx: Tx, batch_id: str) -> Batch | None:
    """The batch or None."""
    row = await tx.fetchrow("SELECT * FROM batch WHERE batch_id = $1", batch_id)
    return Batch(**row) if row else None


async def guard(tx: Tx, batch_id: str, *, shared: bool = False) -> None:
    """Nobody closes or refreshes a batch while lines come in (`shared`), and the other way round.

    Not the row's own lock: who submits for a township may read the county's batch but not write it. Everybody
    takes locks in this order: batch, set, slices by id, lines, candidates.
    """
    kind = "_shared" if shared else ""
    await tx.execute(f"SELECT pg_advisory_xact_lock{kind}(hashtextextended($1, 2))", batch_id)


async def hold(tx: Tx, batch_id: str) -> None:
    """Closing and what reopens wait for each other; lines may come in meanwhile (no key is locked)."""
    await tx.execute("SELECT FROM batch WHERE batch_id = $1 FOR NO KEY UPDATE", batch_id)


async def reopen(tx: Tx, batch_id: str) -> bool:
    """Money came back: a closed batch has work again; False when it was open. The caller holds it."""
    return bool(
        await tx.execute(
            "UPDATE batch SET closed_by = NULL, closed_at = NULL WHERE batch_id = $1 AND closed_at IS NOT NULL",
            batch_id,
        )
    )


async def batches_in(tx: Tx, region: str, projects: Sequence[str] | None) -> list[dict[str, Any]]:
    """Batches of a region (or of the county that contains it) with counters; `projects` None means all.

    `total_fen` is None (待测算) until every normal line has its amount.
    """
    rows = await tx.fetch(
        """
        SELECT b.*, coalesce(c.lines, 0) AS lines, coalesce(c.normal, 0) AS normal,
               coalesce(c.abnormal, 0) AS abnormal, coalesce(c.open, 0) AS open, coalesce(c.void, 0) AS void,
               coalesce(c.paid, 0) AS paid, coalesce(c.failed, 0) AS failed, c.total_fen
          FROM batch b LEFT JOIN (
            SELECT batch_id, count(*) AS lines,
                   count(*) FILTER (WHERE state IN ('normal', 'paid')) AS normal,
                   count(*) FILTER (WHERE state = 'abnormal') AS abnormal,
                   count(*) FILTER (WHERE state IN ('processing', 'held')) AS open,
                   count(*) FILTER (WHERE state = 'void') AS void,
                   count(*) FILTER (WHERE state = 'paid') AS paid,
                   count(*) FILTER (WHERE state = 'failed') AS failed,
                   CASE WHEN bool_or(state = 'normal' AND amount_fen IS NULL) THEN NULL
                        ELSE sum(amount_fen) FILTER (WHERE state IN ('normal', 'paid', 'failed'))::bigint
                   END AS total_fen
              FROM line WHERE starts_with(township, $1) AND replaced_by IS NULL GROUP BY batch_id
          ) c USING (batch_id)
         WHERE (starts_with(b.county, $1) OR starts_with($1, b.county))
           AND ($2::text[] IS NULL OR b.project = ANY($2))
         ORDER BY b.period DESC, b.project, b.county
        """,
        region,
        projects,
    )
    return [dict(row) for row in rows]

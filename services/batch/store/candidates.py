"""补贴清单: applications that a township may put into a submission."""

from collections.abc import Sequence
from typing import Any

from kit.db import Tx
from services.batch.store.tables import Batch, Candidate


async def add(tx: Tx, candidate: Candidate) -> None:
    """List an application; the same one twice stays one."""
    await tx.execute(
        "INSERT INTO candidate VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) "
        "ON CONFLICT (application_id) DO NOTHING",
        *(
            getattr(candidate, name)
            for name in (
                "application_id",
                "project",
                "county",
                "township",
                "subject_id",
                "village",
                "category",
                "channel",
                "state",
                "reason",
                "line_id",
                "listed_at",
            )
        ),
    )


async def listed(
    tx: Tx, batch: Batch, township: str | None, state: str | None, limit: int, after: str
) -> list[dict[str, Any]]:
    """Candidates for a batch, by application id."""
    rows = await tx.fetch(
        """
        SELECT application_id, township, subject_id, village, category, channel, state, reason, line_id
          FROM candidate
         WHERE project = $1 AND county = $2 AND ($3::text IS NULL OR township = $3)
           AND ($4::text IS NULL OR state = $4) AND application_id > $6
         ORDER BY application_id LIMIT $5
        """,
        batch.project,
        batch.county,
        township,
        state,
        limit,
        after,
    )
    return [dict(row) for row in rows]


async def count(tx: Tx, batch: Batch, township: str | None) -> dict[str, int]:
    """Candidates by state."""
    rows = await tx.fetch(
        "SELECT state, count(*) AS found FROM candidate WHERE project = $1 AND county = $2 "
        "AND ($3::text IS NULL OR township = $3) GROUP BY state",
        batch.project,
        batch.county,
        township,
    )
    return {row["state"]: row["found"] for row in rows}


async def claim(
    tx: Tx, batch: Batch, township: str, category: str | None, application_ids: Sequence[str] | None
) -> dict[str, int]:
    """Lock the open candidates that a submission takes; returns how many of each category."""
    rows = await tx.fetch(
        """
        SELECT category, count(*) AS found FROM (
            SELECT category FROM candidate
             WHERE project = $1 AND township = $2 AND state = 'open'
               AND ($3::text IS NULL OR category = $3) AND ($4::text[] IS NULL OR application_id = ANY($4))
             FOR UPDATE
        ) AS locked GROUP BY category ORDER BY category
        """,
        batch.project,
        township,
        category,
        application_ids,
    )
    return {row["category"]: row["found"] for row in rows}


async def villages(tx: Tx, batch: Batch, township: str) -> list[str]:
    """The distinct village texts among the open candidates of a township."""
    rows = await tx.fetch(
        "SELECT DISTINCT village FROM candidate WHERE project = $1 AND township = $2 AND state = 'open' "
        "AND village IS NOT NULL",
        batch.project,
        township,
    )
    return [row["village"] for row in rows]

"""补贴清单: applications that a township may put into a submission."""

from typing import Any

from kit.db import Tx
from services.batch.store.tables import Batch, Candidate

WITHDRAWN = "申请人撤回 (withdrawn by the applicant)"


async def add(tx: Tx, candidate: Candidate) -> None:
    """List an application; the same one twice stays one."""
    known = await tx.fetchval(
        "SELECT true FROM candidate WHERE (application_id, batch_id) = ($1, $2)",
        candidate.application_id,
        candidate.batch_id,
    )
    if not known:
        await tx.insert(candidate)


async def withdraw(tx: Tx, application_id: str) -> None:
    """撤回: off the list, unless a submission has taken it already: that was first."""
    await tx.execute(
        "UPDATE candidate SET state = 'withdrawn', reason = $2 WHERE application_id = $1 AND state = 'open'",
        application_id,
        WITHDRAWN,
    )


async def listed(
    tx: Tx, batch: Batch, township: str | None, state: str | None, limit: int, after: str
) -> list[dict[str, Any]]:
    """Candidates for a batch, by application id."""
    rows = await tx.fetch(
        """
        SELECT application_id, township, subject_id, payee_id, village, category, quantity, channel, state,
               reason, line_id
          FROM candidate
         WHERE project = $1 AND county = $2 AND batch_id IN ('', $7) AND change IS NULL
           AND ($3::text IS NULL OR township = $3)
           AND ($4::text IS NULL OR state = $4) AND application_id > $6
         ORDER BY application_id LIMIT $5
        """,
        batch.project,
        batch.county,
        township,
        state,
        limit,
        after,
        batch.batch_id,
    )
    return [dict(row) for row in rows]


async def count(tx: Tx, batch: Batch, township: str | None) -> dict[str, int]:
    """Candidates by state."""
    rows = await tx.fetch(
        "SELECT state, count(*) AS found FROM candidate WHERE project = $1 AND county = $2 "
        "AND ($3::text IS NULL OR township = $3) AND batch_id IN ('', $4) AND change IS NULL GROUP BY state",
        batch.project,
        batch.county,
        township,
        batch.batch_id,
    )
    return {row["state"]: row["found"] for row in rows}

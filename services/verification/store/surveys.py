"""入户调查: what visits found."""

from typing import Any

from kit.db import Tx
from services.verification.store.review_tables import Survey


async def add(tx: Tx, one: Survey) -> None:
    """Store a visit; the newest of a person and project counts."""
    await tx.insert(one)


async def find(tx: Tx, survey_id: str) -> Any:
    """A visit, or None."""
    return await tx.fetchrow("SELECT * FROM survey WHERE survey_id = $1", survey_id)


async def page(
    tx: Tx,
    region: str,
    projects: list[str] | None,
    application_id: str | None,
    hit_id: int | None,
    after: int,
    limit: int,
) -> list[Any]:
    """Visits within a region and projects, oldest first."""
    return await tx.fetch(
        "SELECT * FROM survey WHERE starts_with(township, $1) AND ($2::text[] IS NULL OR project = ANY($2)) "
        "AND ($3::text IS NULL OR application_id = $3) AND ($4::bigint IS NULL OR hit_id = $4) "
        "AND number > $5 ORDER BY number LIMIT $6",
        region,
        projects,
        application_id,
        hit_id,
        after,
        limit,
    )


async def about(tx: Tx, subject_id: str, project: str) -> list[str]:
    """Ids of the visits to a person for a project, oldest first."""
    rows = await tx.fetch(
        "SELECT survey_id FROM survey WHERE subject_id = $1 AND project = $2 ORDER BY surveyed_on, number",
        subject_id,
        project,
    )
    return [row["survey_id"] for row in rows]

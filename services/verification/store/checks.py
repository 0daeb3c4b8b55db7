"""Jobs: one per command, in the order they came; what is done stays as the record of the check."""

from collections.abc import Sequence
from typing import Any

from contracts.batch import SliceRevision
from contracts.verification import CheckEligibility
from kit.db import Tx
from kit.errors import NonRetryableError
from services.verification.domain.rulebook import Ruling


async def add_application(tx: Tx, job_id: str, message: CheckEligibility) -> None:
    """A 资格校验 to be done; the same command again adds nothing."""
    await tx.execute(
        "INSERT INTO application_check (job_id, application_id, subject_id, project, county, township, "
        "category, submitted_on, project_version, at) "
        "VALUES ($1, $2, $3, $4, left($5, 6), $5, $6, $7::text::date, $8, $9) "
        "ON CONFLICT DO NOTHING",
        job_id,
        message.application_id,
        message.subject_id,
        message.project,
        message.township,
        message.category,
        message.submitted_on,
        message.project_version,
        tx.now,
    )


async def due_applications(tx: Tx, limit: int) -> list[Any]:
    """The oldest open 资格校验 of one project version."""
    return await tx.fetch(
        "SELECT * FROM application_check WHERE done_at IS NULL AND project_version = (SELECT project_version "
        "FROM application_check WHERE done_at IS NULL ORDER BY at, job_id LIMIT 1) "
        "ORDER BY at, job_id LIMIT $1",
        limit,
    )


async def lock_applications(tx: Tx, job_ids: Sequence[str]) -> list[Any]:
    """Those of the jobs that are still open, locked, in order."""
    return await tx.fetch(
        "SELECT * FROM application_check WHERE job_id = ANY($1) AND done_at IS NULL "
        "ORDER BY at, job_id FOR UPDATE",
        job_ids,
    )


async def close_applications(tx: Tx, verdicts: dict[str, str]) -> None:
    """Job id → verdict."""
    await tx.execute(
        "UPDATE application_check SET done_at = $3, verdict = new.verdict "
        "FROM unnest($1::text[], $2::text[]) AS new(job_id, verdict) "
        "WHERE application_check.job_id = new.job_id",
        list(verdicts),
        list(verdicts.values()),
        tx.now,
    )


async def add_lines(
    tx: Tx, job_id: str, stage: str, target: tuple[str, str, str], slices: Sequence[SliceRevision]
) -> None:
    """A check of slices; `target` is (slice or set id, project, project version)."""
    named = [one.slice_id for one in slices]
    known = await tx.fetchval("SELECT count(*) FROM slice WHERE slice_id = ANY($1)", named)
    if known != len(set(named)):
        raise NonRetryableError("a slice was never stated here")
    await tx.execute(
        "INSERT INTO line_check VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        job_id,
        stage,
        *target,
        len(slices),
        tx.now,
    )
    await tx.execute(
        "INSERT INTO line_check_slice (job_id, slice_id, revision) "
        "SELECT $1, * FROM unnest($2::text[], $3::int[]) ON CONFLICT DO NOTHING",
        job_id,
        named,
        [one.revision for one in slices],
    )


async def due_slice(tx: Tx) -> Any:
    """The next slice to check, of the oldest check; or None."""
    return await tx.fetchrow(
        "SELECT part.*, job.stage, job.target_id, job.project, job.project_version, job.slices "
        "FROM line_check_slice AS part JOIN line_check AS job USING (job_id) WHERE part.done_at IS NULL "
        "ORDER BY job.at, job.job_id, part.slice_id LIMIT 1"
    )


async def lock_slice(tx: Tx, job_id: str, slice_id: str) -> bool:
    """Lock check and slice; False when the slice has been done meanwhile."""
    await tx.execute("SELECT FROM line_check WHERE job_id = $1 FOR UPDATE", job_id)
    return bool(
        await tx.fetchval(
            "SELECT done_at IS NULL FROM line_check_slice WHERE job_id = $1 AND slice_id = $2 FOR UPDATE",
            job_id,
            slice_id,
        )
    )


async def close_slice(tx: Tx, job_id: str, slice_id: str, counts: dict[str, int]) -> Any:
    """Record the counts; when it was the check's last slice, close it and return its totals."""
    await tx.execute(
        "UPDATE line_check_slice SET passed = $3, warned = $4, intercepted = $5, done_at = $6 "
        "WHERE job_id = $1 AND slice_id = $2",
        job_id,
        slice_id,
        counts["pass"],
        counts["warn"],
        counts["hold"] + counts["block"],
        tx.now,
    )
    return await tx.fetchrow(
        "WITH total AS (SELECT sum(passed)::int AS passed, sum(warned)::int AS warned, "
        "sum(intercepted)::int AS intercepted, bool_and(done_at IS NOT NULL) AS done "
        "FROM line_check_slice WHERE job_id = $1) "
        "UPDATE line_check SET done_at = $2 FROM total WHERE job_id = $1 AND total.done "
        "RETURNING passed, warned, intercepted",
        job_id,
        tx.now,
    )


async def subjects(tx: Tx, slice_id: str, revision: int) -> list[str]:
    """Whose profiles a revision needs: beneficiaries and payees."""
    rows = await tx.fetch(
        "SELECT DISTINCT unnest(ARRAY[row->>'subject_id', row->>'payee_id']) AS subject_id "
        "FROM chunk_rows($1, $2) AS row",
        slice_id,
        revision,
    )
    return [row["subject_id"] for row in rows]


_OWN_SOURCES = {
    "age": "人口登记 (registry)",
    "identity": "人口登记 (registry)",
    "duplicate": "申领台账 (live claims)",
    "stop_list": "人工停发名单 (stop list)",
    "survey": "入户调查 (household survey)",
    "shared_payee": "本次名册 (this list)",
}


def source_of(ruling: Ruling, row: Any) -> str:
    """Where a ruling's evidence comes from, in words."""
    column = f"{ruling.evidence}_source"
    if column in row:
        return str(row[column] or "名册未列入 (not on the list)")
    return _OWN_SOURCES.get(ruling.evidence, "项目规则 (project rules)")

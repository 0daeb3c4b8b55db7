"""Live claims of all regions: what R05 compares with. Follows applications, lines and exclusions."""

from typing import Any

from contracts.application import ApplicationSubmitted, EnrolmentsStated
from contracts.batch import LinesStated
from contracts.verification import CheckEligibility
from kit.db import Tx


async def add_application(tx: Tx, message: ApplicationSubmitted | CheckEligibility) -> None:
    """The event and the command may come in any order; a refusal that came first stays."""
    await tx.execute(
        "INSERT INTO claim (application_id, subject_id, project, county, township, live) "
        "VALUES ($1, $2, $3, left($4, 6), $4, true) ON CONFLICT DO NOTHING",
        message.application_id,
        message.subject_id,
        message.project,
        message.township,
    )


async def end_application(tx: Tx, application_id: str) -> None:
    """It no longer stands in anybody's way."""
    await tx.execute("UPDATE claim SET live = false WHERE application_id = $1", application_id)


async def save_lines(tx: Tx, message: LinesStated) -> None:
    """Take a complete revision: the slice's head, its applications and its lines."""
    await tx.execute(
        "INSERT INTO slice VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        message.stream_id,
        message.project,
        message.period,
        message.county,
        message.township,
        message.category,
    )
    await tx.execute(
        "INSERT INTO claim (application_id, subject_id, project, county, township, live) "
        "SELECT DISTINCT ON (row->>'application_id') row->>'application_id', row->>'subject_id', $3, $4, "
        "$5, true "
        "FROM chunk_rows($1, $2) AS row ON CONFLICT DO NOTHING",
        message.stream_id,
        message.revision,
        message.project,
        message.county,
        message.township,
    )
    # 重发: the failed or returned line that a new one replaces stands in nobody's way.
    await tx.execute(
        "UPDATE line_claim SET live = false, ended = true FROM chunk_rows($1, $2) AS row "
        "WHERE line_claim.line_id = row->>'reissue_of' AND NOT line_claim.ended",
        message.stream_id,
        message.revision,
    )
    await tx.execute(
        "INSERT INTO line_claim (line_id, subject_id, project, entitlement_period, kind, installment, live, "
        "application_id, slice_id) SELECT row->>'line_id', row->>'subject_id', $3, row->>'entitlement_period', "
        "coalesce(row->>'kind', 'normal'), coalesce((row->>'installment')::int, 1), row->>'state' <> 'void', "
        "row->>'application_id', $1 "
        "FROM chunk_rows($1, $2) AS row "
        "ON CONFLICT (line_id) DO UPDATE SET live = excluded.live AND NOT line_claim.ended, "
        "slice_id = excluded.slice_id WHERE line_claim.live <> (excluded.live AND NOT line_claim.ended) "
        "OR line_claim.slice_id IS DISTINCT FROM excluded.slice_id",
        message.stream_id,
        message.revision,
        message.project,
    )


async def end_line(tx: Tx, line_id: str) -> None:
    """The line frees its key; its person may have another one for the same period."""
    await tx.execute("UPDATE line_claim SET live = false, ended = true WHERE line_id = $1", line_id)


async def revive_application(tx: Tx, application_id: str) -> None:
    """A refusal was reviewed and lifted: the claim stands again, in its old order."""
    await tx.execute("UPDATE claim SET live = true WHERE application_id = $1", application_id)


async def follow_enrolments(tx: Tx, message: EnrolmentsStated) -> None:
    """A stopped or ended enrolment stands in nobody's way; a resumed one does again. Older statements lose."""
    await tx.execute(
        "INSERT INTO claim (application_id, subject_id, project, county, township, live, enrolment_rev) "
        "SELECT row->>'application_id', row->>'subject_id', $3, $4, row->>'township', "
        "row->>'state' NOT IN ('stopped', 'ended'), (row->>'rev')::int FROM chunk_rows($1, $2) AS row "
        "ON CONFLICT (application_id) DO UPDATE SET live = excluded.live, "
        "enrolment_rev = excluded.enrolment_rev, township = excluded.township "
        "WHERE claim.enrolment_rev < excluded.enrolment_rev",
        message.stream_id,
        message.revision,
        message.project,
        message.county,
    )


async def of_application(tx: Tx, application_id: str) -> Any:
    """Whose application it is, for which project and where; or None."""
    return await tx.fetchrow("SELECT * FROM claim WHERE application_id = $1", application_id)


async def application_of(tx: Tx, line_id: str) -> str | None:
    """The application that a line pays."""
    found: str | None = await tx.fetchval("SELECT application_id FROM line_claim WHERE line_id = $1", line_id)
    return found


async def lines_of(tx: Tx, application_id: str) -> list[Any]:
    """The live lines of an enrolment, paid ones included; 扣回 follows its normal line."""
    return await tx.fetch(
        "SELECT line_id, slice_id, entitlement_period FROM line_claim WHERE application_id = $1 AND live "
        "AND kind <> 'deduction' AND slice_id IS NOT NULL ORDER BY line_id",
        application_id,
    )

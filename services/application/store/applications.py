"""Applications: submitted one by one, recorded from rosters by the thousand, listed and refused."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.application import OfflineResult, RecordOffline
from contracts.orchestrator import ProjectDeployed
from kit.db import Tx
from kit.ids import named_id
from services.application.domain import (
    REFUSED_DUPLICATE,
    ApplicationState,
    Channel,
    receipt_of,
)
from services.application.store.tables import Application, Consent


class AlreadyApplied(Exception):
    """The person has a live application for the project (R05)."""


class KeyReused(Exception):
    """An Idempotency-Key came again with another request."""


async def save_project(tx: Tx, deployed: ProjectDeployed) -> None:
    """Keep the newest version; events of one project arrive in order."""
    await tx.execute(
        "INSERT INTO project (project, version, manifest, form_schema, deployed_at) "
        "VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (project) DO UPDATE SET version = excluded.version, manifest = excluded.manifest, "
        "form_schema = excluded.form_schema, deployed_at = excluded.deployed_at",
        deployed.project,
        deployed.version,
        deployed.manifest,
        deployed.form_schema,
        tx.wall,
    )


async def project(tx: Tx, name: str) -> Mapping[str, Any] | None:
    """The newest version of a project."""
    row = await tx.fetchrow("SELECT * FROM project WHERE project = $1", name)
    return dict(row) if row else None


async def earlier(tx: Tx, submitted_by: str, key: str, digest: str) -> Mapping[str, Any] | None:
    """What the same request under the same key was answered. Raises KeyReused for another request."""
    row = await tx.fetchrow(
        "SELECT request_digest, application_id, receipt "
        "FROM submission JOIN application USING (application_id) "
        "WHERE submission.submitted_by = $1 AND idempotency_key = $2",
        submitted_by,
        key,
    )
    if row is not None and row["request_digest"] != digest:
        raise KeyReused
    return dict(row) if row else None


async def submit(tx: Tx, new: Application, consent: Consent, key: str | None, digest: str) -> None:
    """Insert all of an application; of two at once, one waits and then is refused.

    Raises AlreadyApplied, or KeyReused when another request took the key meanwhile.
    """
    inserted = await tx.fetchval(
        "INSERT INTO application SELECT * FROM jsonb_populate_record(NULL::application, $1) "
        "ON CONFLICT (subject_id, project) WHERE live DO NOTHING RETURNING application_id",
        new.model_dump(mode="json"),
    )
    if inserted is None:
        raise AlreadyApplied
    await tx.insert(consent)
    if key is not None:
        kept = await tx.execute(
            "INSERT INTO submission VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            new.submitted_by,
            key,
            digest,
            new.application_id,
        )
        if not kept:
            raise KeyReused


async def one(tx: Tx, application_id: str, *, for_update: bool = False) -> dict[str, Any] | None:
    """An application."""
    lock = " FOR UPDATE" if for_update else ""
    row = await tx.fetchrow(f"SELECT * FROM application WHERE application_id = $1{lock}", application_id)
    return dict(row) if row else None


async def set_state(
    tx: Tx, application_id: str, state: ApplicationState, reasons: Sequence[str] = ()
) -> None:
    """Move an application; a refused one no longer stands in the way of another."""
    await tx.execute(
        "UPDATE application SET state = $2, live = $3, reasons = $4 WHERE application_id = $1",
        application_id,
        state.value,
        state is not ApplicationState.REFUSED,
        list(reasons),
    )


async def record_roster_rows(tx: Tx, command: RecordOffline) -> list[OfflineResult]:
    """All rows of a part at once; a row whose person has a live application is refused R05.

    Ids follow from roster and row, so that the same part again gives the same answer.
    """
    day = tx.today
    rows = []
    for row in command.rows:
        application_id = named_id("offline-application", command.roster_id, row.row_id)
        receipt = receipt_of(command.project, day.isoformat(), application_id)
        rows.append(row.model_dump() | {"application_id": application_id, "receipt": receipt})
    await tx.execute(
        "INSERT INTO application (application_id, receipt, project, county, township, village, subject_id, "
        "category, channel, form, state, live, submitted_by, submitted_on, at, roster_id, row_id) "
        "SELECT application_id, receipt, $2, left(township, 6), township, village, subject_id, category, $3, "
        "'{}', $4, true, 'roster:' || $5, $6, $7, $5, row_id "
        "FROM ROWS FROM (jsonb_to_recordset($1) AS (application_id text, receipt text, row_id text, "
        "subject_id text, township text, village text, category text)) WITH ORDINALITY "
        "AS row(application_id, receipt, row_id, subject_id, township, village, category, place) "
        "ORDER BY place ON CONFLICT DO NOTHING",
        rows,
        command.project,
        Channel.OFFLINE.value,
        ApplicationState.LISTED.value,
        command.roster_id,
        day,
        tx.now,
    )
    kept = await tx.fetch(
        "SELECT application_id FROM application WHERE application_id = ANY($1::text[])",
        [row["application_id"] for row in rows],
    )
    taken = {row["application_id"] for row in kept}
    return [
        OfflineResult(row_id=row["row_id"], application_id=row["application_id"])
        if row["application_id"] in taken
        else OfflineResult(row_id=row["row_id"], refused=REFUSED_DUPLICATE)
        for row in rows
    ]

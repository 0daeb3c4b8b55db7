"""Applications: submitted one by one, recorded from rosters by the thousand, listed and refused."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.orchestrator import ProjectDeployed
from kit.db import Tx
from services.application.domain import ApplicationState
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
    """Move an application; a refused or withdrawn one no longer stands in the way of another."""
    await tx.execute(
        "UPDATE application SET state = $2, live = $3, reasons = $4, "
        "refusals = refusals + ($2 = 'refused' AND state <> 'refused')::int WHERE application_id = $1",
        application_id,
        state.value,
        state in (ApplicationState.SUBMITTED, ApplicationState.LISTED),
        list(reasons),
    )


async def restore(tx: Tx, application_id: str) -> bool:
    """A refused application is submitted again; False when the person has another live one by now."""
    return bool(
        await tx.execute(
            "UPDATE application SET state = $2, live = true WHERE application_id = $1 AND state = $3 "
            "AND NOT EXISTS (SELECT FROM application AS other WHERE other.live "
            "AND other.subject_id = application.subject_id AND other.project = application.project)",
            application_id,
            ApplicationState.SUBMITTED.value,
            ApplicationState.REFUSED.value,
        )
    )


async def taken(tx: Tx, application_id: str) -> bool:
    """Whether a slice has taken it: then it has an enrolment."""
    return bool(await tx.fetchval("SELECT true FROM enrolment WHERE application_id = $1", application_id))

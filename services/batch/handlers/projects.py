"""Deployed projects: which there are, and their categories."""

from contracts.orchestrator import ProjectDeployed
from kit.db import Tx
from services.batch.domain.projects import (
    categories_of,
    households_in,
    name_of,
    opens_by,
    signatures_of,
    unit_of,
)
from services.batch.handlers.base import on
from services.batch.store import batches
from services.batch.store.tables import Project


@on(ProjectDeployed)
async def project_deployed(message: ProjectDeployed, tx: Tx) -> None:
    """Keep what batches and rosters need of it."""
    await batches.keep_project(
        tx,
        Project(
            project=message.project,
            version=message.version,
            name=name_of(message.manifest, message.project),
            categories=categories_of(message.manifest),
            deployed_at=tx.now,
            opens_by=opens_by(message.manifest),
            signatures=signatures_of(message.manifest),
            unit=unit_of(message.manifest),
            households=households_in(message.manifest),
        ),
    )

"""Deployed versions and their rules, read once per process and version."""

from contracts.orchestrator import ProjectDeployed
from kit.db import Tx
from kit.service import Room
from services.verification.domain.rulebook import Rulebook

_KEY = "rulebooks"


async def save(tx: Tx, message: ProjectDeployed) -> None:
    """Versions are immutable."""
    await tx.execute(
        "INSERT INTO project_version VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        message.version,
        message.project,
        message.manifest,
        message.rules,
        tx.now,
    )


async def rulebook(room: Room, tx: Tx, version: str) -> Rulebook:
    """The rules of a version; a version without usable rules holds everything."""
    books: dict[str, Rulebook] = room.state.setdefault(_KEY, {})
    if version not in books:
        row = await tx.fetchrow("SELECT manifest, rules FROM project_version WHERE version = $1", version)
        books[version] = Rulebook.read(row["manifest"], row["rules"]) if row else Rulebook(None, {}, {})
    return books[version]

"""What projects' manifests say about paying."""

from typing import NamedTuple

from contracts.orchestrator import ProjectDeployed
from kit.db import Tx

DEFAULT_BANK = "rural"


class Terms(NamedTuple):
    """`short_name` is what payees read on their statement; `payer_account` is the 零余额账户 of finance."""

    short_name: str
    payer_account: str
    bank: str


async def save(tx: Tx, deployed: ProjectDeployed, terms: Terms) -> None:
    """Keep the latest version's terms."""
    await tx.execute(
        "INSERT INTO project_terms VALUES ($1, $2, $3, $4, $5) ON CONFLICT (project) DO UPDATE SET "
        "version = excluded.version, short_name = excluded.short_name, "
        "payer_account = excluded.payer_account, bank = excluded.bank",
        deployed.project,
        deployed.version,
        *terms,
    )


async def terms(tx: Tx, project: str, county: str) -> Terms:
    """The project's terms; where the manifest names no payer, the county's own account for the project pays."""
    row = await tx.fetchrow(
        "SELECT short_name, payer_account, bank FROM project_terms WHERE project = $1", project
    )
    found = Terms(**dict(row)) if row else Terms(project, "", DEFAULT_BANK)
    return found._replace(payer_account=found.payer_account or f"ZB-{county}-{project}")

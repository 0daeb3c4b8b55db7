"""How a project prices its lines and whose vouchers it pays on, from `[payment]` of its manifest."""

from typing import NamedTuple

from contracts.orchestrator import ProjectDeployed
from kit.db import Tx

MODES = frozenset({"standard", "pool_by_area"})
VOUCHERS = frozenset({"internal", "external"})
DEFAULT_SCALE = 4
MOST_DECIMALS = 8


class Pricing(NamedTuple):
    """`mode` standard | pool_by_area; `scale` decimals of a pool's price; `voucher` internal | external."""

    mode: str = "standard"
    scale: int = DEFAULT_SCALE
    voucher: str = "internal"


def read(deployed: ProjectDeployed) -> Pricing:
    """The manifest's words; what it doesn't say, or says in no known way, is the default."""
    paying = deployed.manifest.get("payment", {})
    mode, scale, voucher = (paying.get(name) for name in ("mode", "scale", "voucher"))
    whole = isinstance(scale, int) and not isinstance(scale, bool)
    return Pricing(
        mode if mode in MODES else "standard",
        scale if whole and 0 <= scale <= MOST_DECIMALS else DEFAULT_SCALE,
        voucher if voucher in VOUCHERS else "internal",
    )


async def save(tx: Tx, deployed: ProjectDeployed) -> None:
    """Keep the latest version's words."""
    await tx.execute(
        "INSERT INTO project_pricing VALUES ($1, $2, $3, $4, $5) ON CONFLICT (project) DO UPDATE SET "
        "version = excluded.version, mode = excluded.mode, scale = excluded.scale, voucher = excluded.voucher",
        deployed.project,
        deployed.version,
        *read(deployed),
    )


async def of(tx: Tx, project: str) -> Pricing:
    """How the project prices and pays; the default while nothing was deployed."""
    row = await tx.fetchrow("SELECT mode, scale, voucher FROM project_pricing WHERE project = $1", project)
    return Pricing(**dict(row)) if row else Pricing()

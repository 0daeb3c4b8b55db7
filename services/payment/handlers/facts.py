"""Facts of other rooms that money needs: lines, exclusions, what a project's manifest says about paying."""

from contracts.batch import LineExcluded, LinesStated
from contracts.orchestrator import ProjectDeployed
from kit import chunks
from kit.db import Tx
from services.payment.handlers.door import on
from services.payment.ports import BANKS, DEFAULT_BANK
from services.payment.store import projects, slices


@on.complete(LinesStated)
async def lines_stated(message: LinesStated, tx: Tx) -> None:
    """The rows are kept by the kit; here only what the slice's lines have in common."""
    await slices.save_head(tx, message)


@on(LineExcluded)
async def line_excluded(message: LineExcluded, tx: Tx) -> None:
    """Keep the record, and tell orders that wait for the first n records of the slice."""
    for count in await slices.save_exclusion(tx, message):
        await chunks.mark(tx, f"exclusions:{message.slice_id}", count)


@on(ProjectDeployed)
async def project_deployed(message: ProjectDeployed, tx: Tx) -> None:
    """Short name, payer account and bank come from the manifest's [payment] table."""
    paying = message.manifest.get("payment", {})
    bank = str(paying.get("bank", DEFAULT_BANK))
    terms = projects.Terms(
        str(paying.get("short_name") or message.project),
        str(paying.get("payer_account") or f"ZB{message.project}"),
        bank if bank in BANKS else DEFAULT_BANK,
    )
    await projects.save(tx, message, terms)

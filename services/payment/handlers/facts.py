"""Facts of other rooms that money needs: lines, exclusions, what a project's manifest says about paying."""

from contracts.batch import LineExcluded, LinesStated
from contracts.orchestrator import ProjectDeployed
from kit import chunks
from kit.db import Tx
from services.payment.handlers.door import on
from services.payment.ports import BANKS
from services.payment.store import pool_lines, pricing, projects, slices


@on.complete(LinesStated)
async def lines_stated(message: LinesStated, tx: Tx) -> None:
    """The rows are kept by the kit; here only what the slice's lines have in common."""
    await slices.save_head(tx, message)


@on(LineExcluded)
async def line_excluded(message: LineExcluded, tx: Tx) -> None:
    """Keep the record, and tell orders that wait for the first n records of the slice."""
    for count in await slices.save_exclusion(tx, message):
        await chunks.mark(tx, f"exclusions:{message.slice_id}", count)
    await pool_lines.leave(tx, message.slice_id, message.line_id)


@on(ProjectDeployed)
async def project_deployed(message: ProjectDeployed, tx: Tx) -> None:
    """Short name (`short_name4`), and from [payment] the payer's account and the bank, where they are named."""
    paying = message.manifest.get("payment", {})
    bank = paying.get("bank")
    terms = projects.Terms(
        str(message.manifest.get("short_name4") or message.project),
        str(paying.get("payer_account") or ""),
        bank if bank in BANKS else projects.DEFAULT_BANK,
    )
    await projects.save(tx, message, terms)
    await pricing.save(tx, message)

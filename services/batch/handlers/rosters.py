"""What becomes of roster rows and listed applications; and the deletion of old roster files."""

from contracts.application import ApplicationListed, ApplicationWithdrawn, OfflineRecorded
from kit.db import Tx
from kit.service import Room
from services.batch.handlers.base import on
from services.batch.store import candidates, rosters
from services.batch.store.tables import Candidate


@on(OfflineRecorded)
async def offline_recorded(message: OfflineRecorded, tx: Tx) -> None:
    """Recorded rows are candidates; refused ones keep the reason (R05 重复申领)."""
    await rosters.record_results(tx, message.roster_id, message.results)


@on(ApplicationListed)
async def application_listed(message: ApplicationListed, tx: Tx) -> None:
    """A checked application is a candidate of its township (M9 → M17)."""
    await candidates.add(
        tx,
        Candidate(
            application_id=message.application_id,
            project=message.project,
            county=message.township[:6],
            township=message.township,
            subject_id=message.subject_id,
            village=message.village,
            category=message.category,
            channel=message.channel,
            state="open",
            listed_at=tx.now,
            quantity=message.quantity,
            payee_id=message.payee_id,
            reasons=[],
        ),
    )


@on(ApplicationWithdrawn)
async def application_withdrawn(message: ApplicationWithdrawn, tx: Tx) -> None:
    """撤回: the candidate leaves the 补贴清单."""
    await candidates.withdraw(tx, message.application_id)


@on.worker(every=3600.0)
async def delete_due_files(room: Room) -> bool:
    """Delete sealed roster files whose date has come (decisions §7)."""
    async with room.tx() as tx:
        deleted = await rosters.delete_due_files(tx)
        if deleted:
            tx.audit("batch.delete_roster_files", "roster_file", "room:batch", files=deleted)
    return False

"""批次归档: a batch is closed when everything in it has come to its end."""

from contracts.batch import BatchClosed
from kit import errors
from kit.auth import Actor, guarded_router
from kit.service import CurrentRoom
from services.batch.api.batches import load_batch, load_open_batch, refuse_closed
from services.batch.api.models import BatchOut
from services.batch.api.operations import CLOSE_BATCH, PREFIX, actor_for, permit
from services.batch.api.year import CloseBatch
from services.batch.store import batches, closing

router = guarded_router(prefix=PREFIX, tags=["batches"])


@router.post("/batches/{batch_id}:close")
async def close_batch(
    batch_id: str,
    room: CurrentRoom,
    body: CloseBatch | None = None,
    actor: Actor = actor_for(CLOSE_BATCH),
) -> BatchOut:
    """Close a batch; 409 with `open` (reason → count) while something in it is under way."""
    async with room.tx() as tx:
        batch = await load_open_batch(tx, batch_id, shared=False)
        permit(actor, CLOSE_BATCH, region=batch.county, project=batch.project)
        await batches.hold(tx, batch_id)
        refuse_closed(await load_batch(tx, batch_id))
        left = await closing.still_open(tx, batch)
        if body is not None and body.leave_unconfirmed:
            left.pop(closing.UNCONFIRMED, None)
        if left:
            raise errors.conflict(
                "still-open", "批次仍有未办结事项", "not all of it has come to its end", open=left
            )
        paid, paid_fen = await closing.close(tx, batch, actor.sub)
        tx.emit(
            BatchClosed(
                batch_id=batch_id,
                project=batch.project,
                period=batch.period,
                county=batch.county,
                paid=paid,
                paid_fen=paid_fen,
            )
        )
        tx.audit("batch.close_batch", f"batch:{batch_id}", actor.sub, paid=paid, paid_fen=paid_fen)
        closed = await load_batch(tx, batch_id)
    return BatchOut(**closed.model_dump(), paid=paid, total_fen=paid_fen)

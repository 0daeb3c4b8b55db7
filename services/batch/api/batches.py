"""Batches and their 补贴清单."""

from typing import Annotated

from fastapi import Query

from contracts.batch import BatchOpened
from kit import errors
from kit.auth import Actor, guarded_router
from kit.db import Tx
from kit.ids import new_id
from kit.regions import Level
from kit.service import CurrentRoom
from services.batch.api.models import BatchOut, CandidateOut, CandidatesOut, OpenBatch
from services.batch.api.operations import (
    OPEN_BATCH,
    PREFIX,
    SEE_BATCHES,
    SEE_CANDIDATES,
    Limit,
    actor_for,
    permit,
    region_of,
    township_wanted,
)
from services.batch.store import batches, candidates, carry
from services.batch.store.tables import Batch

router = guarded_router(prefix=PREFIX, tags=["batches"])


async def load_batch(tx: Tx, batch_id: str) -> Batch:
    """The batch; 404 when there is none."""
    found = await batches.find_batch(tx, batch_id)
    if found is None:
        raise errors.not_found()
    return found


async def load_open_batch(tx: Tx, batch_id: str, *, shared: bool = True) -> Batch:
    """The batch, kept as it is until the commit. `refuse_closed` is the caller's, once it may see the batch."""
    await batches.guard(tx, batch_id, shared=shared)
    return await load_batch(tx, batch_id)


def refuse_closed(batch: Batch) -> None:
    """409 when the batch is closed (批次归档)."""
    if batch.closed_at is not None:
        raise errors.conflict("batch-closed", "批次已归档", "the batch is closed")


@router.post("/batches", status_code=201)
async def open_batch(body: OpenBatch, room: CurrentRoom, actor: Actor = actor_for(OPEN_BATCH)) -> BatchOut:
    """批次创建: one batch per project, period and county; who is entitled from before is carried over (结转)."""
    permit(actor, OPEN_BATCH, region=body.county, project=body.project)
    place = room.regions.get(body.county)
    if place is None or place.level is not Level.COUNTY:
        raise errors.unprocessable("unknown-county", "县区不存在", "unknown county")
    async with room.tx() as tx:
        project = await batches.find_project(tx, body.project)
        if project is None:
            raise errors.unprocessable("unknown-project", "项目未发布", "the project is not deployed")
        one = Batch(
            batch_id=new_id(),
            **body.model_dump(),
            opened_by=actor.sub,
            opened_at=tx.now,
            opens_by=project.opens_by,
        )
        await carry.guard(tx, one.project, one.county)
        if not await batches.open_batch(tx, one):
            raise errors.conflict(
                "batch-exists", "该期批次已存在", "the batch of this period is open already"
            )
        carried = await carry.refresh(tx, one) if one.opens_by == "carry_over" else 0
        tx.emit(BatchOpened(batch_id=one.batch_id, carried=carried, **body.model_dump()))
        tx.audit(
            "batch.open_batch", f"batch:{one.batch_id}", actor.sub, project=one.project, period=one.period
        )
    return BatchOut(**one.model_dump(), carried=carried)


@router.get("/batches")
async def list_batches(room: CurrentRoom, actor: Actor = actor_for(SEE_BATCHES)) -> list[BatchOut]:
    """Batches of one's county, with the counters of one's own region."""
    async with room.tx() as tx:
        found = await batches.batches_in(tx, region_of(actor), actor.listed_projects)
    return [BatchOut(**row) for row in found]


@router.get("/batches/{batch_id}/candidates")
async def list_candidates(
    batch_id: str,
    room: CurrentRoom,
    township: Annotated[str | None, Query(pattern=r"^[0-9]{9}$")] = None,
    state: str | None = None,
    limit: Limit = 500,
    after: str = "",
    actor: Actor = actor_for(SEE_CANDIDATES),
) -> CandidatesOut:
    """补贴清单 of a township (or of the county): who may be put into a submission, and who is in one."""
    async with room.tx() as tx:
        batch = await load_batch(tx, batch_id)
        wanted = township_wanted(actor, SEE_CANDIDATES, batch, township)
        counts = await candidates.count(tx, batch, wanted)
        found = await candidates.listed(tx, batch, wanted, state, limit, after)
    return CandidatesOut(counts=counts, candidates=[CandidateOut(**row) for row in found])

"""补发: a handler proposes, another person approves, and the lines go through a submission of their own."""

from kit import errors
from kit.auth import Actor, Operation, Resource, authorize, guarded_router
from kit.db import Tx
from kit.ids import new_id
from kit.service import CurrentRoom, Room
from services.batch.api.batches import load_batch, load_open_batch, refuse_closed
from services.batch.api.operations import (
    APPROVE_ADJUSTMENT,
    PREFIX,
    PROPOSE_ADJUSTMENT,
    SEE_ADJUSTMENTS,
    actor_for,
    permit,
    region_of,
)
from services.batch.api.year import AdjustmentOut, DecideAdjustment, ProposeAdjustment
from services.batch.domain.villages import codes_of
from services.batch.store import adjustments, batches, slices
from services.batch.store.tables import Batch
from services.batch.store.year import Adjustment

router = guarded_router(prefix=PREFIX, tags=["adjustments"])


@router.post("/batches/{batch_id}/adjustments", status_code=201)
async def propose(
    batch_id: str, body: ProposeAdjustment, room: CurrentRoom, actor: Actor = actor_for(PROPOSE_ADJUSTMENT)
) -> AdjustmentOut:
    """Propose 补发 of entitlement periods for persons of one township who are, or were, 在享."""
    async with room.tx() as tx:
        batch = await load_batch(tx, batch_id)
        found = await adjustments.entitled(tx, batch, body.application_ids, body.entitlement_periods)
        townships = set(found.values())
        if len(found) < len(set(body.application_ids)) or len(townships) != 1:
            permit(actor, PROPOSE_ADJUSTMENT, region=region_of(actor), project=batch.project)
            raise errors.unprocessable(
                "not-entitled",
                "有对象不在享、超出有效期或不属于同一乡镇",
                "not all of these are entitled in these periods and of one township",
            )
        (township,) = townships
        permit(actor, PROPOSE_ADJUSTMENT, region=township, project=batch.project)
        refuse_closed(batch)
        if max(body.entitlement_periods)[:4] > batch.period[:4] or any(
            len(period) == len(batch.period) and period > batch.period for period in body.entitlement_periods
        ):
            raise errors.unprocessable("future-period", "不能补发以后的期次", "a period still to come")
        one = Adjustment(
            adjustment_id=new_id(),
            batch_id=batch_id,
            project=batch.project,
            county=batch.county,
            township=township,
            kind=body.kind,
            application_ids=sorted(found),
            entitlement_periods=sorted(set(body.entitlement_periods)),
            installment=body.installment,
            reason=body.reason,
            state="proposed",
            proposed_by=actor.sub,
            proposed_at=tx.now,
        )
        await tx.insert(one)
        tx.audit("batch.propose_adjustment", f"adjustment:{one.adjustment_id}", actor.sub, reason=one.reason)
    return _view(one)


@router.get("/batches/{batch_id}/adjustments")
async def list_adjustments(
    batch_id: str, room: CurrentRoom, actor: Actor = actor_for(SEE_ADJUSTMENTS)
) -> list[AdjustmentOut]:
    """Adjustments of one's region."""
    async with room.tx() as tx:
        batch = await load_batch(tx, batch_id)
        found = await adjustments.listed(tx, batch_id, region_of(actor))
    return [_view(one) for one in found if actor.has_project(batch.project)]


@router.post("/adjustments/{adjustment_id}:approve")
async def approve(
    adjustment_id: str,
    body: DecideAdjustment,
    room: CurrentRoom,
    actor: Actor = actor_for(APPROVE_ADJUSTMENT),
) -> AdjustmentOut:
    """Approve: the lines are made, in a slice of kind adjustment; 409 when one of them has a live line already."""
    async with room.tx() as tx:
        one, batch = await _decidable(tx, adjustment_id, actor, APPROVE_ADJUSTMENT)
        await _submit(tx, room, batch, one, actor.sub)
        decided = await adjustments.decide(tx, one, "approved", actor.sub, body.opinion)
        tx.audit("batch.approve_adjustment", f"adjustment:{adjustment_id}", actor.sub)
    return _view(decided)


@router.post("/adjustments/{adjustment_id}:refuse")
async def refuse(
    adjustment_id: str,
    body: DecideAdjustment,
    room: CurrentRoom,
    actor: Actor = actor_for(APPROVE_ADJUSTMENT),
) -> AdjustmentOut:
    """Refuse: nothing is paid; it can be proposed anew."""
    async with room.tx() as tx:
        one, _ = await _decidable(tx, adjustment_id, actor, APPROVE_ADJUSTMENT)
        decided = await adjustments.decide(tx, one, "refused", actor.sub, body.opinion)
        tx.audit("batch.refuse_adjustment", f"adjustment:{adjustment_id}", actor.sub)
    return _view(decided)


async def _decidable(
    tx: Tx, adjustment_id: str, actor: Actor, operation: Operation
) -> tuple[Adjustment, Batch]:
    known = await adjustments.find(tx, adjustment_id)
    if known is None:
        raise errors.not_found()
    batch = await load_open_batch(tx, known.batch_id)
    one = await adjustments.find(tx, adjustment_id, lock=True)
    if one is None:
        raise errors.not_found()
    resource = Resource(
        region=one.township, project=one.project, state=one.state, acted_by=frozenset({one.proposed_by})
    )
    authorize(actor, operation, resource)
    refuse_closed(batch)
    return one, batch


async def _submit(tx: Tx, room: Room, batch: Batch, one: Adjustment, actor: str) -> None:
    project = await batches.find_project(tx, batch.project)
    assert project is not None, "a batch has a project"
    names = {place.name: place.code for place in room.regions.children(one.township)}
    made = 0
    for category, villages in (await adjustments.categories(tx, one)).items():
        into = await slices.add(
            tx,
            batch,
            one.township,
            category,
            by=one.proposed_by,
            signatures=project.signatures,
            kind="adjustment",
        )
        made += await adjustments.fill(tx, into, one, codes_of(villages, names), actor)
        await slices.announce(tx, into, publicity_done=False)
    if made != len(one.application_ids) * len(one.entitlement_periods):
        raise errors.conflict(
            "live-line",
            "R05 已有有效的补发明细",
            "one of these has a live line of that period and installment",
        )


def _view(one: Adjustment) -> AdjustmentOut:
    return AdjustmentOut(**one.model_dump())

"""补贴清单确认 (M17): a township confirms its new candidates and what was carried over; slices come of it."""

from kit import errors
from kit.auth import Actor, guarded_router
from kit.db import Tx
from kit.regions import Level, covers
from kit.service import CurrentRoom, Room
from services.batch.api.batches import load_open_batch, refuse_closed
from services.batch.api.models import SliceOut, SubmitSlice
from services.batch.api.operations import PREFIX, SUBMIT_SLICE, actor_for, permit, region_of
from services.batch.api.slices import shown
from services.batch.domain.villages import codes_of
from services.batch.store import batches, listing, slices, submission
from services.batch.store.tables import Batch, Project

router = guarded_router(prefix=PREFIX, tags=["slices"])


@router.post("/batches/{batch_id}/slices", status_code=201)
async def submit_slices(
    batch_id: str, body: SubmitSlice, room: CurrentRoom, actor: Actor = actor_for(SUBMIT_SLICE)
) -> list[SliceOut]:
    """Chosen candidates become lines, one slice per category; villages are checked. The county does it on route C."""
    async with room.tx() as tx:
        batch = await load_open_batch(tx, batch_id)
        permit(actor, SUBMIT_SLICE, region=body.township or batch.county, project=batch.project)
        if body.township and not covers(batch.county, body.township):
            raise errors.not_found()  # a stranger learns nothing of this county's batches
        refuse_closed(batch)
        project = await batches.find_project(tx, batch.project)
        assert project is not None, "a batch has a project"
        if len(region_of(actor)) != int(Level.TOWNSHIP) and batch.opens_by != "roster" and project.signatures:
            raise errors.forbidden()  # the township's to confirm
        if body.township and body.township not in room.regions:
            raise errors.unprocessable("unknown-township", "乡镇不属于该批次", "not a township of this batch")
        places = [body.township] if body.township else await submission.townships(tx, batch)
        ids = None if body.application_ids == "all" else list(set(body.application_ids))
        found = {place: await submission.claim(tx, batch, place, body.category, ids) for place in places}
        if not any(found.values()) or sum(sum(one.values()) for one in found.values()) < len(ids or []):
            raise errors.conflict(
                "no-candidates", "没有可提交的申报", "not all of these can be submitted now"
            )
        made = [
            key
            for place in places
            for key in await _submit(tx, room, batch, project, place, list(found[place]), ids, actor.sub)
        ]
        rows = await listing.slices(tx, body.township or batch.county, None, batch_id=batch_id)
        return await shown(tx, [row for row in rows if row["slice_id"] in made], actor)


async def _submit(
    tx: Tx,
    room: Room,
    batch: Batch,
    project: Project,
    township: str,
    categories: list[str],
    ids: list[str] | None,
    actor: str,
) -> list[str]:
    """The slices that came of a township's candidates, one per category at most."""
    names = {one.name: one.code for one in room.regions.children(township)}
    villages = codes_of(await submission.villages(tx, batch, township), names)
    made = []
    for category in categories:
        one = await slices.add(tx, batch, township, category, by=actor, signatures=project.signatures)
        if not await submission.fill(tx, one, villages, ids, actor):
            await slices.drop_empty(tx, one)
            continue
        await slices.announce(tx, one, publicity_done=False)
        tx.audit("batch.submit_slice", f"slice:{one.slice_id}", actor, number=one.number, category=category)
        made.append(one.slice_id)
    return made

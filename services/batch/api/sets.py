"""Sets (送审集): the county gathers arrived slices, and sees what the set's signature would cover."""

from typing import Any

from contracts.batch import SetOpened, SliceRevision
from contracts.manifest import set_root
from kit import errors
from kit.auth import Actor, guarded_router
from kit.db import Tx
from kit.ids import new_id
from kit.service import CurrentRoom
from services.batch.api.batches import load_batch
from services.batch.api.models import (
    OpenSet,
    SetDetail,
    SetManifestOut,
    SetOut,
    SignatureOut,
    SliceRoot,
    StayOut,
)
from services.batch.api.operations import (
    OPEN_SET,
    PREFIX,
    SEE_SETS,
    actor_for,
    permit,
    region_of,
)
from services.batch.api.slices import shown, standing_signature
from services.batch.domain.desk import desk_of, set_tab
from services.batch.domain.signing import DEPARTMENT_REVIEW
from services.batch.store import listing, manifests, sets, slices
from services.batch.store.tables import SettlementSet

router = guarded_router(prefix=PREFIX, tags=["sets"])


def _view(row: dict[str, Any], actor: Actor) -> SetOut:
    return SetOut(**row, tab=set_tab(desk_of(actor.roles), row["state"], row["signed"]))


async def load_set(tx: Tx, set_id: str) -> SettlementSet:
    """The set; 404 when there is none."""
    found = await sets.find(tx, set_id)
    if found is None:
        raise errors.not_found()
    return found


@router.post("/sets", status_code=201)
async def open_set(body: OpenSet, room: CurrentRoom, actor: Actor = actor_for(OPEN_SET)) -> SetOut:
    """Gather arrived slices of a batch into a set; the county process starts. None is waited for."""
    async with room.tx() as tx:
        batch = await load_batch(tx, body.batch_id)
        permit(actor, OPEN_SET, region=batch.county, project=batch.project)
        wanted = None if body.slice_ids == "all_arrived" else sorted(set(body.slice_ids))
        found = await sets.arrived(tx, batch.batch_id, wanted)
        if not found or (wanted is not None and found != wanted):
            raise errors.conflict(
                "not-arrived", "没有可送审的乡镇批次", "not all of these wait at the county"
            )
        one = SettlementSet(
            set_id=new_id(),
            batch_id=batch.batch_id,
            project=batch.project,
            period=batch.period,
            county=batch.county,
            state="open",
            opened_by=actor.sub,
            opened_at=tx.now,
        )
        await sets.gather(tx, one, found)
        members = await slices.locked(tx, found)
        tx.emit(
            SetOpened(
                set_id=one.set_id,
                batch_id=batch.batch_id,
                project=batch.project,
                period=batch.period,
                county=batch.county,
                slices=[
                    SliceRevision(slice_id=key, revision=members[key].revision) for key in sorted(members)
                ],
                lines=await slices.normal_lines(tx, found),
                reissues=all(member.kind == slices.REISSUE for member in members.values()),
            )
        )
        tx.audit("batch.open_set", f"set:{one.set_id}", actor.sub, slices=len(found))
        (row,) = await listing.sets(tx, batch.county, None, set_id=one.set_id)
        return _view(row, actor)


@router.get("/sets")
async def list_sets(
    room: CurrentRoom, batch_id: str | None = None, tab: str | None = None, actor: Actor = actor_for(SEE_SETS)
) -> list[SetOut]:
    """Sets of one's county; `tab` as one's own desk sees them."""
    async with room.tx() as tx:
        rows = await listing.sets(tx, region_of(actor), actor.listed_projects, batch_id=batch_id)
    return [one for one in (_view(row, actor) for row in rows) if tab in (None, one.tab)]


@router.get("/sets/{set_id}")
async def see_set(set_id: str, room: CurrentRoom, actor: Actor = actor_for(SEE_SETS)) -> SetDetail:
    """A set with its slices, those that left and why, and its signatures."""
    async with room.tx() as tx:
        one = await load_set(tx, set_id)
        permit(actor, SEE_SETS, region=one.county, project=one.project)
        (row,) = await listing.sets(tx, one.county, None, set_id=set_id)
        inside = await shown(tx, await listing.slices(tx, one.county, None, set_id=set_id), actor)
        stays = [
            StayOut(**stay.model_dump(include=set(StayOut.model_fields)))
            for stay in await sets.stays(tx, set_id)
        ]
        signed = [SignatureOut(**found) for found in await manifests.keys(tx, [set_id, *row["members"]])]
    return SetDetail(**_view(row, actor).model_dump(), slices=inside, stays=stays, signatures=signed)


@router.get("/sets/{set_id}/manifest")
async def see_manifest(
    set_id: str, room: CurrentRoom, node: str = DEPARTMENT_REVIEW, actor: Actor = actor_for(SEE_SETS)
) -> SetManifestOut:
    """What a signature at `node` would cover now: the root over the slices' roots, and each of them."""
    async with room.tx() as tx:
        one = await load_set(tx, set_id)
        permit(actor, SEE_SETS, region=one.county, project=one.project)
        roots = []
        for member in (await slices.locked(tx, await sets.members(tx, set_id))).values():
            content = await manifests.of_slice(tx, member.slice_id, priced=True)
            roots.append(
                SliceRoot(
                    slice_id=member.slice_id,
                    revision=member.revision,
                    root=content.root,
                    lines=content.lines,
                    total_fen=content.total_fen,
                )
            )
        return SetManifestOut(
            subject=set_id,
            node=node,
            revision=None,
            root=set_root({found.slice_id: found.root for found in roots}),
            lines=sum(found.lines for found in roots),
            total_fen=sum(found.total_fen or 0 for found in roots),
            signed=await standing_signature(tx, set_id, node),
            slices=roots,
        )

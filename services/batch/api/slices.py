"""Submissions of townships: candidates become slices; what is in them, and what a signature would cover."""

from typing import Any

from kit import errors
from kit.auth import Actor, guarded_router
from kit.db import Tx
from kit.service import CurrentRoom
from services.batch.api.models import (
    Counters,
    ExclusionOut,
    LineOut,
    ManifestOut,
    RevisionOut,
    SignatureOut,
    SliceDetail,
    SliceOut,
)
from services.batch.api.operations import (
    PREFIX,
    SEE_LINES,
    SEE_SLICES,
    Limit,
    actor_for,
    permit,
    region_of,
)
from services.batch.domain.desk import desk_of, slice_tab
from services.batch.domain.signing import DEPARTMENT_REVIEW, FINANCE_REVIEW, TOWNSHIP_REVIEW
from services.batch.store import exclusions, lines, listing, manifests, slices
from services.batch.store.tables import Slice

router = guarded_router(prefix=PREFIX, tags=["slices"])


async def shown(tx: Tx, rows: list[dict[str, Any]], actor: Actor) -> list[SliceOut]:
    """Slices with the viewer's tab and counters."""
    desk = desk_of(actor.roles)
    counted = await slices.counters(tx, [row["slice_id"] for row in rows])
    return [
        SliceOut(
            **row,
            needs=row["signatures"],
            tab=slice_tab(desk, row["state"], row["signed"]),
            counters=Counters(**counted.get(row["slice_id"], {})),
        )
        for row in rows
    ]


async def load_slice(tx: Tx, slice_id: str) -> Slice:
    """The slice; 404 when there is none."""
    found = await slices.find(tx, slice_id)
    if found is None:
        raise errors.not_found()
    return found


@router.get("/slices")
async def list_slices(
    room: CurrentRoom,
    batch_id: str | None = None,
    set_id: str | None = None,
    state: str | None = None,
    tab: str | None = None,
    township: str | None = None,
    actor: Actor = actor_for(SEE_SLICES),
) -> list[SliceOut]:
    """Slices of one's region; `tab` 待送审 | 已送审 | 在途 | 已办结 as one's own desk sees them."""
    async with room.tx() as tx:
        rows = await listing.slices(
            tx, region_of(actor), actor.listed_projects, batch_id=batch_id, set_id=set_id
        )
        rows = [row for row in rows if state in (None, row["state"]) and township in (None, row["township"])]
        found = await shown(tx, rows, actor)
    return [one for one in found if tab in (None, one.tab)]


@router.get("/slices/{slice_id}")
async def see_slice(slice_id: str, room: CurrentRoom, actor: Actor = actor_for(SEE_SLICES)) -> SliceDetail:
    """A slice with its revisions, signatures and exclusion records."""
    async with room.tx() as tx:
        one = await load_slice(tx, slice_id)
        permit(actor, SEE_SLICES, region=one.township, project=one.project)
        (view,) = await shown(tx, await listing.slices(tx, one.township, None, slice_id=slice_id), actor)
        return SliceDetail(
            **view.model_dump(),
            revisions=[RevisionOut(**row) for row in await listing.revisions(tx, slice_id)],
            signatures=[SignatureOut(**row) for row in await manifests.keys(tx, [slice_id])],
            exclusion_records=[ExclusionOut(**row) for row in await exclusions.of_slice(tx, slice_id)],
        )


@router.get("/slices/{slice_id}/lines")
async def see_lines(
    slice_id: str,
    room: CurrentRoom,
    state: str | None = None,
    limit: Limit = 1000,
    after: str = "",
    actor: Actor = actor_for(SEE_LINES),
) -> list[LineOut]:
    """Lines by id, at most `limit` after the id `after`."""
    async with room.tx() as tx:
        one = await load_slice(tx, slice_id)
        permit(actor, SEE_LINES, region=one.township, project=one.project)
        found = await lines.of_slice(tx, slice_id, state, limit, after)
    return [LineOut(**row) for row in found]


@router.get("/slices/{slice_id}/manifest")
async def see_manifest(
    slice_id: str, room: CurrentRoom, node: str = TOWNSHIP_REVIEW, actor: Actor = actor_for(SEE_SLICES)
) -> ManifestOut:
    """What a signature at `node` would cover now, and the one that stands."""
    async with room.tx() as tx:
        one = await load_slice(tx, slice_id)
        permit(actor, SEE_SLICES, region=one.township, project=one.project)
        priced = node in (DEPARTMENT_REVIEW, FINANCE_REVIEW)
        content = await manifests.of_slice(tx, slice_id, priced=priced)
        return ManifestOut(
            subject=slice_id,
            node=node,
            revision=one.revision,
            root=content.root,
            lines=content.lines,
            total_fen=content.total_fen,
            signed=await standing_signature(tx, slice_id, node),
        )


async def standing_signature(tx: Tx, subject: str, node: str) -> SignatureOut | None:
    """The signature that stands at a node."""
    for row in await manifests.keys(tx, [subject]):
        if row["node"] == node and row["superseded_at"] is None:
            return SignatureOut(**row)
    return None

"""结转 as a township sees it before it confirms: 增, 减, 变动, 不变, each with its reasons."""

from typing import Annotated, Literal

from fastapi import Query

from kit.auth import Actor, guarded_router
from kit.service import CurrentRoom
from services.batch.api.batches import load_batch
from services.batch.api.operations import PREFIX, SEE_CARRY_OVER, Limit, actor_for, township_wanted
from services.batch.api.year import CarriedOut, CarryOverOut
from services.batch.store import carry

router = guarded_router(prefix=PREFIX, tags=["batches"])

NAMES = {"added": "增", "left": "减", "changed": "变动", "same": "不变"}


@router.get("/batches/{batch_id}/carry-over")
async def see_carry_over(
    batch_id: str,
    room: CurrentRoom,
    township: Annotated[str | None, Query(pattern=r"^[0-9]{9}$")] = None,
    change: Literal["added", "left", "changed", "same"] | None = None,
    limit: Limit = 500,
    after: str = "",
    actor: Actor = actor_for(SEE_CARRY_OVER),
) -> CarryOverOut:
    """What the batch takes over of a township (or the county); confirmed through POST /batches/{id}/slices."""
    async with room.tx() as tx:
        batch = await load_batch(tx, batch_id)
        wanted = township_wanted(actor, SEE_CARRY_OVER, batch, township)
        counts, still_open = await carry.counts(tx, batch, wanted)
        rows = await carry.listed(tx, batch, wanted, change, limit, after)
        before = await carry.previous(tx, batch)
    return CarryOverOut(
        previous=before,
        counts={name: counts.get(name, 0) for name in NAMES},
        open=still_open,
        rows=[CarriedOut(**row, change_name=NAMES[row["change"]]) for row in rows],
    )

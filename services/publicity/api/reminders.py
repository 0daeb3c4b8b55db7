"""到期提醒 (M58): notices that end soon or ended and wait for a person's final confirmation; never automatic."""

from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Query

from kit.auth import Actor, Operation, Reach, Zone, guarded_router, require
from kit.db import Tx
from kit.service import CurrentRoom
from services.publicity.api.bodies import ReminderOut
from services.publicity.api.checks import out
from services.publicity.api.desk import VIEWERS
from services.publicity.domain.photos import lacking
from services.publicity.domain.states import has_ended
from services.publicity.store import notices, photos
from services.publicity.store.notices import Wanted
from services.publicity.store.tables import Notice

REMIND = Operation(
    "publicity.remind", roles=VIEWERS, zone=Zone.OUTSIDE, crosses=True, region=Reach.NONE, project=False
)

router = guarded_router(prefix="/api/publicity/v1", tags=["reminders"])


@router.get("/reminders")
async def find(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(REMIND))],
    within_days: Annotated[int, Query(ge=0, le=30)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[ReminderOut]:
    """Notices of the actor's region whose last day is over, or comes within some days; the longest waiting first."""
    wanted = Wanted(region=actor.region or "-", projects=actor.listed_projects, limit=limit)
    async with room.tx(actor) as tx:
        found = await notices.ending(tx, wanted, tx.today + timedelta(days=within_days))
        return [await _reminder(tx, one) for one in found]


async def _reminder(tx: Tx, one: Notice) -> ReminderOut:
    assert one.ends_on is not None, "a published notice has dates"
    missing = lacking(one.medium == "offline", await photos.moments(tx, one.notice_id))
    return ReminderOut(
        notice=out(one),
        overdue_days=(tx.today - one.ends_on).days,
        missing=[str(moment) for moment in missing],
        confirmable=has_ended(one.ends_on, tx.today) and not missing,
    )

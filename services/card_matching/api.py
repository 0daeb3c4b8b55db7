"""Looking at the card results of a slice: subject ids, statuses and reasons, never a number."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import BaseModel

from kit import errors
from kit.auth import Actor, Operation, Resource, Role, Zone, authorize, guarded_router, require
from kit.service import CurrentRoom
from services.card_matching.store import results

VIEW = Operation(
    "card_matching.view_results",
    roles=frozenset(
        {
            Role.TOWNSHIP_HANDLER,
            Role.TOWNSHIP_REVIEWER,
            Role.COUNTY_HANDLER,
            Role.COUNTY_REVIEWER,
            Role.FINANCE_REVIEWER,
            Role.DISCIPLINE,
        }
    ),
    zone=Zone.OUTSIDE,
    crosses=True,
)
MOST_ITEMS = 1000

router = guarded_router(prefix="/api/card_matching/v1", tags=["results"])


class PersonOut(BaseModel):
    """A payee's card: normal, abnormal with the reason, or processing; `asks` is how often it was asked about."""

    subject_id: str
    status: str
    reason: str | None
    asks: int
    settled_at: datetime | None


class ResultsOut(BaseModel):
    """The newest match of a slice; ask again with `after` = `next` while there is one."""

    slice_id: str
    revision: int
    started_at: datetime
    done_at: datetime | None
    normal: int
    abnormal: int
    processing: int
    items: list[PersonOut]
    next: str | None


@router.get("/results")
async def view(
    slice_id: str,
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(VIEW))],
    status: Literal["normal", "abnormal", "processing"] | None = None,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 200,
) -> ResultsOut:
    """Results of a slice's newest match; 404 while there is none, or when it is not the caller's to see."""
    async with room.tx() as tx:
        head = await results.head(tx, slice_id)
        if head is None:
            raise errors.not_found()
        authorize(actor, VIEW, Resource(region=head["township"], project=head["project"]))
        if head["match_id"] is None:
            raise errors.not_found()
        rows = await results.page(tx, head["match_id"], status, after, limit)
    items = [PersonOut(**dict(row)) for row in rows]
    return ResultsOut(
        slice_id=slice_id,
        revision=head["revision"],
        started_at=head["at"],
        done_at=head["done_at"],
        normal=head["normal"],
        abnormal=head["abnormal"],
        processing=head["processing"],
        items=items,
        next=items[-1].subject_id if len(items) == limit else None,
    )

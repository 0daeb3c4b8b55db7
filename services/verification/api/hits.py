"""Looking at what the rules found, within the caller's region and projects."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel

from kit.auth import (
    Actor,
    Operation,
    Reach,
    Resource,
    Role,
    Zone,
    authorize,
    guarded_router,
    require,
)
from kit.errors import not_found
from kit.service import CurrentRoom
from services.verification.ports import read_text
from services.verification.store import hits, reviewing, surveys
from services.verification.store.hits import Wanted

_VIEWERS = frozenset(
    {
        Role.TOWNSHIP_HANDLER,
        Role.TOWNSHIP_REVIEWER,
        Role.COUNTY_HANDLER,
        Role.COUNTY_REVIEWER,
        Role.FINANCE_REVIEWER,
        Role.DISCIPLINE,
        Role.SURVEY_WORKER,
    }
)
LIST = Operation(
    "verification.list_hits",
    roles=_VIEWERS,
    zone=Zone.OUTSIDE,
    crosses=True,
    region=Reach.NONE,
    project=False,
)
READ = Operation("verification.read_hit", roles=_VIEWERS, zone=Zone.OUTSIDE, crosses=True)
MOST_ITEMS = 1000

router = guarded_router(prefix="/api/verification/v1", tags=["hits"])


class HitOut(BaseModel):
    """One rule that answered other than pass."""

    hit_id: int
    check_id: str
    stage: str
    project: str
    county: str
    township: str
    slice_id: str | None
    line_id: str | None
    rev: int | None
    application_id: str
    subject_id: str
    rule: str
    effect: str
    source: str
    text: str
    at: datetime
    state: str
    period: str
    fact: str
    fact_value: str
    consequence: str | None
    last_period: str | None
    decided_at: datetime | None


class ProposalOut(BaseModel):
    """What one person proposed, and what another answered."""

    proposal_id: str
    decision: str
    consequence: str | None
    last_period: str | None
    reason: str | None
    evidence_ids: list[str]
    proposed_by: str
    proposed_at: datetime
    answer: str | None
    opinion: str | None
    decided_by: str | None
    decided_at: datetime | None


class HitDetail(HitOut):
    """A hit with its review. `consequence` and `last_period` prefill the form until it is decided."""

    proposals: list[ProposalOut]
    survey_ids: list[str]


class Precision(BaseModel):
    """How often a rule was right: `precision` = confirmed / decided, null while nothing is decided."""

    project: str
    rule: str
    county: str
    period: str
    confirmed: int
    lifted: int
    waiting: int
    decided: int
    precision: float | None


class PrecisionPage(BaseModel):
    """Ask again with `after` = `next` while there is one."""

    items: list[Precision]
    next: int | None


class HitPage(BaseModel):
    """Hits by id; ask again with `after` = `next` while there is one."""

    items: list[HitOut]
    next: int | None


class HitCount(BaseModel):
    """How often a rule spoke, and for how many persons."""

    project: str
    stage: str
    rule: str
    effect: str
    state: str
    township: str
    hits: int
    persons: int


def wanted(
    actor: Annotated[Actor, Depends(require(LIST))],
    slice_id: str | None = None,
    rule: str | None = None,
    stage: str | None = None,
    state: str | None = None,
    project: str | None = None,
    township: str | None = None,
    effect: str | None = None,
    line_id: str | None = None,
    application_id: str | None = None,
    period: str | None = None,
) -> Wanted:
    """The query, narrowed to what the caller may see."""
    projects = actor.listed_projects
    asked = (slice_id, rule, stage, state, project, township, effect, line_id, application_id, period)
    return Wanted(actor.region or "-", projects, *asked)


@router.get("/hits")
async def find(
    room: CurrentRoom,
    asked: Annotated[Wanted, Depends(wanted)],
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 200,
) -> HitPage:
    """Hits, oldest first."""
    async with room.tx() as tx:
        rows = await hits.page(tx, asked, after, limit)
    items = [HitOut(**dict(row)) for row in rows]
    return HitPage(items=items, next=items[-1].hit_id if len(items) == limit else None)


@router.get("/hits/summary")
async def summary(room: CurrentRoom, asked: Annotated[Wanted, Depends(wanted)]) -> list[HitCount]:
    """Counts per project, stage, rule, effect, state and township."""
    async with room.tx() as tx:
        return [HitCount(**dict(row)) for row in await hits.summary(tx, asked)]


@router.get("/hits/{hit_id}")
async def one(hit_id: int, room: CurrentRoom, actor: Annotated[Actor, Depends(require(READ))]) -> HitDetail:
    """A hit with what was proposed and decided; the texts are sealed at rest, and each reading is audited."""
    async with room.tx(actor) as tx:
        row = await reviewing.find(tx, hit_id)
        if row is None:
            raise not_found()
        authorize(actor, READ, Resource(region=row["township"], project=row["project"]))
        proposals = [
            ProposalOut(
                **{name: value for name, value in dict(found).items() if not name.endswith("_sealed")},
                reason=read_text(room, found["reason_sealed"], f"proposal|{found['proposal_id']}|reason"),
                opinion=read_text(room, found["opinion_sealed"], f"proposal|{found['proposal_id']}|opinion"),
            )
            for found in await reviewing.proposals(tx, hit_id)
        ]
        visits = await surveys.about(tx, row["subject_id"], row["project"])
        tx.audit("verification.read_hit", f"hit:{hit_id}")
    return HitDetail(**dict(row), proposals=proposals, survey_ids=visits)


@router.get("/rules/precision")
async def precision(
    room: CurrentRoom,
    asked: Annotated[Wanted, Depends(wanted)],
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 200,
) -> PrecisionPage:
    """Confirmed / decided per project, rule, county and period."""
    async with room.tx() as tx:
        rows = await hits.precision(tx, asked, after, limit)
    items = []
    for row in rows:
        decided = row["confirmed"] + row["lifted"]
        share = round(row["confirmed"] / decided, 4) if decided else None
        items.append(Precision(**dict(row), decided=decided, precision=share))
    return PrecisionPage(items=items, next=after + limit if len(items) == limit else None)

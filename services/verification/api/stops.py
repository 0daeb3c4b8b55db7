"""人工停发名单: put on by two people, taken off by two people; looked at in every check of every stage."""

from datetime import date, datetime
from typing import Annotated, Any, Self

from fastapi import Depends, Query
from pydantic import BaseModel, StringConstraints, model_validator

from kit import errors
from kit.auth import (
    ALL_PROJECTS,
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
from kit.ids import new_id
from kit.service import CurrentRoom
from services.verification import ports
from services.verification.api.bodies import AnswerIn, Body, Key, Region, Words
from services.verification.store import regional
from services.verification.store.review_tables import StopEntry

_MAKERS = frozenset({Role.TOWNSHIP_HANDLER, Role.COUNTY_HANDLER})
_CHECKERS = frozenset({Role.COUNTY_REVIEWER})
PROPOSE = Operation("verification.propose_stop", roles=_MAKERS, zone=Zone.FINANCE, crosses=True)
END = Operation(
    "verification.end_stop", roles=_MAKERS, zone=Zone.FINANCE, crosses=True, states=frozenset({"active"})
)
DECIDE = Operation(
    "verification.decide_stop",
    roles=_CHECKERS,
    zone=Zone.FINANCE,
    states=frozenset({"proposed", "ending"}),
    four_eyes=True,
)
READ = Operation(
    "verification.read_stop", roles=_MAKERS | _CHECKERS | {Role.DISCIPLINE}, zone=Zone.FINANCE, crosses=True
)
LIST = Operation(
    "verification.list_stops",
    roles=READ.roles,
    zone=Zone.FINANCE,
    crosses=True,
    region=Reach.NONE,
    project=False,
)

router = guarded_router(prefix="/api/verification/v1", tags=["stop list"])


class StopIn(Body):
    """A person, by subject or by ID number (kept as a keyed index only); no project means all of them.

    `region` is where it counts: the caller's own, or one inside.
    """

    subject_id: Key | None = None
    id_no: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)] | None = None
    project: Key | None = None
    region: Region | None = None
    valid_from: date
    valid_to: date | None = None
    document_no: Words
    reason: Words

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if (self.subject_id is None) == (self.id_no is None):
            raise ValueError("须且只须填写人员编号或身份证号之一 (either subject or ID number)")
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError("日期颠倒 (ends before it begins)")
        return self


class StopOut(BaseModel):
    """An entry. `reason` only where it is read alone."""

    stop_id: str
    region: str
    subject_id: str | None
    project: str | None
    valid_from: date
    valid_to: date | None
    document_no: str
    state: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    end_proposed_by: str | None
    ended_by: str | None
    reason: str | None = None


class StopPage(BaseModel):
    """Ask again with `after` = `next` while there is one."""

    items: list[StopOut]
    next: int | None


def _out(row: Any, reason: str | None = None) -> StopOut:
    return StopOut(**{name: row[name] for name in StopOut.model_fields if name != "reason"}, reason=reason)


def _where(row: Any) -> Resource:
    # An entry for all projects is for those who hold all of them.
    makers = {row["end_proposed_by"] if row["state"] == "ending" else row["proposed_by"]}
    return Resource(
        region=row["region"], project=row["project"] or ALL_PROJECTS, state=row["state"], acted_by=frozenset(makers)
    )  # fmt: skip


@router.post("/stops", status_code=201)
async def propose(
    body: StopIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(PROPOSE))]
) -> StopOut:
    """Propose an entry; it stops nobody until another person approves."""
    region = body.region or actor.region
    authorize(actor, PROPOSE, Resource(region=region, project=body.project or ALL_PROJECTS))
    index = (await ports.blind_indexes(room, [body.id_no]))[0] if body.id_no else None
    if body.id_no and index is None:
        raise errors.unprocessable("id_no", "身份证号不可用", "not a usable ID number")
    async with room.tx(actor) as tx:
        stop_id = new_id()
        one = StopEntry(
            stop_id=stop_id, region=region or "", subject_id=body.subject_id, blind_index=index,
            project=body.project, valid_from=body.valid_from, valid_to=body.valid_to,
            document_no=body.document_no, state="proposed", proposed_by=actor.sub, proposed_at=tx.now,
            reason_sealed=ports.seal(room, body.reason.encode(), f"stop|{stop_id}|reason"),
        )  # fmt: skip
        await regional.add_stop(tx, one)
        tx.audit("verification.propose_stop", f"stop:{stop_id}", document=body.document_no)
        return _out(await regional.stop(tx, stop_id))


@router.post("/stops/{stop_id}:end")
async def end(stop_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(END))]) -> StopOut:
    """Propose to take it off; it still stops until another person approves."""
    async with room.tx(actor) as tx:
        row = await regional.stop(tx, stop_id, lock=True)
        if row is None:
            raise errors.not_found()
        authorize(actor, END, _where(row))
        await regional.propose_end(tx, stop_id)
        tx.audit("verification.end_stop", f"stop:{stop_id}")
        return _out(await regional.stop(tx, stop_id))


@router.post("/stops/{stop_id}:decide")
async def decide(
    stop_id: str, body: AnswerIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(DECIDE))]
) -> StopOut:
    """The second person's word: on putting on, or on taking off."""
    async with room.tx(actor) as tx:
        row = await regional.stop(tx, stop_id, lock=True)
        if row is None:
            raise errors.not_found()
        authorize(actor, DECIDE, _where(row))
        approved = body.answer == "approve"
        if row["state"] == "ending":
            await regional.decide_end(tx, stop_id, approved)
        else:
            await regional.decide_stop(tx, stop_id, "active" if approved else "refused")
        tx.audit("verification.decide_stop", f"stop:{stop_id}", answer=body.answer)
        return _out(await regional.stop(tx, stop_id))


@router.get("/stops")
async def find(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST))],
    state: str | None = None,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> StopPage:
    """Entries of one's region and projects, newest first."""
    projects = actor.listed_projects
    async with room.tx() as tx:
        rows = await regional.stops(tx, actor.region or "-", projects, state, after, limit)
    items = [_out(row) for row in rows]
    return StopPage(items=items, next=after + limit if len(items) == limit else None)


@router.get("/stops/{stop_id}")
async def read(stop_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(READ))]) -> StopOut:
    """One entry with its reason; each reading is audited."""
    async with room.tx(actor) as tx:
        row = await regional.stop(tx, stop_id)
        if row is None:
            raise errors.not_found()
        authorize(actor, READ, _where(row))
        tx.audit("verification.read_stop", f"stop:{stop_id}")
    return _out(row, ports.read_text(room, row["reason_sealed"], f"stop|{stop_id}|reason"))

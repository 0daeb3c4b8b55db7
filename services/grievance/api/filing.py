"""M42, M47: a citizen objects to a published line, complains, or asks; the desk registers what comes otherwise."""

from typing import Annotated

from fastapi import Depends

from kit import errors, regions, workdays
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
from kit.auth import (
    Kind as ActorKind,
)
from kit.db import Tx
from kit.ids import new_id
from kit.service import CurrentRoom, Room
from services.grievance.api.bodies import ComplaintIn, Filed, MessageIn, ObjectionIn
from services.grievance.api.sight import check_project, resource
from services.grievance.domain import BY_CITIZEN, About, Channel, Kind, State, escalates_on, first_deadline
from services.grievance.ports import seal
from services.grievance.store import cases, lines, recusals
from services.grievance.store.tables import Case, LineRow


def _operation(name: str, *roles: Role, region: Reach = Reach.NONE) -> Operation:
    return Operation(name, roles=frozenset(roles), zone=Zone.OUTSIDE, region=region, project=False)


FILE = _operation("grievance.file", Role.CITIZEN)
COMPLAIN = _operation("grievance.complain", Role.CITIZEN, Role.COMPLAINTS_DESK, region=Reach.COVERS)
ASK = _operation("grievance.ask", Role.CITIZEN)

router = guarded_router(prefix="/api/grievance/v1", tags=["filing"])


@router.post("/objections", status_code=201)
async def file(
    body: ObjectionIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(FILE))]
) -> Filed:
    """Register an objection (登记). One open case per person and line; a line unknown here is a 404."""
    async with room.tx(actor) as tx:
        line = await _line(tx, body.line_id, actor.subject_id)
        one = _case(tx, Kind.OBJECTION, body.topic, Channel.MINI_PROGRAM, line.county, line.township)
        one.complainant, one.notice_id = actor.subject_id, body.notice_id
        one.about, one.line_id, one.slice_id, one.project = (
            About.LINE,
            line.line_id,
            line.slice_id,
            line.project,
        )
        return await _file(tx, room, actor, one, body.text)


@router.post("/complaints", status_code=201)
async def complain(
    body: ComplaintIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(COMPLAIN))]
) -> Filed:
    """Register a complaint. One about a line is as an objection; one about service or a person holds nothing."""
    own = actor.kind is ActorKind.CITIZEN
    _check_channel(body, own)
    complainant = actor.subject_id if own else body.complainant
    async with room.tx(actor) as tx:
        line = await _line(tx, body.line_id, complainant) if body.line_id else None
        where = line.township if line else body.region
        if where is None or (line is None and where not in room.regions):
            raise errors.unprocessable("region-unknown", "区划不存在", "the region is unknown")
        if not own:
            authorize(actor, COMPLAIN, Resource(region=where))
            check_project(actor, line.project if line else body.project)
        county, township = where[:6], where if len(where) > 6 else None
        one = _case(tx, Kind.COMPLAINT, body.topic, body.channel, county, township)
        one.complainant, one.about, one.notice_id = complainant, body.about, body.notice_id
        one.project = body.project
        if line is not None:
            one.line_id, one.slice_id, one.project = line.line_id, line.slice_id, line.project
        one.anonymous, one.public = body.anonymous, body.public
        filed = await _file(tx, room, actor, one, body.text)
        if body.respondent:
            await recusals.add(tx, one.case_id, body.respondent, "respondent")
        return filed


@router.post("/messages", status_code=201)
async def ask(body: MessageIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(ASK))]) -> Filed:
    """咨询留言 to a department; it answers within five working days."""
    if body.region not in room.regions:
        raise errors.unprocessable("region-unknown", "区划不存在", "the region is unknown")
    county = regions.ancestor(body.region, regions.Level.COUNTY)
    async with room.tx(actor) as tx:
        township = body.region if len(body.region) > 6 else None
        one = _case(tx, Kind.MESSAGE, body.topic, body.channel, county, township)
        one.complainant, one.department, one.project = actor.subject_id, body.department, body.project
        one.public = body.public
        return await _file(tx, room, actor, one, body.text)


def _check_channel(body: ComplaintIn, own: bool) -> None:
    if (body.about is About.LINE) != (body.line_id is not None):
        raise errors.unprocessable(
            "line-missing",
            "投诉发放条目须指明条目，其他投诉不得指明",
            "about a line and naming one go together",
        )
    if own != (body.channel in BY_CITIZEN) or (own and body.complainant is not None):
        raise errors.unprocessable("channel", "受理渠道与登记人不符", "the channel does not fit who files")


async def _line(tx: Tx, line_id: str, complainant: str | None) -> LineRow:
    # Locked, so that a second click waits for the first and finds it.
    line = await lines.find(tx, line_id, lock=True)
    if line is None:
        raise errors.not_found()
    known = await cases.open_of(tx, complainant, line_id) if complainant else None
    if known is not None:
        raise errors.conflict(
            "already-open",
            "您对该条目已有未办结的异议",
            "you already object to this line",
            objection_id=known,
        )
    return line


def _case(tx: Tx, kind: Kind, topic: str, channel: int, county: str, township: str | None) -> Case:
    return Case(
        case_id=new_id(),
        kind=kind,
        topic=topic,
        channel=int(channel),
        county=county,
        township=township,
        text_sealed=b"",
        state=State.REGISTERED,
        registered_at=tx.now,
        due_on=first_deadline(kind, tx.today, workdays.add_working_days),
        escalates_on=escalates_on(tx.today, workdays.add_working_days),
    )


async def _file(tx: Tx, room: Room, actor: Actor, one: Case, text: str) -> Filed:
    one.text_sealed = seal(room, text, one.case_id, "text")
    await tx.insert(one)
    # A citizen's account is their name: the record of their own case says only that it was they.
    by = "complainant" if actor.kind is ActorKind.CITIZEN else actor.sub
    await cases.note(tx, one, "registered", by)
    cases.tell(tx, one)
    tx.audit("grievance.file", resource(one), topic=one.topic, channel=one.channel)
    return Filed(
        case_id=one.case_id,
        objection_id=one.case_id if one.kind == Kind.OBJECTION else None,
        kind=one.kind,
        state=one.state,
        state_label=State.REGISTERED.label,
        due_on=one.due_on,
    )

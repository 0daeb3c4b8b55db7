"""暂停, 恢复, 停发, 变更 of enrolments: one official proposes, another one approves or refuses."""

from typing import Annotated, Any

from fastapi import Depends

from contracts.application import EnrolmentState
from kit import errors
from kit.auth import Actor, Operation, Reach, Resource, Role, Zone, authorize, guarded_router, require
from kit.db import Tx
from kit.ids import new_id
from kit.regions import Level, RegionTable, covers
from kit.service import CurrentRoom
from services.application.api import checks
from services.application.api.bodies import ChangeIn, ChangeOut, ChangePage, DecisionIn
from services.application.api.view import wanted
from services.application.domain import CHANGEABLE, Act, may_act
from services.application.store import applications, changes, payees, statements
from services.application.store.tables import EnrolmentChange
from services.application.store.views import Sight, Wanted

_MAKERS = frozenset({Role.TOWNSHIP_HANDLER, Role.COUNTY_HANDLER})
_CHECKERS = frozenset({Role.TOWNSHIP_REVIEWER, Role.COUNTY_REVIEWER})
PROPOSE = Operation("application.propose_change", roles=_MAKERS, zone=Zone.OUTSIDE, crosses=True)
DECIDE = Operation(
    "application.decide_change",
    roles=_CHECKERS,
    zone=Zone.OUTSIDE,
    crosses=True,
    states=frozenset({"proposed"}),
    four_eyes=True,
)
LIST = Operation(
    "application.list_changes",
    roles=_MAKERS | _CHECKERS | {Role.DISCIPLINE},
    zone=Zone.OUTSIDE,
    crosses=True,
    region=Reach.NONE,
    project=False,
)

router = guarded_router(prefix="/api/application/v1", tags=["enrolments"])


@router.post("/enrolments/{enrolment_id}/changes", status_code=201)
async def propose(
    enrolment_id: str, body: ChangeIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(PROPOSE))]
) -> ChangeOut:
    """Propose; nothing changes until another person has approved."""
    async with room.tx(actor) as tx:
        row = await changes.enrolment(tx, enrolment_id)
        if row is None:
            raise errors.not_found()
        authorize(actor, PROPOSE, Resource(region=row["township"], project=row["project"]))
        _possible(body.act, row)
        fields = await _fields(tx, room.regions, row, body)
        new = EnrolmentChange(
            change_id=new_id(),
            **{name: row[name] for name in ("enrolment_id", "project", "county", "township")},
            act=body.act.value,
            fields=fields,
            last_period=body.last_period,
            reason=body.reason,
            note=body.note,
            state="proposed",
            proposed_by=actor.sub,
            proposed_region=actor.region or "",
            proposed_at=tx.now,
        )
        try:
            await changes.propose(tx, new)
        except changes.AlreadyProposed:
            raise errors.conflict(
                "change-open", "该对象已有待审核的变更", "a proposal for this enrolment is still open"
            ) from None
        tx.audit("application.propose_change", f"enrolment:{enrolment_id}", act=new.act, reason=new.reason)
    return ChangeOut(**new.model_dump())


@router.post("/enrolment-changes/{change_id}:approve")
async def approve(
    change_id: str, body: DecisionIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(DECIDE))]
) -> ChangeOut:
    """Approve what somebody else proposed: it holds from now on, and is stated."""
    async with room.tx(actor) as tx:
        change = await _loaded(tx, change_id, actor)
        row = await changes.enrolment(tx, change["enrolment_id"])
        assert row is not None
        _possible(Act(change["act"]), row)
        await _payee(tx, row, change["fields"].get("payee_id"))
        await changes.apply(tx, change, row)
        await changes.decide(tx, change_id, "approved", actor.sub, body.note)
        await statements.state(tx, change_id, [change["enrolment_id"]])
        tx.audit("application.approve_change", f"enrolment:{change['enrolment_id']}", act=change["act"])
        return await _out(tx, change_id)


@router.post("/enrolment-changes/{change_id}:refuse")
async def refuse(
    change_id: str, body: DecisionIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(DECIDE))]
) -> ChangeOut:
    """Refuse it: the enrolment stays as it is."""
    async with room.tx(actor) as tx:
        change = await _loaded(tx, change_id, actor)
        await changes.decide(tx, change_id, "refused", actor.sub, body.note)
        tx.audit("application.refuse_change", f"enrolment:{change['enrolment_id']}", act=change["act"])
        return await _out(tx, change_id)


@router.get("/enrolment-changes")
async def find(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST))],
    asked: Annotated[Wanted, Depends(wanted)],
) -> ChangePage:
    """Proposals of the caller's region and projects, by id."""
    projects = actor.listed_projects
    async with room.tx() as tx:
        rows = await changes.find(tx, Sight(region=actor.region, projects=projects), asked)
    following = rows[-1]["change_id"] if len(rows) == asked.limit else None
    return ChangePage(items=[ChangeOut(**row) for row in rows], next=following)


async def _loaded(tx: Tx, change_id: str, actor: Actor) -> dict[str, Any]:
    """The proposal, if this official may decide it: their region covers the old place, the new one and the maker."""
    change = await changes.one(tx, change_id)
    if change is None:
        raise errors.not_found()
    seen = Resource(
        region=change["township"],
        project=change["project"],
        state=change["state"],
        acted_by=frozenset({change["proposed_by"]}),
    )
    authorize(actor, DECIDE, seen)
    elsewhere = [change["proposed_region"], change["fields"].get("township", change["township"])]
    if not all(covers(actor.region or "", one) for one in elsewhere):
        raise errors.forbidden("须由上级审核 (for the county's reviewer to decide)")
    return change


async def _out(tx: Tx, change_id: str) -> ChangeOut:
    row = await changes.one(tx, change_id)
    assert row is not None
    return ChangeOut(**row)


def _possible(act: Act, row: dict[str, Any]) -> None:
    if not may_act(act, EnrolmentState(row["state"])):
        raise errors.conflict("wrong-state", "当前状态不能办理", "not in a state that allows this")


async def _fields(tx: Tx, regions: RegionTable, row: dict[str, Any], body: ChangeIn) -> dict[str, str]:
    """The new values, each checked; a move stays within the county (another county's person applies there)."""
    fields = {name: value for name in CHANGEABLE if (value := getattr(body, name)) is not None}
    if {"township", "village"} & set(fields):
        township = fields.get("township", row["township"])
        village = fields.get("village", row["village"])
        checks.check_place(regions, township, village)
        if not village.startswith(township) or len(village) != Level.VILLAGE:
            raise errors.unprocessable(
                "unknown-village", "村（社区）不在该乡镇", "the village is not in the township"
            )
        if not covers(row["county"], township):
            raise errors.unprocessable(
                "other-county", "跨县迁移须停发后在迁入地申报", "a move to another county is a stop here"
            )
    if "category" in fields:
        project = await applications.project(tx, row["project"])
        if project is None:
            raise checks.unknown_project()
        fields["category"] = checks.check_category(project["manifest"], fields["category"])
    await _payee(tx, row, fields.get("payee_id"))
    return fields


async def _payee(tx: Tx, row: dict[str, Any], payee_id: str | None) -> None:
    """R12: only somebody whom the registry says is authorised."""
    if payee_id and not await payees.may_receive(tx, row["subject_id"], row["project"], payee_id):
        raise errors.unprocessable(
            "payee-not-authorised",
            "收款人未获授权，请先办理收款人变更",
            "R12: this person is not an authorised payee",
        )

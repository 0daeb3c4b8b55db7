"""Changes of households, payees and names, and erasure: one official proposes, another one decides."""

from typing import Annotated, Any

from fastapi import Depends, Query, Response

from kit import errors
from kit.auth import Actor, Operation, Reach, Resource, Role, Zone, authorize, decide, guarded_router, require
from kit.db import Tx
from kit.ids import new_id
from kit.regions import covers
from kit.service import CurrentRoom
from services.registry.api import proposals
from services.registry.api.bodies import ChangeIn, ChangeOut, ChangePage
from services.registry.domain import OF_HOUSEHOLDS, Kind
from services.registry.ports import vault_of
from services.registry.store import changes, households, reads
from services.registry.store.tables import Change

_MAKERS = frozenset({Role.TOWNSHIP_HANDLER, Role.COUNTY_HANDLER})
_CHECKERS = frozenset({Role.TOWNSHIP_REVIEWER, Role.COUNTY_REVIEWER})
PROPOSE = Operation("registry.propose_change", roles=_MAKERS, zone=Zone.OUTSIDE, crosses=True, project=False)
DECIDE = Operation(
    "registry.decide_change",
    roles=_CHECKERS,
    zone=Zone.OUTSIDE,
    crosses=True,
    project=False,
    states=frozenset({"proposed"}),
    four_eyes=True,
)
LIST = Operation(
    "registry.list_changes",
    roles=_MAKERS | _CHECKERS | {Role.DISCIPLINE},
    zone=Zone.OUTSIDE,
    crosses=True,
    region=Reach.NONE,
    project=False,
)
EVIDENCE = Operation(
    "registry.read_evidence", roles=_MAKERS | _CHECKERS, zone=Zone.OUTSIDE, crosses=True, project=False
)
MOST_ITEMS = 500
_SHOWN = tuple(ChangeOut.model_fields)

router = guarded_router(prefix="/api/registry/v1", tags=["changes"])


@router.post("/changes", status_code=201)
async def propose(
    body: ChangeIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(PROPOSE))]
) -> ChangeOut:
    """Propose, with evidence; nothing changes until another official has approved."""
    vault = vault_of(room)
    async with room.tx(actor) as tx:
        subject_id = body.subject_id or await proposals.bearer(tx, vault, body)
        township = await _township(tx, actor, subject_id)
        asked = await proposals.read(tx, vault, body, subject_id, township)
        change_id = new_id()
        owner = await changes.envelope(tx, asked.sealed_under)
        if owner is None:
            raise errors.not_found()
        file = body.evidence.file()
        digest = changes.digest_of_file(file) if file else body.evidence.digest
        assert digest is not None
        new = Change(
            change_id=change_id,
            kind=body.kind.value,
            subject_id=asked.subject_id,
            township=township,
            body=asked.body,
            reason=body.reason,
            sealed_under=owner.subject_id,
            sealed_name=changes.seal(vault, owner, asked.name.encode(), "name", change_id)
            if asked.name
            else None,
            evidence_digest=digest,
            evidence=changes.seal(vault, owner, file, "evidence", change_id) if file else None,
            state="proposed",
            proposed_by=actor.sub,
            proposed_region=actor.region or "",
            proposed_at=tx.wall,
        )
        try:
            await changes.propose(tx, new)
        except changes.AlreadyProposed:
            raise errors.conflict(
                "change-open", "该对象已有待审核的同类变更", "a proposal of this kind is still open"
            ) from None
        tx.audit(PROPOSE.name, f"subject:{new.subject_id}", kind=new.kind, reason=new.reason, evidence=digest)
    return ChangeOut(**{name: getattr(new, name) for name in _SHOWN})


async def _township(tx: Tx, actor: Actor, subject_id: str) -> str:
    """The township of the official's region that has to do with the beneficiary; else 404."""
    for township in await reads.seen_from(tx, subject_id):
        if decide(actor, PROPOSE, Resource(region=township)).allowed:
            return township
    raise errors.not_found()


@router.post("/changes/{change_id}:approve")
async def approve(
    change_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(DECIDE))]
) -> ChangeOut:
    """Approve what somebody else proposed, if it still fits; rooms are told."""
    async with room.tx(actor) as tx:
        change = await _loaded(tx, change_id, actor)
        kind = Kind(change["kind"])
        home = None
        if kind in OF_HOUSEHOLDS:
            await tx.execute("LOCK TABLE household IN SHARE ROW EXCLUSIVE MODE")
            [home] = await households.homes(tx, [change["subject_id"]])
        await proposals.still_fits(tx, change, home)
        await changes.apply(tx, vault_of(room), change, home, actor.sub)
        return await _decided(tx, change, "approved", actor)


@router.post("/changes/{change_id}:refuse")
async def refuse(
    change_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(DECIDE))]
) -> ChangeOut:
    """Refuse it: everything stays as it is."""
    async with room.tx(actor) as tx:
        return await _decided(tx, await _loaded(tx, change_id, actor), "refused", actor)


async def _loaded(tx: Tx, change_id: str, actor: Actor) -> dict[str, Any]:
    """The proposal, if this official may decide it: not the maker, nor below the maker's level."""
    change = await changes.one(tx, change_id)
    if change is None:
        raise errors.not_found()
    seen = Resource(
        region=change["township"], state=change["state"], acted_by=frozenset({change["proposed_by"]})
    )
    authorize(actor, DECIDE, seen)
    if not covers(actor.region or "", change["proposed_region"]):
        raise errors.forbidden("须由上级审核 (for the county's reviewer to decide)")
    return change


async def _decided(tx: Tx, change: dict[str, Any], state: str, actor: Actor) -> ChangeOut:
    await changes.decide(tx, change["change_id"], state, actor.sub)
    tx.audit(f"registry.change_{state}", f"subject:{change['subject_id']}", kind=change["kind"])
    row = await changes.one(tx, change["change_id"])
    assert row is not None
    return ChangeOut(**{name: row[name] for name in _SHOWN})


@router.get("/changes")
async def find(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST))],
    township: str | None = None,
    state: str | None = None,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 100,
) -> ChangePage:
    """Proposals of the caller's region, by id."""
    async with room.tx() as tx:
        rows = await changes.find(tx, actor.region or "-", township, state, after, limit)
    following = rows[-1]["change_id"] if len(rows) == limit else None
    return ChangePage(items=[ChangeOut(**row) for row in rows], next=following)


@router.get("/changes/{change_id}/evidence", response_class=Response)
async def evidence(
    change_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(EVIDENCE))]
) -> Response:
    """The evidence file of a change of the official's region; each reading is logged."""
    async with room.tx(actor) as tx:
        change = await changes.one(tx, change_id)
        if change is None:
            raise errors.not_found()
        authorize(actor, EVIDENCE, Resource(region=change["township"]))
        owner = await changes.envelope(tx, change["sealed_under"])
        if owner is None or change["evidence"] is None:
            raise errors.not_found()
        file = changes.unseal(vault_of(room), owner, change["evidence"], "evidence", change_id)
        tx.audit(EVIDENCE.name, f"change:{change_id}")
    headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
    return Response(file, media_type="application/octet-stream", headers=headers)

"""Review of hits by two people: one proposes with evidence, another decides."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends

from kit import errors
from kit.auth import Actor, Operation, Resource, Role, Zone, authorize, guarded_router, require
from kit.db import Tx
from kit.errors import Problem
from kit.ids import new_id
from kit.service import CurrentRoom, Room
from services.verification import ports
from services.verification.api.bodies import AnswerIn, AnswersIn, ItemOut, ProposalIn, ProposalsIn
from services.verification.domain.reviewing import CONFIRM, LIFT
from services.verification.domain.rulebook import STOP_RULE
from services.verification.store import documents, reviewing
from services.verification.store.review_tables import HitProposal

PROPOSE = Operation(
    "verification.propose_hit",
    roles=frozenset({Role.TOWNSHIP_HANDLER, Role.SURVEY_WORKER}),
    zone=Zone.OUTSIDE,
    states=frozenset({"open"}),
)
DECIDE = Operation(
    "verification.decide_hit",
    roles=frozenset({Role.TOWNSHIP_REVIEWER, Role.COUNTY_HANDLER, Role.COUNTY_REVIEWER}),
    zone=Zone.OUTSIDE,
    crosses=True,
    states=frozenset({"proposed"}),
    four_eyes=True,
)

router = guarded_router(prefix="/api/verification/v1", tags=["review"])


def _allowed(actor: Actor, operation: Operation, hit: Any) -> None:
    if hit is None:
        raise errors.not_found()
    acted = frozenset({hit["proposed_by"]} if hit["proposed_by"] else ())
    where = Resource(region=hit["township"], project=hit["project"], state=hit["state"], acted_by=acted)
    authorize(actor, operation, where)


async def _propose(room: Room, tx: Tx, actor: Actor, hit: Any, body: ProposalIn) -> str:
    _allowed(actor, PROPOSE, hit)
    if hit["line_id"] is None:
        raise errors.conflict(
            "needs-review",
            "申请被拒由本人申请核实",
            "a refused application is reviewed at its citizen's request",
        )
    if hit["rule"] == STOP_RULE and body.decision == LIFT:
        raise errors.conflict("stopped", "请先解除人工停发", "take the person off the stop list first")
    if not await documents.known(tx, body.evidence_ids, hit["project"], hit["township"]):
        raise errors.unprocessable("evidence", "证据不存在或不属于本地本项目", "unknown or foreign evidence")
    confirm = body.decision == CONFIRM
    consequence = (body.consequence or hit["consequence"] or "exclude") if confirm else None
    last = (body.last_period or hit["last_period"]) if consequence == "stop" else None
    proposal_id = new_id()
    one = HitProposal(
        proposal_id=proposal_id, hit_id=hit["hit_id"], decision=body.decision, consequence=consequence,
        last_period=last, reason_sealed=ports.seal(room, body.reason.encode(), f"proposal|{proposal_id}|reason"),
        evidence_ids=list(body.evidence_ids), proposed_by=actor.sub, proposed_at=tx.now,
    )  # fmt: skip
    await reviewing.propose(tx, one)
    tx.audit("verification.propose_hit", f"hit:{hit['hit_id']}", decision=body.decision)
    return "proposed"


async def _decide(room: Room, tx: Tx, actor: Actor, hit: Any, body: AnswerIn) -> str:
    _allowed(actor, DECIDE, hit)
    opinion = (
        ports.seal(room, body.opinion.encode(), f"proposal|{hit['proposal_id']}|opinion")
        if body.opinion
        else None
    )
    tx.audit("verification.decide_hit", f"hit:{hit['hit_id']}", answer=body.answer)
    if body.answer == "reject":
        await reviewing.reject(tx, hit, opinion)
        return "open"
    await reviewing.approve(tx, hit, opinion)
    return "confirmed" if hit["decision"] == CONFIRM else "lifted"


Act = Callable[[Tx, Any], Awaitable[str]]


async def _one(room: Room, actor: Actor, hit_id: int, act: Act) -> ItemOut:
    async with room.tx(actor) as tx:
        found = await reviewing.take(tx, [hit_id])
        return ItemOut(hit_id=hit_id, state=await act(tx, found.get(hit_id)))


async def _each(room: Room, actor: Actor, hit_ids: list[int], act: Act) -> list[ItemOut]:
    """All in one transaction; what may not be done changes nothing, so the others go on."""
    done: list[ItemOut] = []
    async with room.tx(actor) as tx:
        found = await reviewing.take(tx, hit_ids)
        for hit_id in sorted(set(hit_ids)):
            try:
                done.append(ItemOut(hit_id=hit_id, state=await act(tx, found.get(hit_id))))
            except Problem as problem:
                body = problem.body()
                done.append(ItemOut(hit_id=hit_id, problem=body["type"], title=body["title"]))
    return done


@router.post("/hits/{hit_id}:propose")
async def propose(
    hit_id: int, body: ProposalIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(PROPOSE))]
) -> ItemOut:
    """解除或属实: what the officer found, with evidence."""
    return await _one(room, actor, hit_id, lambda tx, hit: _propose(room, tx, actor, hit, body))


@router.post("/hits/{hit_id}:decide")
async def decide(
    hit_id: int, body: AnswerIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(DECIDE))]
) -> ItemOut:
    """Another person approves or rejects; approved, the hit is lifted or confirmed."""
    return await _one(room, actor, hit_id, lambda tx, hit: _decide(room, tx, actor, hit, body))


@router.post("/hits:propose")
async def propose_many(
    body: ProposalsIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(PROPOSE))]
) -> list[ItemOut]:
    """The same proposal for up to 1,000 hits, answered hit by hit."""
    return await _each(room, actor, body.hit_ids, lambda tx, hit: _propose(room, tx, actor, hit, body))


@router.post("/hits:decide")
async def decide_many(
    body: AnswersIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(DECIDE))]
) -> list[ItemOut]:
    """The same decision for up to 1,000 hits, answered hit by hit."""
    return await _each(room, actor, body.hit_ids, lambda tx, hit: _decide(room, tx, actor, hit, body))

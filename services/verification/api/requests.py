"""核实 on a citizen's request: a refused applicant asks, two officers answer."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, UploadFile
from pydantic import BaseModel

from kit import errors
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
from kit.ids import new_id
from kit.roles import Kind
from kit.service import CurrentRoom, Room
from services.verification import ports
from services.verification.api import evidence
from services.verification.api.bodies import AnswerIn, Body, Key, Words
from services.verification.domain.rulebook import STOP_RULE
from services.verification.store import claims, documents, requests
from services.verification.store.review_tables import Evidence, Review

_OFFICERS = frozenset(
    {
        Role.TOWNSHIP_HANDLER,
        Role.SURVEY_WORKER,
        Role.TOWNSHIP_REVIEWER,
        Role.COUNTY_HANDLER,
        Role.COUNTY_REVIEWER,
        Role.DISCIPLINE,
    }
)
ASK = Operation("verification.ask_review", roles=frozenset({Role.CITIZEN}), zone=Zone.OUTSIDE)
ADD = Operation(
    "verification.add_review_evidence",
    roles=frozenset({Role.CITIZEN}),
    zone=Zone.OUTSIDE,
    states=frozenset({"requested"}),
)
READ = Operation(
    "verification.read_review", roles=_OFFICERS | {Role.CITIZEN}, zone=Zone.OUTSIDE, crosses=True
)
LIST = Operation(
    "verification.list_reviews",
    roles=READ.roles,
    zone=Zone.OUTSIDE,
    crosses=True,
    region=Reach.NONE,
    project=False,
)
PROPOSE = Operation(
    "verification.propose_review",
    roles=frozenset({Role.TOWNSHIP_HANDLER, Role.SURVEY_WORKER}),
    zone=Zone.OUTSIDE,
    states=frozenset({"requested"}),
)
DECIDE = Operation(
    "verification.decide_review",
    roles=frozenset({Role.TOWNSHIP_REVIEWER, Role.COUNTY_HANDLER, Role.COUNTY_REVIEWER}),
    zone=Zone.OUTSIDE,
    crosses=True,
    states=frozenset({"proposed"}),
    four_eyes=True,
)
MOST_DOCUMENTS = 20

router = guarded_router(prefix="/api/verification/v1", tags=["reviews"])


class AskIn(Body):
    """Why the refusal is wrong, in the citizen's own words."""

    application_id: Key
    text: Words


class AnswerToCitizen(Body):
    """grant or refuse, with reasons that the citizen will read."""

    decision: Literal["grant", "refuse"]
    reason: Words
    evidence_ids: list[Key] = []


class ReviewOut(BaseModel):
    """Progress. Proposals and who made them are for officers; the citizen reads the reason once it is decided."""

    review_id: str
    number: int
    application_id: str
    project: str
    township: str
    category: str
    state: str
    requested_at: datetime
    decided_at: datetime | None
    refused_for: list[str] = []
    text: str | None = None
    reason: str | None = None
    decision: str | None = None
    opinion: str | None = None
    evidence_ids: list[str] = []
    proposed_by: str | None = None
    decided_by: str | None = None


class ReviewPage(BaseModel):
    """Ask again with `after` = `next` while there is one."""

    items: list[ReviewOut]
    next: int | None


def _where(one: Any) -> Resource:
    acted = frozenset({one["proposed_by"]} if one["proposed_by"] else ())
    return Resource(
        region=one["township"], project=one["project"], subject_id=one["subject_id"], state=one["state"], acted_by=acted
    )  # fmt: skip


def _brief(one: Any) -> dict[str, Any]:
    names = ("review_id", "number", "application_id", "project", "township", "category", "state")
    return {name: one[name] for name in (*names, "requested_at", "decided_at")}


@router.post("/reviews", status_code=201)
async def ask(body: AskIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(ASK))]) -> ReviewOut:
    """Ask for 核实 of one's own refused application; asking again while one is open returns that one."""
    async with room.tx(actor) as tx:
        claim = await claims.of_application(tx, body.application_id)
        if claim is None:
            raise errors.not_found()
        authorize(actor, ASK, Resource(subject_id=claim["subject_id"]))
        check = await requests.refused_check(tx, body.application_id)
        if check is None or check["verdict"] != "block":
            raise errors.conflict("not-refused", "该申请未被拒绝", "the application was not refused")
        one = await requests.open_one(tx, body.application_id)
        if one is None:
            review_id = new_id()
            sealed = ports.seal(room, body.text.encode(), f"review|{review_id}|text")
            asked = Review(
                review_id=review_id, application_id=body.application_id, check_id=check["job_id"],
                subject_id=claim["subject_id"], project=check["project"], county=check["county"],
                township=check["township"], category=check["category"], state="requested",
                text_sealed=sealed, requested_at=tx.now, evidence_ids=[],
            )  # fmt: skip
            await requests.add(tx, asked)
            tx.audit("verification.ask_review", f"review:{review_id}", application=body.application_id)
            one = await requests.find(tx, review_id)
        return ReviewOut(**_brief(one))


@router.post("/reviews/{review_id}/evidence", status_code=201)
async def add_evidence(
    review_id: str, file: UploadFile, room: CurrentRoom, actor: Annotated[Actor, Depends(require(ADD))]
) -> evidence.EvidenceOut:
    """The applicant's own documents."""
    data, media = await evidence.document(file)
    async with room.tx(actor) as tx:
        one = await requests.find(tx, review_id, lock=True)
        if one is None:
            raise errors.not_found()
        authorize(actor, ADD, _where(one))
        if len(one["evidence_ids"]) >= MOST_DOCUMENTS:
            raise errors.too_large("附件过多 (too many documents)", limit=MOST_DOCUMENTS)
        added = Evidence(
            evidence_id=new_id(), project=one["project"], township=one["township"], subject_id=one["subject_id"],
            media_type=media, digest=ports.digest(room, data), size=len(data), body_sealed=b"",
            loaded_by=actor.sub, loaded_at=tx.now,
        )  # fmt: skip
        added.body_sealed = ports.seal(room, data, f"evidence|{added.evidence_id}")
        await documents.add(tx, added)
        await requests.add_evidence(tx, review_id, [added.evidence_id])
        tx.audit("verification.add_review_evidence", f"review:{review_id}", digest=added.digest)
    return evidence.EvidenceOut(evidence_id=added.evidence_id, digest=added.digest, size=added.size)


@router.get("/reviews")
async def find(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST))],
    state: str | None = None,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> ReviewPage:
    """One's own, or those of one's region and projects, oldest first."""
    own = actor.subject_id or "-" if actor.kind is Kind.CITIZEN else None
    region = None if own else actor.region or "-"
    projects = None if own else actor.listed_projects
    async with room.tx() as tx:
        rows = await requests.page(tx, region, own, projects, state, after, limit)
    items = [ReviewOut(**_brief(row)) for row in rows]
    return ReviewPage(items=items, next=items[-1].number if len(items) == limit else None)


@router.get("/reviews/{review_id}")
async def read(
    review_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(READ))]
) -> ReviewOut:
    """Progress and, once decided, the reasons; each reading by an officer is audited."""
    async with room.tx(actor) as tx:
        one = await requests.find(tx, review_id)
        if one is None:
            raise errors.not_found()
        authorize(actor, READ, _where(one))
        hits = await requests.hits_of(tx, one["check_id"], one["application_id"])
        if actor.kind is not Kind.CITIZEN:
            tx.audit("verification.read_review", f"review:{review_id}")
        return _full(room, one, [f"{hit['rule']} {hit['text']}" for hit in hits], actor)


def _full(room: Room, one: Any, refused_for: list[str], actor: Actor) -> ReviewOut:
    def text(part: str) -> str | None:
        return ports.read_text(room, one[f"{part}_sealed"], f"review|{one['review_id']}|{part}")

    shown = _brief(one) | {
        "refused_for": refused_for,
        "text": text("text"),
        "evidence_ids": one["evidence_ids"],
    }
    if one["state"] in ("granted", "refused") or actor.kind is not Kind.CITIZEN:
        shown |= {"reason": text("reason"), "decision": one["decision"]}
    if actor.kind is not Kind.CITIZEN:
        shown |= {name: one[name] for name in ("proposed_by", "decided_by")} | {"opinion": text("opinion")}
    return ReviewOut(**shown)


@router.post("/reviews/{review_id}:propose")
async def propose(
    review_id: str,
    body: AnswerToCitizen,
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(PROPOSE))],
) -> ReviewOut:
    """What the officer found, after survey and evidence."""
    async with room.tx(actor) as tx:
        one = await requests.find(tx, review_id, lock=True)
        if one is None:
            raise errors.not_found()
        authorize(actor, PROPOSE, _where(one))
        if not await documents.known(tx, body.evidence_ids, one["project"], one["township"]):
            raise errors.unprocessable(
                "evidence", "证据不存在或不属于本地本项目", "unknown or foreign evidence"
            )
        hits = await requests.hits_of(tx, one["check_id"], one["application_id"])
        if body.decision == "grant" and any(hit["rule"] == STOP_RULE for hit in hits):
            raise errors.conflict("stopped", "请先解除人工停发", "take the person off the stop list first")
        await requests.add_evidence(tx, review_id, list(body.evidence_ids))
        reason = ports.seal(room, body.reason.encode(), f"review|{review_id}|reason")
        await requests.propose(tx, review_id, body.decision, reason)
        tx.audit("verification.propose_review", f"review:{review_id}", decision=body.decision)
        return ReviewOut(**_brief(await requests.find(tx, review_id)))


@router.post("/reviews/{review_id}:decide")
async def decide(
    review_id: str, body: AnswerIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(DECIDE))]
) -> ReviewOut:
    """Another officer approves or rejects what was proposed."""
    async with room.tx(actor) as tx:
        one = await requests.find(tx, review_id, lock=True)
        if one is None:
            raise errors.not_found()
        authorize(actor, DECIDE, _where(one))
        opinion = (
            ports.seal(room, body.opinion.encode(), f"review|{review_id}|opinion") if body.opinion else None
        )
        if body.answer == "approve":
            await requests.approve(tx, one, opinion)
        else:
            await requests.reject(tx, review_id, opinion)
        tx.audit("verification.decide_review", f"review:{review_id}", answer=body.answer)
        return ReviewOut(**_brief(await requests.find(tx, review_id)))

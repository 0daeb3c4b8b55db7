"""Officials' desks: list, claim and complete work items, one and many.

A completion is checked at the door (role, region, project, state, four eyes) and then becomes a message to the
owner of the key, never a direct step (decisions II).
"""

from typing import Any

from fastapi import Depends
from pydantic import BaseModel, Field

from contracts.orchestrator import CompleteWorkItem
from kit import errors, mask
from kit.auth import Actor, Operation, Reach, Resource, Role, authorize, guarded_router, require
from kit.db import Tx
from kit.errors import Problem
from kit.service import CurrentRoom
from services.orchestrator import domain

router = guarded_router(prefix="/api/orchestrator/v1", tags=["work items"])
STAFF = frozenset(Role) - {Role.CITIZEN, Role.SERVICE}
LIST = Operation("orchestrator.list_work_items", roles=STAFF, region=Reach.NONE, project=False)
ACT = Operation(
    "orchestrator.complete_work_item", roles=STAFF, states=frozenset({"open", "claimed"}), crosses=True
)
MANY = 1000


class Completion(BaseModel):
    decision: str = Field(max_length=40)
    form: dict[str, Any] = {}


class ManyCompletions(BaseModel):
    """The same as one completion for each id; at most 1,000."""

    items: list["OneOfMany"] = Field(max_length=MANY)


class OneOfMany(Completion):
    id: str


@router.get("/work-items")
async def list_work_items(
    room: CurrentRoom,
    state: str = "todo",
    node: str | None = None,
    business_key: str | None = None,
    limit: int = 200,
    actor: Actor = Depends(require(LIST)),
) -> dict[str, Any]:
    """The caller's desk: 待办 `todo` (open or claimed), 已办 `done` (completed by the caller), or `all`.

    Leaders and operators see the items of their region whoever must act; everybody else those of their roles.
    """
    overseer = bool(actor.roles & {Role.OPERATOR, Role.DISCIPLINE})
    async with room.tx(actor) as tx:
        rows = await tx.fetch(
            "SELECT id, instance_id, business_key, project, process, node, name, kind, role, region, decisions, "
            "state, opened_at, due_at, due_at < $8 AS overdue, claimed_by, completed_by, decision, closed_at "
            "FROM work_item WHERE region LIKE $1 || '%' AND ($2 OR role = ANY($3)) "
            "AND ('*' = ANY($4) OR project = ANY($4)) AND CASE $5 WHEN 'todo' THEN state IN ('open', 'claimed') "
            "WHEN 'done' THEN state = 'done' AND completed_by = $6 ELSE true END "
            "AND ($7::text IS NULL OR node = $7) AND ($9::text IS NULL OR business_key = $9) "
            "ORDER BY opened_at, id LIMIT $10",
            actor.region,
            overseer,
            [str(role) for role in actor.roles],
            sorted(actor.projects),
            state,
            actor.sub,
            node,
            tx.now,
            business_key,
            min(limit, 5000),
        )
    return {"work_items": [dict(row) for row in rows]}


@router.post("/work-items/{item_id}:claim")
async def claim(item_id: str, room: CurrentRoom, actor: Actor = Depends(require(ACT))) -> dict[str, str]:
    """Take an item onto one's own desk; somebody else's claim is a conflict."""
    async with room.tx(actor) as tx:
        await _admit(tx, item_id, actor)
        await tx.execute(
            "UPDATE work_item SET state = 'claimed', claimed_by = $2 WHERE id = $1", item_id, actor.sub
        )
        tx.audit("work_item.claim", f"work_item/{item_id}")
    return {"claimed": item_id}


@router.post("/work-items/{item_id}:complete", status_code=202)
async def complete(
    item_id: str, body: Completion, room: CurrentRoom, actor: Actor = Depends(require(ACT))
) -> dict[str, str]:
    """Decide one item."""
    async with room.tx(actor) as tx:
        await _complete(tx, item_id, body, actor)
    return {"accepted": item_id}


@router.post("/work-items:complete", status_code=202)
async def complete_many(
    body: ManyCompletions, room: CurrentRoom, actor: Actor = Depends(require(ACT))
) -> dict[str, Any]:
    """Decide many items; each is taken or refused on its own, with its reason."""
    results: list[dict[str, Any]] = []
    async with room.tx(actor) as tx:
        for one in body.items:
            try:
                await _complete(tx, one.id, one, actor)
                results.append({"id": one.id, "accepted": True})
            except Problem as problem:
                results.append({"id": one.id, "accepted": False, "problem": problem.body()})
    return {"results": results}


async def _complete(tx: Tx, item_id: str, body: Completion, actor: Actor) -> None:
    item = await _admit(tx, item_id, actor)
    required = await tx.fetchval(
        "SELECT manifest->'nodes'->$2->'requires'->$3 FROM project_version JOIN instance USING (version) "
        "WHERE instance.id = $1",
        item["instance_id"],
        item["node"],
        body.decision,
    )
    wrong = domain.form_problem(body.form, body.decision, item["decisions"], required or ())
    if wrong is None and any(mask.looks_like_pii(one) for one in domain.texts_of(body.form)):
        wrong = "意见中不得填写身份证号、卡号或电话 (no ID, card or phone number in a form)"
    if wrong is not None:
        raise errors.unprocessable(
            "bad-completion", "办理内容不符合要求", "the completion is not valid", wrong
        )
    await tx.execute(
        "UPDATE work_item SET state = 'completing', completed_by = $2, decision = $3 WHERE id = $1",
        item_id,
        actor.sub,
        body.decision,
    )
    tx.emit(
        CompleteWorkItem(
            business_key=item["business_key"],
            instance_id=item["instance_id"],
            work_item_id=item_id,
            actor=actor.sub,
            decision=body.decision,
            form=body.form,
        )
    )
    tx.audit("work_item.complete", f"work_item/{item_id}", node=item["node"], decision=body.decision)


async def _admit(tx: Tx, item_id: str, actor: Actor) -> dict[str, Any]:
    """Load and lock an item that this actor may act on; raises the Problem otherwise."""
    item = await tx.fetchrow("SELECT * FROM work_item WHERE id = $1 FOR UPDATE", item_id)
    if item is None or item["kind"] != "act":
        raise errors.not_found()
    if item["role"] not in {str(role) for role in actor.roles}:
        raise errors.not_found()
    done = await tx.fetch(
        "SELECT DISTINCT completed_by FROM work_item WHERE instance_id = $1 AND node = ANY($2) "
        "AND completed_by IS NOT NULL AND state = 'done'",
        item["instance_id"],
        item["others"],
    )
    authorize(actor, ACT, Resource(region=item["region"], project=item["project"], state=item["state"]))
    if actor.sub in {row["completed_by"] for row in done}:
        raise errors.forbidden("经办与审核不能为同一人 (maker and checker must differ)")
    if item["claimed_by"] not in (None, actor.sub):
        raise errors.conflict("claimed", "已由他人领取", "claimed by somebody else")
    return dict(item)

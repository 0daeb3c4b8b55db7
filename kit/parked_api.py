"""Operators look at parked messages, retry them or drop them: the same three operations in every room."""

from typing import Any

from fastapi import APIRouter, Depends, Request

from kit import errors, parking
from kit.auth import Actor, Operation, Reach, Role, Zone, guarded_router, require


def router(room: str) -> APIRouter:
    """`/api/<room>/v1/parked`, `…/parked/{number}:retry`, `…/parked/{number}:drop` for the role operator."""
    guarded = guarded_router(prefix=f"/api/{room}/v1/parked", tags=["parked"])

    def rule(verb: str) -> Operation:
        return Operation(
            f"{room}.parked_{verb}",
            roles=frozenset({Role.OPERATOR}),
            zone=Zone.OUTSIDE,
            region=Reach.NONE,
            project=False,
        )

    @guarded.get("")
    async def look(request: Request, actor: Actor = Depends(require(rule("look")))) -> dict[str, Any]:
        async with request.app.state.room.tx() as tx:
            return {"parked": await parking.listing(tx)}

    @guarded.post("/{number}:retry")
    async def retry(
        number: int, request: Request, actor: Actor = Depends(require(rule("retry")))
    ) -> dict[str, Any]:
        async with request.app.state.room.tx() as tx:
            taken = await parking.take(tx, number, "retried", actor.sub)
            if taken is None:
                raise errors.not_found()
            tx.audit("parked.retry", f"{room}/parked/{number}", actor.sub, messages=len(taken))
            await request.app.state.dispatcher.dispatch(tx, taken)
        return {"retried": len(taken)}

    @guarded.post("/{number}:drop")
    async def drop(
        number: int, request: Request, actor: Actor = Depends(require(rule("drop")))
    ) -> dict[str, Any]:
        async with request.app.state.room.tx() as tx:
            taken = await parking.take(tx, number, "dropped", actor.sub)
            if taken is None:
                raise errors.not_found()
            tx.audit("parked.drop", f"{room}/parked/{number}", actor.sub)
        return {"dropped": 1}

    return guarded

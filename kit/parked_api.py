"""Operators look at parked messages, retry them or drop them: the same three operations in every room."""

import logging
from typing import Any

from fastapi import APIRouter, Depends, Request

from kit import errors, parking
from kit.auth import Actor, Operation, Reach, Role, Zone, guarded_router, require
from kit.dispatch import UNREACHABLE, reason_of

log = logging.getLogger("daohu.parked")


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
            if not taken:
                raise errors.conflict(
                    "parked-unreadable", "消息无法读取，只能丢弃", "an unreadable message can only be dropped"
                )
            tx.audit("parked.retry", f"{room}/parked/{number}", actor.sub, messages=len(taken))
            try:
                # The message is the room's: its handlers see every region, and may COPY.
                async with tx.as_room():
                    await request.app.state.dispatcher.dispatch(tx, taken)
            except (errors.Problem, *UNREACHABLE):
                raise
            except Exception as failure:
                # Everything is rolled back: it stays parked, with those behind it.
                log.warning("parked message %d failed again: %s", number, reason_of(failure))
                raise errors.conflict(
                    "parked-again", "重试仍然失败，消息保持搁置", "it failed again and stays parked"
                ) from None
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

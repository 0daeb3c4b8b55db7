"""Agencies' routes: their agreement, their events by pull, their topic's filter, and replays."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import AwareDatetime

from kit import errors
from kit.auth import Actor, guarded_router, require
from kit.ids import new_id
from kit.service import CurrentRoom
from services.exchange.api.bodies import (
    AgreementOut,
    EventPage,
    FilterIn,
    ReplayIn,
    ReplayOut,
    SubscriptionOut,
)
from services.exchange.api.operations import PREFIX, agreement_of, count_request, for_agencies
from services.exchange.handlers.feeding import replay_events
from services.exchange.ports.pseudonyms import pseudonyms
from services.exchange.store import agreements, feeds, subscriptions
from services.exchange.store.tables import Replay

PULL = for_agencies("pull")
SUBSCRIBE = for_agencies("subscribe")
REPLAY = for_agencies("replay")

router = guarded_router(prefix=f"{PREFIX}/public", tags=["agencies"])


@router.get("/agreement")
async def own_agreement(room: CurrentRoom, actor: Annotated[Actor, Depends(require(PULL))]) -> AgreementOut:
    """What the calling agency may have, and its limits."""
    return AgreementOut.of(await count_request(room, actor, PULL))


@router.get("/events")
async def pull(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(PULL))],
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1)] = 100,
    since: AwareDatetime | None = None,
) -> EventPage:
    """Events after a position (and, with `since`, not older than that), as far as the agreement covers them today."""
    agreement = await count_request(room, actor, PULL)
    size = min(limit, agreement.page_size)
    covered = agreements.filter_of(agreement)
    async with room.tx(actor) as tx:
        rows = await feeds.read(tx, agreement.agency, after=after, limit=size, since=since)
        own = pseudonyms(room, agreement.agency)
        events = [
            own.event(row).structured()
            for row in rows
            if covered.takes(row["name"], row["project"], row["township"] or row["county"])
        ]
        end = rows[-1]["position"] if rows else after
        tx.audit(
            "exchange.pull", f"agency:{agreement.agency}", purpose=agreement.purpose, events=len(events),
            after=after, to=end,
        )  # fmt: skip
    return EventPage(events=events, next=end, more=len(rows) == size)


@router.put("/subscriptions/topic")
async def filter_topic(
    body: FilterIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(SUBSCRIBE))]
) -> SubscriptionOut:
    """Narrow what comes on the topic, from now on; never wider than the agreement (422)."""
    await count_request(room, actor, SUBSCRIBE)
    async with room.tx(actor) as tx:
        agreement = await agreement_of(tx, actor, SUBSCRIBE, lock=True)
        if not body.filter().within(agreements.filter_of(agreement)):
            raise wider()
        one = await subscriptions.of_topic(tx, agreement.agency)
        assert one is not None, "an approval opens the topic's subscription"
        await subscriptions.set_filter(tx, one.subscription_id, body.filter())
        tx.audit("exchange.filter_topic", f"agency:{agreement.agency}", types=body.types)
        one.types, one.projects, one.regions = body.types, body.projects, body.regions
    return SubscriptionOut.of(one)


@router.get("/subscriptions")
async def list_subscriptions(
    room: CurrentRoom, actor: Annotated[Actor, Depends(require(SUBSCRIBE))]
) -> list[SubscriptionOut]:
    """The agency's own subscriptions: the topic's, and its webhooks."""
    agreement = await count_request(room, actor, SUBSCRIBE)
    async with room.tx(actor) as tx:
        return [SubscriptionOut.of(one) for one in await subscriptions.of_agency(tx, agreement.agency)]


@router.post("/replays", status_code=202)
async def replay(
    body: ReplayIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(REPLAY))]
) -> ReplayOut:
    """Tell everything since then again on the topic: same ids, with `replayid`. One at a time (409)."""
    await count_request(room, actor, REPLAY)
    async with room.tx(actor) as tx:
        agreement = await agreement_of(tx, actor, REPLAY, lock=True)
        if any(one.done_at is None for one in await subscriptions.replays(tx, agreement.agency)):
            raise errors.conflict("replay-running", "上一次重放尚未完成", "the last replay is not done yet")
        one = Replay(
            replay_id=new_id(),
            agency=agreement.agency,
            since=body.since,
            asked_at=tx.wall,
            position=0,
            last_position=await feeds.last_position(tx, agreement.agency),
        )
        await tx.insert(one)
        tx.audit("exchange.replay", f"agency:{agreement.agency}", purpose=agreement.purpose, since=body.since)
        tx.wake(replay_events)
    return ReplayOut.of(one)


@router.get("/replays")
async def list_replays(
    room: CurrentRoom, actor: Annotated[Actor, Depends(require(REPLAY))]
) -> list[ReplayOut]:
    """The agency's replays, the latest first."""
    agreement = await count_request(room, actor, REPLAY)
    async with room.tx(actor) as tx:
        return [ReplayOut.of(one) for one in await subscriptions.replays(tx, agreement.agency)]


def wider() -> errors.Problem:
    """A filter that asks for more than the agreement gives."""
    return errors.unprocessable("wider-than-agreement", "超出协议范围", "wider than the agreement")

"""The webhook worker: each subscription's next events, in order, tried again ever later, then set aside."""

import asyncio
from datetime import timedelta

import orjson

from kit.clock import wall_now
from kit.crashpoint import crashpoint
from kit.db import Tx
from kit.service import Room
from services.exchange.domain import DISABLE_AFTER, SubscriptionState, pause_after
from services.exchange.handlers.base import on
from services.exchange.ports import hooks
from services.exchange.ports.pseudonyms import PublicEvent, pseudonyms
from services.exchange.ports.vault import unseal
from services.exchange.store import agreements, feeds, subscriptions
from services.exchange.store.tables import DeadLetter, Subscription

ROUND = 50
"""Most events of one webhook before the others have had their turn again."""


@on.worker(every=2.0)
async def send_webhooks(room: Room) -> bool:
    """One round over all webhooks that are due, each at its own pace."""
    async with room.tx() as tx:
        due = await subscriptions.due_hooks(tx)
    return any(await asyncio.gather(*(_round(room, one) for one in due)))


async def _round(room: Room, subscription_id: str) -> bool:
    for _ in range(ROUND):
        if not await _step(room, subscription_id):
            return False
    return True


async def _step(room: Room, subscription_id: str) -> bool:
    """The next event of one webhook. False when there is none, or it must wait.

    Who dies between the call and its record calls again, with the same `webhook-id`, by which the agency knows it.
    """
    async with room.tx() as tx:
        one = await subscriptions.find(tx, subscription_id)
        if one is None or one.state != SubscriptionState.ACTIVE:
            return False
        event, passed = await _next(tx, room, one)
        if event is None:
            if passed > one.position:
                one.position = passed
                await subscriptions.save_progress(tx, one)
            return False
    crashpoint("exchange.before_hook")
    answer = await send(room, one, event)
    crashpoint("exchange.after_hook")
    async with room.tx() as tx:
        fresh = await subscriptions.find(tx, subscription_id, lock=True)
        if fresh is None or fresh.state != SubscriptionState.ACTIVE or fresh.position != one.position:
            return False
        settle(tx, fresh, event.position, answer)
        if not answer.taken and fresh.position == event.position:
            await tx.insert(
                DeadLetter(
                    subscription_id=subscription_id,
                    position=event.position,
                    attempts=one.attempts + 1,
                    reason=answer.reason,
                    at=tx.wall,
                )
            )
            tx.audit("exchange.dead_letter", f"subscription:{subscription_id}", reason=answer.reason)
        await subscriptions.save_progress(tx, fresh)
    return fresh.next_at is None and fresh.state == SubscriptionState.ACTIVE


def settle(tx: Tx, one: Subscription, position: int, answer: hooks.Answer) -> None:
    """What an answer makes of the subscription: on, later, a dead letter, or disabled."""
    if answer.taken:
        one.position, one.attempts, one.next_at, one.dead_in_row = position, 0, None, 0
        return
    one.attempts += 1
    pause = pause_after(one.attempts)
    if pause is not None:
        one.next_at = tx.wall + timedelta(seconds=pause)
        return
    one.position, one.attempts, one.next_at = position, 0, None
    one.dead_in_row += 1
    if one.dead_in_row >= DISABLE_AFTER:
        one.state = SubscriptionState.DISABLED


async def _next(tx: Tx, room: Room, one: Subscription) -> tuple[PublicEvent | None, int]:
    """The next event that the webhook takes, as far as its agreement covers it today; and how far it looked."""
    agreement = await agreements.active(tx, one.agency)
    if agreement is None:
        return None, one.position
    filters = (subscriptions.filter_of(one), agreements.filter_of(agreement))
    after = one.position
    while rows := await feeds.read(tx, one.agency, after=after, limit=feeds.BATCH):
        for row in rows:
            place = row["township"] or row["county"]
            if all(each.takes(row["name"], row["project"], place) for each in filters):
                return pseudonyms(room, one.agency).event(row), after
            after = row["position"]
    return None, after


async def send(room: Room, one: Subscription, event: PublicEvent) -> hooks.Answer:
    """One signed call, outside any transaction; during a rotation with both secrets."""
    now = wall_now()
    assert one.secret_sealed is not None
    assert one.endpoint is not None
    sealed = [one.secret_sealed]
    if one.former_sealed is not None and one.former_until is not None and now < one.former_until:
        sealed.append(one.former_sealed)
    secrets = [unseal(room, each, one.subscription_id) for each in sealed]
    body = orjson.dumps(event.structured())
    development = room.settings.profile == "development"
    return await hooks.post(
        one.endpoint, event.id, int(now.timestamp()), body, secrets, development=development
    )

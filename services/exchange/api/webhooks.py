"""Agencies' webhooks: opened after a challenge, their secrets rotated, their dead letters looked at."""

from datetime import timedelta
from typing import Annotated

from fastapi import Depends

from kit import errors
from kit.auth import Actor, guarded_router, require
from kit.clock import wall_now
from kit.db import Tx
from kit.ids import new_id
from kit.service import CurrentRoom, Room
from services.exchange.api.bodies import DeadLetterOut, SubscriptionOut, WebhookIn
from services.exchange.api.operations import PREFIX, agreement_of, count_request, for_agencies
from services.exchange.api.public import wider
from services.exchange.domain import SECRET_OVERLAP_HOURS, Channel, SubscriptionState
from services.exchange.handlers.hooking import send, send_webhooks
from services.exchange.ports import hooks
from services.exchange.ports.pseudonyms import pseudonyms
from services.exchange.ports.vault import new_secret, seal
from services.exchange.store import agreements, feeds, subscriptions
from services.exchange.store.tables import Agreement, Subscription

HOOK = for_agencies("webhook")
MAX_WEBHOOKS = 10

router = guarded_router(prefix=f"{PREFIX}/public/subscriptions", tags=["webhooks"])
Agency = Annotated[Actor, Depends(require(HOOK))]


async def _challenge(room: Room, endpoint: str, secret: str) -> None:
    """422 with the reason unless the endpoint may be called and repeats our challenge."""
    development = room.settings.profile == "development"
    stamp = int(wall_now().timestamp())
    reason = await hooks.challenge(endpoint, secret, new_id(), stamp, development=development)
    if reason is not None:
        raise errors.unprocessable(
            "endpoint-refused", "回调地址未通过校验", "the endpoint did not pass the challenge", code=reason
        )


async def _own(tx: Tx, actor: Actor, subscription_id: str) -> tuple[Agreement, Subscription]:
    """The agency's webhook, locked; 404 for anybody else's."""
    agreement = await agreement_of(tx, actor, HOOK)
    one = await subscriptions.find(tx, subscription_id, lock=True)
    if one is None or one.agency != agreement.agency or one.channel != Channel.WEBHOOK:
        raise errors.not_found()
    if one.state == SubscriptionState.ENDED:
        raise errors.conflict("subscription-ended", "订阅已终止", "the subscription has ended")
    return agreement, one


@router.post("/webhooks", status_code=201)
async def open_webhook(body: WebhookIn, room: CurrentRoom, actor: Agency) -> SubscriptionOut:
    """Open a webhook. The answer shows its secret, once."""
    agreement = await count_request(room, actor, HOOK)
    if not body.filter().within(agreements.filter_of(agreement)):
        raise wider()
    secret, subscription_id = new_secret(), new_id()
    await _challenge(room, body.endpoint, secret)
    async with room.tx(actor) as tx:
        agreement = await agreement_of(tx, actor, HOOK, lock=True)
        known = await subscriptions.of_agency(tx, agreement.agency)
        alive = [
            one for one in known if one.channel == Channel.WEBHOOK and one.state != SubscriptionState.ENDED
        ]
        if len(alive) >= MAX_WEBHOOKS:
            raise errors.conflict(
                "too-many-webhooks", "回调数量已达上限", "too many webhooks", limit=MAX_WEBHOOKS
            )
        end = await feeds.last_position(tx, agreement.agency)
        one = Subscription(
            subscription_id=subscription_id,
            agency=agreement.agency,
            channel=Channel.WEBHOOK,
            types=body.types,
            projects=body.projects,
            regions=body.regions,
            state=SubscriptionState.ACTIVE,
            endpoint=body.endpoint,
            secret_sealed=seal(room, secret, subscription_id),
            position=end if body.after is None else min(body.after, end),
            opened_at=tx.now,
        )
        await tx.insert(one)
        tx.audit("exchange.open_webhook", f"subscription:{subscription_id}", purpose=agreement.purpose)
        tx.wake(send_webhooks)
    return SubscriptionOut.of(one, secret)


@router.post("/webhooks/{subscription_id}:rotate")
async def rotate(subscription_id: str, room: CurrentRoom, actor: Agency) -> SubscriptionOut:
    """A new secret, shown once; for a day both sign, so that nothing is lost meanwhile."""
    await count_request(room, actor, HOOK)
    secret = new_secret()
    async with room.tx(actor) as tx:
        _, one = await _own(tx, actor, subscription_id)
        one.former_sealed, one.former_until = (
            one.secret_sealed,
            tx.wall + timedelta(hours=SECRET_OVERLAP_HOURS),
        )
        one.secret_sealed = seal(room, secret, subscription_id)
        await subscriptions.save_secrets(tx, one)
        tx.audit("exchange.rotate_secret", f"subscription:{subscription_id}")
    return SubscriptionOut.of(one, secret)


@router.post("/webhooks/{subscription_id}:enable")
async def enable(subscription_id: str, room: CurrentRoom, actor: Agency) -> SubscriptionOut:
    """Go on with a disabled webhook where it stopped; dead letters stay to be fetched."""
    await count_request(room, actor, HOOK)
    async with room.tx(actor) as tx:
        _, one = await _own(tx, actor, subscription_id)
        one.state, one.attempts, one.next_at, one.dead_in_row = SubscriptionState.ACTIVE, 0, None, 0
        await subscriptions.save_progress(tx, one)
        tx.audit("exchange.enable_webhook", f"subscription:{subscription_id}")
        tx.wake(send_webhooks)
    return SubscriptionOut.of(one)


@router.post("/webhooks/{subscription_id}:end")
async def end(subscription_id: str, room: CurrentRoom, actor: Agency) -> SubscriptionOut:
    """No more calls to this endpoint."""
    await count_request(room, actor, HOOK)
    async with room.tx(actor) as tx:
        _, one = await _own(tx, actor, subscription_id)
        one.state = SubscriptionState.ENDED
        await subscriptions.save_progress(tx, one)
        tx.audit("exchange.end_webhook", f"subscription:{subscription_id}")
    return SubscriptionOut.of(one)


@router.get("/webhooks/{subscription_id}/dead-letters")
async def dead_letters(subscription_id: str, room: CurrentRoom, actor: Agency) -> list[DeadLetterOut]:
    """What the endpoint never took."""
    await count_request(room, actor, HOOK)
    async with room.tx(actor) as tx:
        await _own(tx, actor, subscription_id)
        return [DeadLetterOut.of(one) for one in await subscriptions.dead_letters(tx, subscription_id)]


@router.post("/webhooks/{subscription_id}/dead-letters/{position}:retry")
async def retry(subscription_id: str, position: int, room: CurrentRoom, actor: Agency) -> DeadLetterOut:
    """One more try at once; 502 with the reason when the endpoint still does not take it."""
    await count_request(room, actor, HOOK)
    async with room.tx(actor) as tx:
        agreement, one = await _own(tx, actor, subscription_id)
        letters = {
            letter.position: letter for letter in await subscriptions.dead_letters(tx, subscription_id)
        }
        rows = await feeds.read(tx, agreement.agency, after=position - 1, until=position, limit=1)
        covered = agreements.filter_of(agreement)
    if position not in letters or not rows:
        raise errors.not_found()
    row = rows[0]
    if not covered.takes(row["name"], row["project"], row["township"] or row["county"]):
        raise errors.not_found()
    answer = await send(room, one, pseudonyms(room, agreement.agency).event(row))
    if not answer.taken:
        raise errors.Problem(502, "endpoint-failed", "回调未成功", "the endpoint failed", code=answer.reason)
    async with room.tx(actor) as tx:
        await tx.execute(
            "UPDATE dead_letter SET delivered_at = $3 WHERE subscription_id = $1 AND position = $2",
            subscription_id,
            position,
            tx.wall,
        )
        letters[position].delivered_at = tx.wall
    return DeadLetterOut.of(letters[position])

"""Workers of the questions agencies ask: tokens from the registry, and answers to asynchronous requests."""

from datetime import timedelta

import orjson

from contracts.registry import TokensReply, TokensRequest
from kit.clock import wall_now
from kit.service import Room
from services.exchange.domain import SubscriptionState, pause_after
from services.exchange.handlers import answers
from services.exchange.handlers.base import on
from services.exchange.ports import hooks
from services.exchange.ports.pseudonyms import pseudonyms
from services.exchange.ports.vault import unseal
from services.exchange.store import agreements, subscriptions
from services.exchange.store import tokens as store
from services.exchange.store.tables import Agreement, Callback

PAGE = 2000
MOST_TRIES = 5


@on.worker(every=10.0)
async def make_tokens(room: Room) -> bool:
    """Ask the registry for the tokens of whoever came under an agreement. An outage: again later, nothing lost."""
    async with room.tx() as tx:
        open_ones = [one for one in await agreements.all_active(tx) if one.subjects_per_day]
    more = False
    for one in open_ones:
        more = await _tokens_of(room, one) or more
    return more


async def _tokens_of(room: Room, one: Agreement) -> bool:
    async with room.tx() as tx:
        lacking = await store.without(tx, one.agency, agreements.filter_of(one), PAGE)
    if not lacking:
        return False
    asked = TokensRequest(agency=one.agency, subject_ids=lacking)
    reply = await room.peers.post("registry", "/internal/v1/subjects:tokens", asked, TokensReply)
    own, made = pseudonyms(room, one.agency), {each.subject_id: each.token for each in reply.tokens}
    rows = [(subject, made.get(subject), own.of("subject", subject)) for subject in lacking]
    async with room.tx() as tx:
        # Locked: a revocation takes the agency's tokens away, and none may come after it.
        if await agreements.active(tx, one.agency, lock=True) is not None:
            await store.keep(tx, one.agency, rows)
    return len(lacking) == PAGE


@on.worker(every=3.0)
async def answer_callbacks(room: Room) -> bool:
    """Send what was asked asynchronously to the endpoint that passed its challenge, signed with its secret."""
    async with room.tx() as tx:
        due = await store.due_callbacks(tx)
    for one in due:
        await _answer(room, one)
    return bool(due)


async def _answer(room: Room, one: Callback) -> None:
    now = wall_now()
    async with room.tx() as tx:
        agreement = await agreements.active(tx, one.agency)
        hook = await subscriptions.find(tx, one.subscription_id)
        if (
            agreement is None
            or hook is None
            or hook.state != SubscriptionState.ACTIVE
            or not hook.secret_sealed
        ):
            one.state, one.reason = "failed", "no_agreement_or_endpoint"
            await store.save_callback(tx, one)
            return
        work = answers.search if one.kind == "search" else answers.resolve
        message = one.request["message"]
        covered = agreements.filter_of(agreement)
        found = await work(tx, pseudonyms(room, one.agency), covered, message[f"{one.kind}_request"], now)
        secret = unseal(room, hook.secret_sealed, hook.subscription_id)
    body = {
        "signature": "",
        "header": answers.header(one.request["header"], f"on-{one.kind}", now, len(found)),
        "message": {
            "transaction_id": message["transaction_id"],
            "correlation_id": one.correlation_id,
            f"{one.kind}_response": found,
        },
    }
    answer = await hooks.post(
        one.uri, one.correlation_id, int(now.timestamp()), orjson.dumps(body), [secret],
        development=room.settings.profile == "development",
    )  # fmt: skip
    async with room.tx() as tx:
        one.attempts += 1
        pause = pause_after(one.attempts) if one.attempts < MOST_TRIES else None
        if answer.taken:
            one.state, one.reason = "delivered", None
        elif pause is None:
            one.state, one.reason = "failed", answer.reason
        else:
            one.next_at, one.reason = tx.wall + timedelta(seconds=pause), answer.reason
        await store.save_callback(tx, one)

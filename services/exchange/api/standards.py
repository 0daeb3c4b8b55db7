"""Bulk questions after published standards: SPDCI registry search, G2P Connect mapper resolve; at once or called back.

The bodies are the standards' own, so they are read as they come; what is wrong with a message is told in its terms.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kit import errors
from kit.auth import Actor, guarded_router, require
from kit.clock import wall_now
from kit.db import Tx
from kit.ids import new_id
from kit.service import CurrentRoom, Room
from services.exchange.api.operations import PREFIX, agreement_of, count_request, count_subjects, for_agencies
from services.exchange.domain import Channel, Filter, SubscriptionState
from services.exchange.handlers import answers
from services.exchange.handlers.tokens import answer_callbacks
from services.exchange.ports.pseudonyms import Pseudonyms, pseudonyms
from services.exchange.store import agreements, subscriptions
from services.exchange.store.tables import Agreement, Callback, Subscription

SEARCH = for_agencies("search")
RESOLVE = for_agencies("resolve")
MAX_CLOCK_DIFFERENCE = timedelta(minutes=15)

router = guarded_router(prefix=PREFIX, tags=["standards"])
Work = Callable[
    [Tx, Pseudonyms, Filter, Sequence[Mapping[str, Any]], datetime], Awaitable[list[dict[str, Any]]]
]
Text = Annotated[str, Field(max_length=99)]


class Asked(BaseModel):
    """What every request's header must have; further members are the standard's, and left alone."""

    model_config = ConfigDict(extra="allow")

    version: str = answers.VERSION
    message_id: Text
    message_ts: AwareDatetime
    action: Text
    sender_id: Text
    total_count: int
    is_msg_encrypted: bool = False
    sender_uri: Annotated[str, Field(max_length=500)] | None = None


class Item(BaseModel):
    """One person asked about."""

    model_config = ConfigDict(extra="allow")

    reference_id: Text
    timestamp: AwareDatetime


class SearchItem(Item):
    """SPDCI: `search_criteria` with `query_type` idtype-value, `query` {type: TOKEN | SUBJECT, value}."""

    search_criteria: dict[str, Any]


class ResolveItem(Item):
    """G2P Connect: `id` is a token, `<hex>@<key>` or as a whole; `scope` yes_no alone."""

    id: Annotated[str, Field(max_length=200)] | None = None
    scope: str = "yes_no"


class SearchMessage(BaseModel):
    """SPDCI's search message."""

    model_config = ConfigDict(extra="allow")

    transaction_id: Text
    search_request: Annotated[list[SearchItem], Field(min_length=1)]


class ResolveMessage(BaseModel):
    """G2P Connect's resolve message."""

    model_config = ConfigDict(extra="allow")

    transaction_id: Text
    resolve_request: Annotated[list[ResolveItem], Field(min_length=1)]


class SearchRequest(BaseModel):
    """`POST /registry/search` of SPDCI's registry core API 1.0.0."""

    model_config = ConfigDict(extra="allow")

    header: Asked
    message: SearchMessage


class ResolveRequest(BaseModel):
    """`POST /mapper/resolve` of G2P Connect's mapper core API 1.0.0."""

    model_config = ConfigDict(extra="allow")

    header: Asked
    message: ResolveMessage


def _refusal(asked: Asked, kinds: tuple[str, ...], count: int, agreement: Agreement) -> str | None:
    """What the standards call the reason to refuse the whole message."""
    if asked.sender_id != agreement.agency:
        raise errors.forbidden("sender_id 与令牌不符 (sender_id is not the token's agency)")
    if asked.version != answers.VERSION:
        return "rjct.version.invalid"
    if abs(asked.message_ts - wall_now()) > MAX_CLOCK_DIFFERENCE:
        return "rjct.message_ts.invalid"
    if asked.action not in kinds or asked.is_msg_encrypted:
        return "rjct.action.not_supported"
    if asked.total_count != count:
        return "rjct.total_count.invalid"
    if count > agreement.page_size:
        return "rjct.total_count.limit_exceeded"
    return None


async def _now(
    room: Room, actor: Actor, operation: Any, kind: str, body: SearchRequest | ResolveRequest,
    items: Sequence[Item], actions: tuple[str, ...], work: Work,
) -> dict[str, Any]:  # fmt: skip
    """Answer at once."""
    agreement = await count_request(room, actor, operation)
    now = wall_now()
    asked = body.header.model_dump(mode="json")
    code = _refusal(body.header, actions, len(items), agreement)
    if code:
        return {"signature": "", "header": answers.header(asked, f"on-{kind}", now, len(items), code)}
    async with room.tx(actor) as tx:
        agreement = await agreement_of(tx, actor, operation)
        await count_subjects(tx, agreement, len(items))
        own, covered = pseudonyms(room, agreement.agency), agreements.filter_of(agreement)
        found = await work(tx, own, covered, [one.model_dump(mode="json") for one in items], now)
        tx.audit(
            operation.name, f"agency:{agreement.agency}", purpose=agreement.purpose, asked=len(items),
            answered=sum(one["status"] == "succ" for one in found), transaction=body.message.transaction_id,
        )  # fmt: skip
    return {
        "signature": "",
        "header": answers.header(asked, f"on-{kind}", now, len(found)),
        "message": {
            "transaction_id": body.message.transaction_id,
            "correlation_id": new_id(),
            f"{kind}_response": found,
        },
    }


@router.post("/registry/sync/search")
async def search_now(
    body: SearchRequest, room: CurrentRoom, actor: Annotated[Actor, Depends(require(SEARCH))]
) -> dict[str, Any]:
    """How these persons are enrolled, as far as the agreement covers it."""
    items = body.message.search_request
    return await _now(room, actor, SEARCH, "search", body, items, ("search",), answers.search)


@router.post("/mapper/sync/resolve")
async def resolve_now(
    body: ResolveRequest, room: CurrentRoom, actor: Annotated[Actor, Depends(require(RESOLVE))]
) -> dict[str, Any]:
    """Whether these persons draw a subsidy. The published document says `link` for the action; both are taken."""
    items = body.message.resolve_request
    return await _now(room, actor, RESOLVE, "resolve", body, items, ("resolve", "link"), answers.resolve)


@router.post("/registry/search")
async def search_later(
    body: SearchRequest, room: CurrentRoom, actor: Annotated[Actor, Depends(require(SEARCH))]
) -> dict[str, Any]:
    """Take the question; the answer is posted to `sender_uri`/registry/on-search."""
    return await _later(room, actor, SEARCH, "search", "registry", body, body.message.search_request)


@router.post("/mapper/resolve")
async def resolve_later(
    body: ResolveRequest, room: CurrentRoom, actor: Annotated[Actor, Depends(require(RESOLVE))]
) -> dict[str, Any]:
    """Take the question; the answer is posted to `sender_uri`/mapper/on-resolve."""
    return await _later(room, actor, RESOLVE, "resolve", "mapper", body, body.message.resolve_request)


async def _later(
    room: Room, actor: Actor, operation: Any, kind: str, family: str, body: SearchRequest | ResolveRequest,
    items: Sequence[Item],
) -> dict[str, Any]:  # fmt: skip
    """ACK, or NACK with the standard's error. Answers go only where one of the agency's webhooks lives."""
    agreement = await count_request(room, actor, operation)
    refused = _refusal(body.header, (kind,), len(items), agreement)
    correlation_id = new_id()
    if refused:
        return _ack(correlation_id, "err.request.bad", refused)
    async with room.tx(actor) as tx:
        agreement = await agreement_of(tx, actor, operation, lock=True)
        hook = _same_place(body.header.sender_uri, await subscriptions.of_agency(tx, agreement.agency))
        if hook is None or body.header.sender_uri is None:
            return _ack(
                correlation_id, "err.sender_uri.invalid", "sender_uri: no open webhook at this origin"
            )
        await count_subjects(tx, agreement, len(items))
        await tx.insert(
            Callback(
                correlation_id=correlation_id,
                agency=agreement.agency,
                subscription_id=hook.subscription_id,
                uri=f"{body.header.sender_uri.rstrip('/')}/{family}/on-{kind}",
                kind=kind,
                request=body.model_dump(mode="json"),
                asked_at=tx.wall,
            )
        )
        tx.audit(
            operation.name, f"agency:{agreement.agency}", purpose=agreement.purpose, asked=len(items),
            transaction=body.message.transaction_id, correlation=correlation_id,
        )  # fmt: skip
        tx.wake(answer_callbacks)
    return _ack(correlation_id)


def _ack(correlation_id: str, code: str | None = None, message: str = "") -> dict[str, Any]:
    error = {"error": {"code": code, "message": message}} if code else {}
    return {
        "message": {
            "ack_status": "NACK" if code else "ACK",
            "timestamp": answers.stamp(wall_now()),
            "correlation_id": correlation_id,
            **error,
        }
    }


def _same_place(uri: str | None, known: Sequence[Subscription]) -> Subscription | None:
    """The open webhook at the same origin: it passed the challenge, and its secret signs the answer."""
    if uri is None:
        return None
    wanted = urlsplit(uri)
    for one in known:
        if one.channel == Channel.WEBHOOK and one.state == SubscriptionState.ACTIVE and one.endpoint:
            has = urlsplit(one.endpoint)
            if (has.scheme, has.netloc) == (wanted.scheme, wanted.netloc) and not wanted.query:
                return one
    return None

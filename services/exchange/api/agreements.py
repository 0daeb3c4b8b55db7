"""Operators' routes: who the agencies are, and what each may have. Opened by one, approved by another."""

from typing import Annotated

from fastapi import Depends

from contracts.public import topic_of_agency
from kit import errors
from kit.auth import Actor, Operation, Resource, authorize, guarded_router, require
from kit.crypto import KeyMissing
from kit.db import Tx
from kit.ids import new_id
from kit.service import CurrentRoom
from services.exchange.api.bodies import AgencyIn, AgreementIn, AgreementOut, ReasonIn
from services.exchange.api.operations import DECIDE, NAME, OPEN, PREFIX, READ, REVOKE
from services.exchange.domain import AgreementState, Channel, SubscriptionState
from services.exchange.handlers.access import keep_acls
from services.exchange.handlers.feeding import feed_agencies
from services.exchange.ports.pseudonyms import pseudonyms
from services.exchange.store import agreements, feeds
from services.exchange.store.tables import Agency, Agreement, Subscription

router = guarded_router(prefix=PREFIX, tags=["agreements"])


def _reach(
    actor: Actor, operation: Operation, one: Agreement | AgreementIn, state: str | None = None
) -> None:
    """All of the agreement's regions and projects must be the operator's."""
    acted = frozenset({one.opened_by}) if isinstance(one, Agreement) else frozenset[str]()
    for region in one.regions:
        for project in one.projects:
            place = Resource(region=region, project=project, state=state, acted_by=acted)
            authorize(actor, operation, place)


async def _load(tx: Tx, agreement_id: str, actor: Actor, operation: Operation) -> Agreement:
    one = await agreements.find(tx, agreement_id, lock=True)
    if one is None:
        raise errors.not_found()
    _reach(actor, operation, one, one.state)
    return one


@router.post("/agencies", status_code=201)
async def name_agency(
    body: AgencyIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(NAME))]
) -> AgencyIn:
    """Enter an agency; the same again changes nothing, other facts under a known code are a 409."""
    async with room.tx(actor) as tx:
        authorize(actor, NAME, Resource())
        known = await agreements.agency(tx, body.code)
        if known is None:
            await tx.insert(Agency(**body.model_dump(), created_at=tx.now, created_by=actor.sub))
            tx.audit("exchange.name_agency", f"agency:{body.code}")
        elif AgencyIn(**known.model_dump(include=set(AgencyIn.model_fields))) != body:
            raise errors.conflict("agency-known", "该机构代码已登记", "this agency code is taken")
    return body


@router.get("/agencies")
async def list_agencies(room: CurrentRoom, actor: Annotated[Actor, Depends(require(NAME))]) -> list[AgencyIn]:
    """All agencies."""
    async with room.tx(actor) as tx:
        authorize(actor, NAME, Resource())
        found = await agreements.agencies(tx)
    return [AgencyIn(**one.model_dump(include=set(AgencyIn.model_fields))) for one in found]


@router.post("/agencies/{code}/agreements", status_code=201)
async def open_agreement(
    code: str, body: AgreementIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(OPEN))]
) -> AgreementOut:
    """Propose an agreement; another operator decides."""
    _reach(actor, OPEN, body)
    if body.valid_to is not None and body.valid_to < body.valid_from:
        raise errors.unprocessable("valid-to", "截止日期早于起始日期", "valid_to is before valid_from")
    async with room.tx(actor) as tx:
        if await agreements.agency(tx, code) is None:
            raise errors.not_found()
        if any(agreements.decidable(one) for one in await agreements.listed(tx, code)):
            raise errors.conflict(
                "already-proposed", "已有待审批的协议", "an agreement already waits for a decision"
            )
        one = Agreement(
            agreement_id=new_id(),
            agency=code,
            **body.model_dump(),
            state=AgreementState.PROPOSED,
            opened_by=actor.sub,
            opened_at=tx.now,
        )
        await tx.insert(one)
        tx.audit(
            "exchange.open_agreement", f"agreement:{one.agreement_id}", agency=code, purpose=one.purpose,
            types=one.types, projects=one.projects, regions=one.regions,
        )  # fmt: skip
    return AgreementOut.of(one)


@router.get("/agreements")
async def list_agreements(
    room: CurrentRoom, actor: Annotated[Actor, Depends(require(READ))], agency: str | None = None
) -> list[AgreementOut]:
    """The agreements that lie wholly in the operator's region."""
    async with room.tx(actor) as tx:
        found = await agreements.listed(tx, agency)
    shown = []
    for one in found:
        try:
            _reach(actor, READ, one)
        except errors.Problem:
            continue
        shown.append(AgreementOut.of(one))
    return shown


@router.post("/agreements/{agreement_id}:approve")
async def approve(
    agreement_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(DECIDE))]
) -> AgreementOut:
    """Put it in force: the agency's topic begins to fill, from `valid_from` on. A second approval is a 409."""
    async with room.tx(actor) as tx:
        one = await _load(tx, agreement_id, actor, DECIDE)
        if any(other.state == AgreementState.ACTIVE for other in await agreements.listed(tx, one.agency)):
            raise errors.conflict(
                "already-active", "该机构已有生效协议，请先撤销", "revoke the agreement in force first"
            )
        try:
            pseudonyms(room, one.agency)
        except KeyMissing:
            raise errors.conflict(
                "key-missing",
                "密钥目录中没有该机构的假名密钥",
                "the key folder has no pseudonym key of this agency",
            ) from None
        one.state, one.decided_by, one.decided_at = AgreementState.ACTIVE, actor.sub, tx.now
        await agreements.save_decision(tx, one)
        await tx.insert(
            Subscription(
                subscription_id=new_id(),
                agency=one.agency,
                channel=Channel.TOPIC,
                types=one.types,
                projects=one.projects,
                regions=one.regions,
                state=SubscriptionState.ACTIVE,
                position=await feeds.last_position(tx, one.agency),
                opened_at=tx.now,
            )
        )
        tx.audit("exchange.approve_agreement", f"agreement:{agreement_id}", agency=one.agency)
        tx.wake(feed_agencies)
        tx.wake(keep_acls)
    return AgreementOut.of(one)


@router.post("/agreements/{agreement_id}:refuse")
async def refuse(
    agreement_id: str, body: ReasonIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(DECIDE))]
) -> AgreementOut:
    """Not to be."""
    async with room.tx(actor) as tx:
        one = await _load(tx, agreement_id, actor, DECIDE)
        one.state, one.decided_by, one.decided_at = AgreementState.REFUSED, actor.sub, tx.now
        one.reason = body.reason
        await agreements.save_decision(tx, one)
        tx.audit("exchange.refuse_agreement", f"agreement:{agreement_id}", agency=one.agency)
    return AgreementOut.of(one)


@router.post("/agreements/{agreement_id}:revoke")
async def revoke(
    agreement_id: str, body: ReasonIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(REVOKE))]
) -> AgreementOut:
    """At once: requests are refused, subscriptions end, and what has not left yet is taken back."""
    async with room.tx(actor) as tx:
        one = await _load(tx, agreement_id, actor, REVOKE)
        was_active = one.state == AgreementState.ACTIVE
        one.state, one.revoked_by, one.revoked_at = AgreementState.REVOKED, actor.sub, tx.now
        one.reason = body.reason
        await agreements.save_decision(tx, one)
        taken = await agreements.silence(tx, one.agency, topic_of_agency(one.agency)) if was_active else 0
        tx.wake(keep_acls)
        tx.audit(
            "exchange.revoke_agreement", f"agreement:{agreement_id}", agency=one.agency, taken_back=taken
        )
    return AgreementOut.of(one)

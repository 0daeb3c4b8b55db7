"""For other rooms, with their service tokens: resolve in bulk, and read just what each room's work needs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends

from contracts.registry import (
    AccountsPut,
    AccountsReply,
    AccountsStored,
    BlindIndexReply,
    BlindIndexRequest,
    HouseholdsReply,
    HouseholdsResolve,
    IdentitiesReply,
    NamesReply,
    PayeesCheck,
    PayeesReply,
    ProfilesReply,
    ResolveReply,
    ResolveRequest,
    SubjectsRequest,
    SubjectToken,
    TokensReply,
    TokensRequest,
)
from kit import errors
from kit.auth import Actor, Operation, Reach, Zone, guarded_router, require
from kit.crypto import KeyMissing
from kit.db import Tx
from kit.idnumber import IdNumber, normalise
from kit.service import CurrentRoom
from services.registry.domain import ALLOWED_ROOMS, RoomOperation
from services.registry.ports import AgencyTokens, vault_of
from services.registry.store import households, mandates, persons, reads

MOST_PERSONS = 5000
"""Most persons in one call: bounds memory and the length of a transaction."""

router = guarded_router(prefix="/internal/v1", tags=["rooms"])


def _for(operation: RoomOperation) -> Any:
    return Depends(
        require(
            Operation(
                operation.value,
                rooms=ALLOWED_ROOMS[operation],
                zone=Zone.OUTSIDE,
                crosses=True,
                region=Reach.NONE,
                project=False,
            )
        )
    )


def _bounded(items: Sequence[object]) -> None:
    if len(items) > MOST_PERSONS:
        raise errors.too_large(f"每次最多 {MOST_PERSONS} 人 (at most {MOST_PERSONS} persons a call)")


@router.post("/persons:resolve")
async def resolve(
    body: ResolveRequest, room: CurrentRoom, actor: Annotated[Actor, _for(RoomOperation.RESOLVE)]
) -> ResolveReply:
    """One subject per person, created where missing; unusable ones come back with their problem."""
    _bounded(body.persons)
    async with room.tx() as tx:
        answers = await persons.resolve(tx, vault_of(room), body.persons, only_subject=body.only_subject)
        subject_ids = [one.subject_id for one in answers if one.subject_id]
        reads.audit_read(tx, RoomOperation.RESOLVE, actor.sub, "resolve", subject_ids, len(subject_ids))
    return ResolveReply(persons=answers)


@router.post("/households:resolve")
async def resolve_households(
    body: HouseholdsResolve, room: CurrentRoom, actor: Annotated[Actor, _for(RoomOperation.HOUSEHOLDS)]
) -> HouseholdsReply:
    """One beneficiary per household, formed where missing; who joins or leaves later needs two people."""
    _bounded(body.households)
    async with room.tx() as tx:
        answers = await households.resolve(tx, body.households)
        found = [one.subject_id for one in answers if one.subject_id]
        reads.audit_read(tx, RoomOperation.HOUSEHOLDS, actor.sub, "resolve", found, len(found))
    return HouseholdsReply(households=answers)


@router.post("/payees:check")
async def check_payees(
    body: PayeesCheck, room: CurrentRoom, actor: Annotated[Actor, _for(RoomOperation.CHECK_PAYEES)]
) -> PayeesReply:
    """R12: who may receive whose money on a day. No person's data is read."""
    _bounded(body.pairs)
    async with room.tx() as tx:
        return PayeesReply(authorised=await mandates.authorised(tx, body.project, body.on, body.pairs))


@router.post("/subjects:profiles")
async def profiles(
    body: SubjectsRequest, room: CurrentRoom, actor: Annotated[Actor, _for(RoomOperation.PROFILES)]
) -> ProfilesReply:
    """Birth date, gender, blind index."""
    _bounded(body.subject_ids)
    async with room.tx() as tx:
        found = await reads.profiles(tx, vault_of(room), body)
        _log(tx, RoomOperation.PROFILES, actor, body, found)
    return ProfilesReply(profiles=found)


@router.post("/subjects:identities")
async def identities(
    body: SubjectsRequest, room: CurrentRoom, actor: Annotated[Actor, _for(RoomOperation.IDENTITIES)]
) -> IdentitiesReply:
    """Whole numbers and names, for the card agency alone (M18)."""
    _bounded(body.subject_ids)
    async with room.tx() as tx:
        found = await reads.identities(tx, vault_of(room), body)
        _log(tx, RoomOperation.IDENTITIES, actor, body, found)
    return IdentitiesReply(identities=found)


@router.post("/subjects:tokens")
async def tokens(
    body: TokensRequest, room: CurrentRoom, actor: Annotated[Actor, _for(RoomOperation.TOKENS)]
) -> TokensReply:
    """An agency's keyed tokens, for exchange alone. 409 where the agency has no token key."""
    _bounded(body.subject_ids)
    try:
        own = AgencyTokens(Path(room.settings.key_dir), body.agency)
    except (KeyMissing, ValueError):
        raise errors.conflict("key-missing", "没有该机构的令牌密钥", "no token key of this agency") from None
    async with room.tx() as tx:
        found = await reads.numbers(tx, vault_of(room), body.subject_ids)
        reads.audit_read(
            tx, RoomOperation.TOKENS, actor.sub, f"agency:{body.agency}", body.subject_ids, len(found)
        )
    return TokensReply(
        tokens=[SubjectToken(subject_id=one, token=own.of(number)) for one, number in found.items()]
    )


@router.post("/subjects:names")
async def names(
    body: SubjectsRequest, room: CurrentRoom, actor: Annotated[Actor, _for(RoomOperation.NAMES)]
) -> NamesReply:
    """Names for notices and lists."""
    _bounded(body.subject_ids)
    async with room.tx() as tx:
        found = await reads.names(tx, vault_of(room), body)
        _log(tx, RoomOperation.NAMES, actor, body, found)
    return NamesReply(names=found)


@router.post("/subjects:accounts")
async def accounts(
    body: SubjectsRequest, room: CurrentRoom, actor: Annotated[Actor, _for(RoomOperation.READ_ACCOUNTS)]
) -> AccountsReply:
    """Accounts for the bank file."""
    _bounded(body.subject_ids)
    async with room.tx() as tx:
        found = await reads.accounts(tx, vault_of(room), body)
        _log(tx, RoomOperation.READ_ACCOUNTS, actor, body, found)
    return AccountsReply(accounts=found)


@router.post("/accounts:put")
async def put_accounts(
    body: AccountsPut, room: CurrentRoom, actor: Annotated[Actor, _for(RoomOperation.PUT_ACCOUNTS)]
) -> AccountsStored:
    """Store what the card agency answered; the same call again changes nothing."""
    _bounded(body.accounts)
    async with room.tx() as tx:
        stored = await reads.put_accounts(tx, vault_of(room), body.accounts)
        asked = [one.subject_id for one in body.accounts]
        reads.audit_read(tx, RoomOperation.PUT_ACCOUNTS, actor.sub, "card_matching", asked, stored)
    return AccountsStored(stored=stored)


@router.post("/blind-indexes")
async def blind_indexes(
    body: BlindIndexRequest, room: CurrentRoom, actor: Annotated[Actor, _for(RoomOperation.BLIND_INDEXES)]
) -> BlindIndexReply:
    """Keyed indexes for reference data; the numbers are not stored (decisions §7)."""
    _bounded(body.id_nos)
    vault = vault_of(room)
    read = [normalise(text) for text in body.id_nos]
    found = [vault.blind_index(one.number) if isinstance(one, IdNumber) else None for one in read]
    async with room.tx() as tx:
        known = [one for one in found if one]
        reads.audit_read(tx, RoomOperation.BLIND_INDEXES, actor.sub, "verification", known, len(known))
    return BlindIndexReply(blind_indexes=found)


def _log(
    tx: Tx, operation: RoomOperation, actor: Actor, asked: SubjectsRequest, found: Sequence[object]
) -> None:
    reads.audit_read(tx, operation, actor.sub, asked.purpose.value, asked.subject_ids, len(found))

"""The outside of the room: the registry that resolves persons, and the keys that sign and seal."""

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from contracts.registry import (
    HouseholdIn,
    HouseholdResolved,
    HouseholdsReply,
    HouseholdsResolve,
    PersonIn,
    Resolved,
    ResolveReply,
    ResolveRequest,
)
from kit.crypto import KeyRing, Provider, configured
from kit.keyring import KEY_DIR_VARIABLE
from kit.service import Room
from kit.signing import Signer

RESOLVE_AT_ONCE = 5_000
"""Persons per call to the registry."""
ROSTER_KEEP_DAYS = 90
"""Days that the sealed roster is kept, to answer questions about the import; then it is deleted (§7)."""


async def resolve(room: Room, persons: Sequence[PersonIn]) -> dict[str, Resolved]:
    """Subject ids (or problems) by `ref`. Raises Problem 503 when the registry is down: nothing is stored."""
    found: dict[str, Resolved] = {}
    for start in range(0, len(persons), RESOLVE_AT_ONCE):
        request = ResolveRequest(persons=list(persons[start : start + RESOLVE_AT_ONCE]))
        reply = await room.peers.post("registry", "/internal/v1/persons:resolve", request, ResolveReply)
        found |= {one.ref: one for one in reply.persons}
    return found


async def households(room: Room, asked: Sequence[HouseholdIn]) -> dict[str, HouseholdResolved]:
    """Households by `ref`, formed where missing. Raises Problem 503 when the registry is down."""
    found: dict[str, HouseholdResolved] = {}
    for start in range(0, len(asked), RESOLVE_AT_ONCE):
        request = HouseholdsResolve(households=list(asked[start : start + RESOLVE_AT_ONCE]))
        reply = await room.peers.post("registry", "/internal/v1/households:resolve", request, HouseholdsReply)
        found |= {one.ref: one for one in reply.households}
    return found


def signer() -> Signer:
    """The room's signing key for manifests. Raises KeyMissing outside development where there is none."""
    return _signer(os.environ.get(KEY_DIR_VARIABLE, ""))


def sealer() -> Provider:
    """Seals uploaded files under the room's `file` key."""
    return _sealer(os.environ.get(KEY_DIR_VARIABLE, ""))


@lru_cache(maxsize=4)
def _signer(key_dir: str) -> Signer:
    return Signer(Path(key_dir), "manifest")


@lru_cache(maxsize=4)
def _sealer(key_dir: str) -> Provider:
    return Provider(configured(), KeyRing.from_dir(Path(key_dir), ("file",)))

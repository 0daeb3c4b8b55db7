"""For officials who must verify a person: the name and a masked number; the whole number when revealed."""

from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel, ConfigDict

from contracts.registry import Purpose
from kit import errors
from kit.auth import Actor, Operation, Reach, Resource, Role, Zone, decide, guarded_router, require
from kit.db import Tx
from kit.mask import mask_id
from kit.service import CurrentRoom
from services.registry.ports import Vault, vault_of
from services.registry.store import reads
from services.registry.store.content import Content

OFFICIALS = frozenset(
    {
        Role.TOWNSHIP_HANDLER,
        Role.TOWNSHIP_REVIEWER,
        Role.COUNTY_HANDLER,
        Role.COUNTY_REVIEWER,
        Role.FINANCE_REVIEWER,
    }
)
LOOK = Operation(
    "registry.look_at_person",
    roles=OFFICIALS,
    zone=Zone.OUTSIDE,
    crosses=True,
    region=Reach.COVERS,
    project=False,
)
REVEAL = Operation(
    "registry.reveal_number",
    roles=OFFICIALS,
    zone=Zone.OUTSIDE,
    crosses=True,
    region=Reach.COVERS,
    project=False,
)

router = guarded_router(prefix="/api/registry/v1", tags=["persons"])


class PersonOut(BaseModel):
    """What an official sees of a person; the number is masked."""

    subject_id: str
    name: str
    id_no_masked: str


class Reveal(BaseModel):
    """Why the whole number is needed; a code, so that the log can be counted."""

    model_config = ConfigDict(extra="forbid")

    purpose: Purpose


class Revealed(BaseModel):
    """The whole number."""

    subject_id: str
    id_no: str


@router.get("/persons/{subject_id}")
async def look(
    subject_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(LOOK))]
) -> PersonOut:
    """A person of the official's region: full name, masked number. The look is logged."""
    async with room.tx() as tx:
        content = await _seen_by(tx, actor, LOOK, subject_id, vault_of(room))
        tx.audit(LOOK.name, f"subject:{subject_id}", actor.sub, purpose=Purpose.OFFICIAL_REVIEW.value)
    return PersonOut(subject_id=subject_id, name=content.name, id_no_masked=mask_id(content.number))


@router.post("/persons/{subject_id}:reveal")
async def reveal(
    subject_id: str, body: Reveal, room: CurrentRoom, actor: Annotated[Actor, Depends(require(REVEAL))]
) -> Revealed:
    """The whole number, logged with its purpose before it is shown."""
    async with room.tx() as tx:
        content = await _seen_by(tx, actor, REVEAL, subject_id, vault_of(room))
        tx.audit(REVEAL.name, f"subject:{subject_id}", actor.sub, purpose=body.purpose.value)
    return Revealed(subject_id=subject_id, id_no=content.number)


async def _seen_by(tx: Tx, actor: Actor, operation: Operation, subject_id: str, vault: Vault) -> Content:
    """The person, if one of its townships lies in the actor's region; else 404, as if there were none."""
    townships = await reads.seen_from(tx, subject_id)
    if not any(decide(actor, operation, Resource(region=township)).allowed for township in townships):
        raise errors.not_found()
    found = await reads.open_persons(tx, vault, [subject_id])
    if not found:
        raise errors.not_found()
    return found[0][1]

"""Looking at households and payees: officials of the region."""

from datetime import date
from typing import Annotated

from fastapi import Depends

from kit import errors
from kit.auth import Actor, Operation, Reach, Resource, Role, Zone, authorize, decide, guarded_router, require
from kit.service import CurrentRoom
from services.registry.api.bodies import HouseholdOut, PayeeOut
from services.registry.api.officials import OFFICIALS
from services.registry.store import households, mandates, reads

_READERS = OFFICIALS | {Role.SURVEY_WORKER}
LOOK = Operation(
    "registry.look_at_household",
    roles=_READERS,
    zone=Zone.OUTSIDE,
    crosses=True,
    region=Reach.COVERS,
    project=False,
)
PAYEE = Operation(
    "registry.look_at_payee",
    roles=_READERS,
    zone=Zone.OUTSIDE,
    crosses=True,
    region=Reach.COVERS,
    project=False,
)

router = guarded_router(prefix="/api/registry/v1", tags=["households"])


@router.get("/households/{household_id}")
async def household(
    household_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(LOOK))]
) -> HouseholdOut:
    """A household by its own id, or by its id as a beneficiary."""
    async with room.tx() as tx:
        found = await households.homes(tx, [household_id])
        if not found:
            raise errors.not_found()
        [home] = found
        authorize(actor, LOOK, Resource(region=home.township))
        tx.audit(LOOK.name, f"household:{home.household_id}", actor.sub)
    return HouseholdOut(
        household_id=home.household_id,
        subject_id=home.subject_id,
        township=home.township,
        head_id=home.head_id,
        member_ids=sorted(home.members),
        rev=home.rev,
    )


@router.get("/persons/{subject_id}/payee")
async def payee(
    subject_id: str,
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(PAYEE))],
    project: str | None = None,
    on: date | None = None,
) -> PayeeOut:
    """Who is paid for a person or household, today or on a day."""
    async with room.tx() as tx:
        townships = await reads.seen_from(tx, subject_id)
        if not any(decide(actor, PAYEE, Resource(region=township)).allowed for township in townships):
            raise errors.not_found()
        found = await mandates.payee(tx, subject_id, project, on or tx.today)
    return PayeeOut(
        subject_id=subject_id,
        payee_id=found.payee_id,
        basis=found.basis,
        valid_from=found.valid_from,
        valid_to=found.valid_to,
    )

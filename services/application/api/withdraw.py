"""撤回: the applicant takes an application back before a slice has taken it."""

from typing import Annotated

from fastapi import Depends

from contracts.application import ApplicationWithdrawn
from kit import errors
from kit.auth import Actor, Operation, Resource, Role, Zone, authorize, guarded_router, require
from kit.service import CurrentRoom
from services.application.api.bodies import WithdrawnOut
from services.application.domain import ApplicationState
from services.application.store import applications

WITHDRAW = Operation(
    "application.withdraw",
    roles=frozenset({Role.CITIZEN, Role.TOWNSHIP_HANDLER}),
    zone=Zone.OUTSIDE,
    states=frozenset({"listed"}),
)

router = guarded_router(prefix="/api/application/v1", tags=["submit"])


@router.post("/applications/{application_id}:withdraw")
async def withdraw(
    application_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(WITHDRAW))]
) -> WithdrawnOut:
    """The citizen for themselves, or the township's counter on their behalf. They may apply again."""
    async with room.tx(actor) as tx:
        row = await applications.one(tx, application_id, for_update=True)
        if row is None:
            raise errors.not_found()
        seen = Resource(
            region=row["township"], project=row["project"], subject_id=row["subject_id"], state=row["state"]
        )
        authorize(actor, WITHDRAW, seen)
        if await applications.taken(tx, application_id):
            raise errors.conflict(
                "already-taken", "已纳入批次，不能撤回", "a batch has taken this application"
            )
        await applications.set_state(tx, application_id, ApplicationState.WITHDRAWN)
        tx.emit(
            ApplicationWithdrawn(
                application_id=application_id, project=row["project"], township=row["township"]
            )
        )
        tx.audit("application.withdraw", f"application:{application_id}", project=row["project"])
    return WithdrawnOut(application_id=application_id, state=ApplicationState.WITHDRAWN.value)

"""An application's proof for the evidence pack: what was asked for, and the consent given with it (M2)."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends
from pydantic import BaseModel

from kit import errors
from kit.auth import Actor, Operation, Resource, Role, Zone, authorize, guarded_router, require
from kit.service import CurrentRoom
from services.application.store import applications

PROVE = Operation(
    "application.prove",
    roles=frozenset({Role.COUNTY_HANDLER, Role.COUNTY_REVIEWER, Role.DISCIPLINE}),
    zone=Zone.OUTSIDE,
    crosses=True,
)

router = guarded_router(prefix="/api/application/v1", tags=["view"])


class ConsentProof(BaseModel):
    """Which wording was agreed to, by whom, when; text and signature as digests."""

    version: str
    text_digest: str
    signature_digest: str
    given_by: str
    at: datetime


class ApplicationProof(BaseModel):
    """`consent` is null for rows of a roster: the township keeps the signed paper, `roster_id` names the file."""

    application_id: str
    receipt: str
    project: str
    project_version: str | None
    township: str
    village: str | None
    subject_id: str
    category: str
    channel: str
    form: dict[str, Any]
    submitted_by: str
    submitted_on: date
    at: datetime
    roster_id: str | None
    consent: ConsentProof | None


@router.get("/applications/{application_id}/proof")
async def prove(
    application_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(PROVE))]
) -> ApplicationProof:
    """The application as it came in; each look is audited."""
    async with room.tx(actor) as tx:
        row = await applications.one(tx, application_id)
        if row is None:
            raise errors.not_found()
        authorize(actor, PROVE, Resource(region=row["township"], project=row["project"]))
        given = await tx.fetchrow(
            "SELECT version, text_digest, signature_digest, given_by, at FROM consent WHERE application_id = $1",
            application_id,
        )
        tx.audit(PROVE.name, f"application:{application_id}")
    fields = {name: row[name] for name in ApplicationProof.model_fields if name != "consent"}
    return ApplicationProof(**fields, consent=ConsentProof(**given) if given else None)

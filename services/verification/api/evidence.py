"""Uploading and reading evidence: stored sealed, each reading audited."""

from typing import Annotated

from fastapi import Depends, Form, Response, UploadFile
from pydantic import BaseModel

from kit.auth import Actor, Operation, Resource, Role, Zone, authorize, guarded_router, require
from kit.errors import not_found, too_large, unprocessable
from kit.ids import new_id
from kit.service import CurrentRoom
from services.verification import ports
from services.verification.api.bodies import Key, Region
from services.verification.store import documents
from services.verification.store.review_tables import Evidence

MEDIA = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
MOST_BYTES = 8 * 1024 * 1024

ADD = Operation(
    "verification.add_evidence",
    roles=frozenset(
        {
            Role.TOWNSHIP_HANDLER,
            Role.SURVEY_WORKER,
            Role.TOWNSHIP_REVIEWER,
            Role.COUNTY_HANDLER,
            Role.COUNTY_REVIEWER,
        }
    ),
    zone=Zone.OUTSIDE,
    crosses=True,
)
READ = Operation(
    "verification.read_evidence", roles=ADD.roles | {Role.DISCIPLINE}, zone=Zone.OUTSIDE, crosses=True
)

router = guarded_router(prefix="/api/verification/v1", tags=["evidence"])


class EvidenceOut(BaseModel):
    """What proposals, surveys and reviews name."""

    evidence_id: str
    digest: str
    size: int


async def document(file: UploadFile) -> tuple[bytes, str]:
    """The bytes and their media type. Raises a Problem for what is too large or no PDF, JPEG or PNG."""
    data = await file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise too_large("文件过大 (the file is too large)", limit_bytes=MOST_BYTES)
    media = next((media for head, media in MEDIA.items() if data.startswith(head)), None)
    if media is None:
        raise unprocessable("media-type", "须为 PDF、JPEG 或 PNG", "a PDF, JPEG or PNG is needed")
    return data, media


@router.post("/evidence", status_code=201)
async def add(
    file: UploadFile,
    project: Annotated[Key, Form()],
    township: Annotated[Region, Form()],
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(ADD))],
) -> EvidenceOut:
    """Upload a document for a project in a township (or county)."""
    authorize(actor, ADD, Resource(region=township, project=project))
    data, media = await document(file)
    async with room.tx(actor) as tx:
        evidence_id = new_id()
        one = Evidence(
            evidence_id=evidence_id, project=project, township=township, media_type=media,
            digest=ports.digest(room, data), size=len(data),
            body_sealed=ports.seal(room, data, f"evidence|{evidence_id}"), loaded_by=actor.sub, loaded_at=tx.now,
        )  # fmt: skip
        await documents.add(tx, one)
        tx.audit("verification.add_evidence", f"evidence:{evidence_id}", digest=one.digest)
    return EvidenceOut(evidence_id=evidence_id, digest=one.digest, size=one.size)


@router.get("/evidence/{evidence_id}")
async def read(
    evidence_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(READ))]
) -> Response:
    """The document."""
    async with room.tx(actor) as tx:
        one = await documents.find(tx, evidence_id)
        if one is None:
            raise not_found()
        authorize(actor, READ, Resource(region=one["township"], project=one["project"]))
        tx.audit("verification.read_evidence", f"evidence:{evidence_id}")
    body = ports.unseal(room, one["body_sealed"], f"evidence|{evidence_id}")
    headers = {"cache-control": "no-store", "content-disposition": "attachment"}
    return Response(body, media_type=one["media_type"], headers=headers)

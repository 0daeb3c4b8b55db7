"""Pictures of a case (M43): at most ten, sealed, without metadata; a complainant's stay with desk and author."""

from typing import Annotated

from fastapi import Depends, Response, UploadFile

from kit import errors
from kit.auth import Actor, Operation, Role, Zone, guarded_router, require
from kit.auth import Kind as ActorKind
from kit.ids import new_id
from kit.service import CurrentRoom
from services.grievance.api.bodies import ImageOut
from services.grievance.api.reach import seen
from services.grievance.api.sight import may_look, resource
from services.grievance.domain import OPEN, media_type, without_metadata
from services.grievance.ports import digest, open_picture, seal_picture
from services.grievance.store import images
from services.grievance.store.tables import Image

_WHO = frozenset({Role.CITIZEN, Role.COMPLAINTS_DESK, Role.SURVEY_WORKER})
UPLOAD = Operation("grievance.add_image", roles=_WHO, zone=Zone.OUTSIDE, project=False, states=OPEN)
LOOK = Operation("grievance.look_at_image", roles=_WHO, zone=Zone.OUTSIDE, project=False)
MAX_BYTES = 5 * 1024 * 1024
MOST = 10

router = guarded_router(prefix="/api/grievance/v1", tags=["images"])


@router.post("/objections/{case_id}/images", status_code=201)
@router.post("/cases/{case_id}/images", status_code=201)
async def upload(
    case_id: str, file: UploadFile, room: CurrentRoom, actor: Annotated[Actor, Depends(require(UPLOAD))]
) -> ImageOut:
    """A PNG or JPEG of at most 5 MB while the case is open. The same picture again changes nothing."""
    data = await file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise errors.too_large("图片不超过5MB (at most 5 MB)", limit_bytes=MAX_BYTES)
    kind = media_type(data)
    try:
        clean = without_metadata(data) if kind else b""
    except ValueError:
        kind = None
    if kind is None:
        raise errors.unprocessable("not-an-image", "图片须为PNG或JPEG", "the picture is neither PNG nor JPEG")
    async with room.tx(actor) as tx:
        one = await seen(tx, case_id, actor, UPLOAD, lock=True)
        if await images.count(tx, case_id) >= MOST:
            raise errors.conflict("too-many-images", "图片不超过10张", "at most ten pictures", limit=MOST)
        own = actor.kind is ActorKind.CITIZEN
        image = Image(
            image_id=new_id(),
            case_id=case_id,
            of_complainant=own,
            media_type=kind,
            digest=digest(room, clean),
            sealed=seal_picture(room, clean, case_id),
            at=tx.now,
            by="complainant" if own else actor.sub,
        )
        image.image_id = await images.add(tx, image)
        tx.audit("grievance.add_image", resource(one), digest=image.digest)
    return ImageOut(**image.model_dump(include=set(ImageOut.model_fields)))


@router.get("/cases/{case_id}/images/{image_id}")
async def look(
    case_id: str, image_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(LOOK))]
) -> Response:
    """The picture itself; each look is audited."""
    async with room.tx(actor) as tx:
        one = await seen(tx, case_id, actor, LOOK)
        image = await images.one(tx, case_id, image_id)
        if image is None or not may_look(image.of_complainant, actor):
            raise errors.not_found()
        tx.audit("grievance.look_at_image", resource(one), image=image_id)
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(open_picture(room, image.sealed, case_id), media_type=image.media_type, headers=headers)

"""Photos: up with their date, and down again for those who look into a notice."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Form, Response, UploadFile

from kit import errors
from kit.auth import Actor, Operation, Role, Zone, guarded_router, require
from kit.ids import new_id
from kit.service import CurrentRoom
from services.publicity.api.bodies import PhotoOut
from services.publicity.api.checks import reach
from services.publicity.api.desk import VIEWERS
from services.publicity.domain import photos as rules
from services.publicity.domain.photos import MAX_PHOTO_BYTES, Moment
from services.publicity.domain.states import EVIDENT
from services.publicity.ports import vault
from services.publicity.store import photos
from services.publicity.store.tables import Photo

UPLOAD = Operation(
    "publicity.upload_photo",
    roles=frozenset({Role.TOWNSHIP_HANDLER}),
    zone=Zone.OUTSIDE,
    states=frozenset(str(one) for one in EVIDENT),
)
LOOK = Operation("publicity.look_at_photo", roles=VIEWERS, zone=Zone.OUTSIDE, crosses=True)

router = guarded_router(prefix="/api/publicity/v1", tags=["evidence"])


@router.post("/notices/{notice_id}/photos", status_code=201)
async def upload(
    notice_id: str,
    file: UploadFile,
    moment: Annotated[Moment, Form()],
    taken_on: Annotated[date, Form()],
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(UPLOAD))],
) -> PhotoOut:
    """A dated PNG or JPEG of the posted sheet. The same picture again changes nothing."""
    data = await file.read(MAX_PHOTO_BYTES + 1)
    if len(data) > MAX_PHOTO_BYTES:
        raise errors.too_large("照片不超过5MB (at most 5 MB)", limit_bytes=MAX_PHOTO_BYTES)
    media_type = rules.media_type(data)
    if media_type is None:
        raise errors.unprocessable("not-a-photo", "照片须为PNG或JPEG", "the photo is neither PNG nor JPEG")
    async with room.tx(actor) as tx:
        notice = await reach(tx, notice_id, actor, UPLOAD, lock=True)
        assert notice.starts_on, "published notices have dates"
        assert notice.ends_on, "published notices have dates"
        if not rules.date_fits(moment, taken_on, notice.starts_on, notice.ends_on, tx.today):
            raise errors.unprocessable(
                "photo-date",
                "拍摄日期与公示期不符",
                "the photo's date does not fit the notice",
                moment=moment,
            )
        photo = Photo(
            photo_id=new_id(),
            notice_id=notice_id,
            moment=moment,
            taken_on=taken_on,
            media_type=media_type,
            digest=vault.digest(room, data),
            sealed=vault.seal(room, data, notice_id),
            uploaded_at=tx.wall,
            uploaded_by=actor.sub,
        )
        photo_id = await photos.add(tx, photo)
        tx.audit("publicity.upload_photo", f"notice:{notice_id}", moment=moment, digest=photo.digest)
    return PhotoOut(**{**photo.model_dump(exclude={"sealed"}), "photo_id": photo_id})


@router.get("/notices/{notice_id}/photos/{photo_id}")
async def look(
    notice_id: str, photo_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(LOOK))]
) -> Response:
    """The picture itself; each look is audited."""
    async with room.tx(actor) as tx:
        await reach(tx, notice_id, actor, LOOK)
        photo = await photos.one(tx, notice_id, photo_id)
        if photo is None:
            raise errors.not_found()
        tx.audit("publicity.look_at_photo", f"notice:{notice_id}", photo=photo_id)
    clear = vault.open_sealed(room, photo.sealed, notice_id)
    return Response(clear, media_type=photo.media_type, headers={"X-Content-Type-Options": "nosniff"})

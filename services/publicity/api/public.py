"""What everybody may read without a token: running notices, and their masked rows."""

from typing import Annotated

from fastapi import Depends, Query

from kit import errors
from kit.auth import Operation, Reach, Zone, guarded_router
from kit.auth import public as open_to_all
from kit.money import format_yuan
from kit.service import CurrentRoom, Room
from services.publicity.api.bodies import PublicNotice, PublicRow, PublicRows
from services.publicity.domain.states import PUBLIC_AFTER_END, State, shown
from services.publicity.domain.terms import is_area_notice, unit_of
from services.publicity.domain.texts import amount_text
from services.publicity.store import notices, rows
from services.publicity.store.tables import Notice

READ = Operation("publicity.read_public", public=True, zone=Zone.OUTSIDE, region=Reach.NONE, project=False)

router = guarded_router(prefix="/api/publicity/v1/public", tags=["public"])


@router.get("/notices", dependencies=[Depends(open_to_all(READ))])
async def find(
    room: CurrentRoom, township: str | None = None, project: str | None = None, village: str | None = None
) -> list[PublicNotice]:
    """Notices from their first day until 30 days after their last; newest first, at most 500.

    With a `village` (M49), those in which somebody of it stands.
    """
    async with room.tx() as tx:
        found = await notices.public(tx, township, project, tx.today - PUBLIC_AFTER_END, village)
    return [_notice(one, room) for one in found]


@router.get("/notices/{notice_id}/rows", dependencies=[Depends(open_to_all(READ))])
async def read(
    notice_id: str,
    room: CurrentRoom,
    village: str | None = None,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> PublicRows:
    """Masked rows without those withdrawn; 404 when the notice is not, or no longer, public."""
    async with room.tx() as tx:
        notice = await notices.find(tx, notice_id)
        if notice is None or not shown(State(notice.state), notice.starts_on, notice.ends_on, tx.today):
            raise errors.not_found()
        found = await rows.shown(tx, notice, posted=False, village=village, after=after, limit=limit)
        manifest = await notices.manifest_of(tx, notice)
    unit, area = unit_of(manifest), is_area_notice(manifest, notice.with_amounts)
    items = [
        PublicRow(
            seq=row.seq,
            line_id=row.line_id,
            name=row.name,
            village=room.regions.name(row.village),
            quantity=row.quantity,
            unit=unit,
            amount_fen=row.amount_fen,
            amount=None if area else amount_text(row.amount_fen, format_yuan),
        )
        for row in found
    ]
    return PublicRows(items=items, next=found[-1].seq if len(found) == limit else None)


def _notice(one: Notice, room: Room) -> PublicNotice:
    assert one.starts_on, "published notices have dates"
    assert one.ends_on, "published notices have dates"
    return PublicNotice(
        notice_id=one.notice_id,
        title=one.title,
        project=one.project,
        period=one.period,
        township=one.township,
        township_name=room.regions.full_name(one.township),
        round=one.round,
        medium=one.medium,
        place=one.place,
        starts_on=one.starts_on,
        ends_on=one.ends_on,
        lines=one.lines or 0,
    )

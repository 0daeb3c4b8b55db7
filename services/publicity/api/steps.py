"""A notice's steps: generate, fill in, publish, confirm; and the county's closing of a round."""

from typing import Annotated

from fastapi import Depends

from contracts.publicity import NoticeConfirmed, NoticePublished
from kit import errors
from kit.auth import Actor, Operation, Resource, Role, Zone, authorize, guarded_router, require
from kit.db import Tx
from kit.service import CurrentRoom
from services.publicity.api.bodies import NoticeIn, NoticeOut, RoundClosed
from services.publicity.api.checks import check_dates, out, reach, terms_for
from services.publicity.domain import states
from services.publicity.domain.photos import lacking
from services.publicity.domain.states import State
from services.publicity.store import notices, photos, rounds, rows
from services.publicity.store.tables import Notice

_HANDLER = frozenset({Role.TOWNSHIP_HANDLER})


def _step(name: str, *allowed: State) -> Operation:
    return Operation(f"publicity.{name}", roles=_HANDLER, zone=Zone.OUTSIDE, states=frozenset(allowed))


GENERATE = _step("generate", State.TO_GENERATE, State.TO_PUBLISH)
FILL_IN = _step("fill_in", *states.EDITABLE)
PUBLISH = _step("publish", State.TO_PUBLISH, State.PUBLISHED)
CONFIRM = _step("confirm", State.PUBLISHED, State.ENDED, State.CONFIRMED)
CLOSE = Operation("publicity.close_round", roles=frozenset({Role.COUNTY_HANDLER}), zone=Zone.FINANCE)

router = guarded_router(prefix="/api/publicity/v1", tags=["steps"])


@router.post("/notices/{notice_id}:generate", status_code=202)
async def generate(
    notice_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(GENERATE))]
) -> NoticeOut:
    """Have the rows made; the notice becomes 待发布 when all names are there. A repeat changes nothing."""
    async with room.tx(actor) as tx:
        notice = await reach(tx, notice_id, actor, GENERATE, lock=True)
        if notice.state == State.TO_GENERATE and not notice.generating:
            notice.generating = True
            await notices.save(tx, notice)
            tx.audit("publicity.generate", f"notice:{notice_id}")
    return out(notice)


@router.put("/notices/{notice_id}")
async def fill_in(
    notice_id: str, body: NoticeIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(FILL_IN))]
) -> NoticeOut:
    """Title, type, place, days (M26); refuses a notice shorter than the project's terms."""
    async with room.tx(actor) as tx:
        notice = await reach(tx, notice_id, actor, FILL_IN, lock=True)
        if body.medium == "offline" and body.place is None:
            raise errors.unprocessable(
                "place-missing", "线下公示须填写公示地点", "an offline notice needs a place"
            )
        check_dates(await terms_for(tx, notice), body.starts_on, body.ends_on)
        notice.title = body.title or notice.title
        notice.medium, notice.place = body.medium, body.place
        notice.starts_on, notice.ends_on = body.starts_on, body.ends_on
        await notices.save(tx, notice)
        tx.audit("publicity.fill_in", f"notice:{notice_id}", medium=body.medium)
    return out(notice)


@router.post("/notices/{notice_id}:publish")
async def publish(
    notice_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(PUBLISH))]
) -> NoticeOut:
    """Publish (M27). Dates must be given and not lie behind: a notice can't have begun before it hung."""
    async with room.tx(actor) as tx:
        notice = await reach(tx, notice_id, actor, PUBLISH, lock=True)
        if notice.state == State.PUBLISHED:
            return out(notice)
        if notice.starts_on is None or notice.ends_on is None:
            raise errors.conflict("info-missing", "尚未填写公示信息", "the notice has no dates yet")
        if notice.starts_on < tx.today:
            raise errors.conflict(
                "start-passed", "公示开始日期已过，请重新填写", "the first day has passed, set it anew"
            )
        # Again, because the project's terms may have become longer since.
        check_dates(await terms_for(tx, notice), notice.starts_on, notice.ends_on)
        notice.state, notice.published_at = State.PUBLISHED, tx.now
        await notices.save(tx, notice)
        tx.emit(_published(notice))
        tx.audit("publicity.publish", f"notice:{notice_id}", lines=notice.lines)
    return out(notice)


def _published(notice: Notice) -> NoticePublished:
    return NoticePublished(
        slice_id=notice.slice_id,
        notice_id=notice.notice_id,
        project=notice.project,
        township=notice.township,
        round=notice.round,
        first_day=str(notice.starts_on),
        last_day=str(notice.ends_on),
        lines=notice.lines or 0,
    )


@router.post("/notices/{notice_id}:confirm")
async def confirm(
    notice_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(CONFIRM))]
) -> NoticeOut:
    """The final confirmation (M58): only after the last day, offline with photos of both ends."""
    async with room.tx(actor) as tx:
        notice = await reach(tx, notice_id, actor, CONFIRM)
        # The round first, as the closing does: the two never lock each other out. It spans the county.
        async with tx.as_room():
            one = await rounds.of_command(tx, notice.command_id)
        notice = await reach(tx, notice_id, actor, CONFIRM, lock=True)
        if notice.state == State.CONFIRMED:
            return out(notice)
        await _confirmable(tx, notice)
        notice.state, notice.confirmed_at, notice.confirmed_by = State.CONFIRMED, tx.now, actor.sub
        notice.ended_at = notice.ended_at or tx.now
        notice.published_lines = await rows.standing_lines(tx, notice)
        await notices.save(tx, notice)
        tx.audit("publicity.confirm", f"notice:{notice_id}", lines=notice.published_lines)
        if one is None:
            answer = NoticeConfirmed(
                slice_id=notice.slice_id,
                notice_id=notice.notice_id,
                round=notice.round,
                published_lines=notice.published_lines,
            )
            tx.emit(answer, cause=notice.command_id)
        else:
            async with tx.as_room():
                if all(other.state == State.CONFIRMED for other in await rounds.notices(tx, one.command_id)):
                    await rounds.answer(tx, one, actor.sub)
    return out(notice)


async def _confirmable(tx: Tx, notice: Notice) -> None:
    if not states.has_ended(notice.ends_on, tx.today):
        raise errors.conflict(
            "not-ended", "公示尚未结束", "the notice has not ended yet", ends_on=str(notice.ends_on)
        )
    missing = lacking(notice.medium == "offline", await photos.moments(tx, notice.notice_id))
    if missing:
        raise errors.conflict(
            "photos-missing",
            "线下公示须上传开始和结束时的照片",
            "an offline notice needs photos of its start and end",
            missing=[str(one) for one in missing],
        )


@router.post("/sets/{set_id}/notices:close")
async def close(
    set_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(CLOSE))]
) -> RoundClosed:
    """The county ends the set's round; unconfirmed slices leave for a later set (decisions §2)."""
    async with room.tx(actor) as tx:
        one = await rounds.latest(tx, set_id)
        if one is None:
            raise errors.not_found()
        authorize(actor, CLOSE, Resource(region=one.county, project=one.project))
        if one.closed_at is not None:
            raise errors.conflict("round-closed", "本轮公示已结束", "this round is closed already")
        answer = await rounds.answer(tx, one, actor.sub)
        tx.audit("publicity.close_round", f"set:{set_id}", unconfirmed=answer.unconfirmed_count)
    return RoundClosed(
        set_id=set_id,
        round=one.round,
        unconfirmed=answer.unconfirmed,
        published_lines=answer.published_lines,
    )

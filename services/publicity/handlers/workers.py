"""Background work: making rows and asking for names, and the clock that ends notices."""

from kit.crashpoint import crashpoint
from kit.service import Room
from services.publicity.domain.states import State
from services.publicity.handlers.base import on
from services.publicity.ports.names import SUBJECTS_PER_CALL, fetch_names
from services.publicity.store import making, notices, rows

GENERATE_EVERY = 0.5
"""Seconds between looks at the queue, an empty partial index; a person waits for the list."""
REMIND_EVERY = 2.0
"""Seconds (wall clock) between looks at the business date."""


@on.worker(every=GENERATE_EVERY)
async def generate(room: Room) -> bool:
    """One step of one notice: make its rows, or name some of them, or finish; restartable after each."""
    async with room.tx() as tx:
        notice_id = await tx.fetchval(
            "SELECT notice_id FROM notice WHERE generating ORDER BY created_at, notice_id LIMIT 1"
        )
        notice = await notices.find(tx, notice_id, lock=True) if notice_id else None
        if notice is None or not notice.generating:
            return False
        if notice.lines is None:
            notice.lines = await making.make(tx, notice)
            await notices.save(tx, notice)
        asked = await rows.unnamed(tx, notice.notice_id, SUBJECTS_PER_CALL)
        if not asked:
            notice.state, notice.generating = State.TO_PUBLISH, False
            await notices.save(tx, notice)
            tx.audit("publicity.generated", f"notice:{notice.notice_id}", lines=notice.lines)
            return True
    crashpoint("publicity.before_names")
    found = await fetch_names(room, asked)
    crashpoint("publicity.after_names")
    async with room.tx() as tx:
        await rows.name(tx, notice.notice_id, asked, found)
    return True


@on.worker(every=REMIND_EVERY)
async def end_due(room: Room) -> bool:
    """Business time passes: notices whose last day is over wait for the final confirmation (M58)."""
    async with room.tx() as tx:
        ended = await notices.end_due(tx)
        for notice_id in ended:
            tx.audit("publicity.ended", f"notice:{notice_id}", on=tx.today.isoformat())
    return False

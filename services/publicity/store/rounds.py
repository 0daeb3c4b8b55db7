"""A set's round: one answer for all its notices."""

from contracts.publicity import PublishSet, SetNoticesClosed
from kit.db import Tx
from services.publicity.domain.states import State
from services.publicity.store.tables import Notice, SetRound


async def open_round(tx: Tx, command_id: str, message: PublishSet) -> SetRound:
    """Remember the command that the round must answer."""
    one = SetRound(
        command_id=command_id,
        set_id=message.set_id,
        project=message.project,
        county=message.county,
        round=message.round,
    )
    await tx.insert(one)
    return one


async def of_command(tx: Tx, command_id: str) -> SetRound | None:
    """The round of a command, locked: confirmations of its notices take turns."""
    row = await tx.fetchrow("SELECT * FROM set_round WHERE command_id = $1 FOR UPDATE", command_id)
    return SetRound(**row) if row else None


async def latest(tx: Tx, set_id: str) -> SetRound | None:
    """The set's open round, else its last one; locked."""
    row = await tx.fetchrow(
        "SELECT * FROM set_round WHERE set_id = $1 ORDER BY closed_at DESC NULLS FIRST LIMIT 1 FOR UPDATE",
        set_id,
    )
    return SetRound(**row) if row else None


async def notices(tx: Tx, command_id: str) -> list[Notice]:
    """All notices of a round, locked, by slice."""
    rows = await tx.fetch(
        "SELECT * FROM notice WHERE command_id = $1 ORDER BY slice_id FOR UPDATE", command_id
    )
    return [Notice(**row) for row in rows]


async def close(tx: Tx, one: SetRound, by: str) -> None:
    """End the round; what is not confirmed by now is closed."""
    await tx.execute(
        "UPDATE notice SET state = $2, generating = false WHERE command_id = $1 AND state <> 'confirmed'",
        one.command_id,
        State.CLOSED,
    )
    await tx.execute(
        "UPDATE set_round SET closed_at = $2, closed_by = $3 WHERE command_id = $1",
        one.command_id,
        tx.now,
        by,
    )


async def answer(tx: Tx, one: SetRound, by: str) -> SetNoticesClosed:
    """Close an open round and answer its command; what is not confirmed is listed (decisions §2)."""
    members = await notices(tx, one.command_id)
    unconfirmed = [notice.slice_id for notice in members if notice.state != State.CONFIRMED]
    await close(tx, one, by)
    message = SetNoticesClosed(
        set_id=one.set_id,
        round=one.round,
        published_lines=sum(notice.published_lines or 0 for notice in members),
        unconfirmed=unconfirmed,
        unconfirmed_count=len(unconfirmed),
    )
    tx.emit(message, cause=one.command_id)
    return message

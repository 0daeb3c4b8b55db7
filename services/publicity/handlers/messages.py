"""Commands open notices; batch's events say where slices belong and which lines left the public list."""

from contracts.batch import LineExcluded, LineHeld, LineReleased, LinesStated
from contracts.orchestrator import ProjectDeployed
from contracts.publicity import NoticeConfirmed, PublishSet, PublishSlice
from kit.db import Tx
from services.publicity.handlers.base import on
from services.publicity.store import notices, rounds, rows
from services.publicity.store.notices import Opening


@on(ProjectDeployed)
async def project_deployed(message: ProjectDeployed, tx: Tx) -> None:
    """Rounds, days and kind of days are the newest version's from now on."""
    await notices.save_project(tx, message)


@on.complete(LinesStated)
async def lines_stated(message: LinesStated, tx: Tx) -> None:
    """Remember where the slice belongs; its rows wait in the chunks until a notice is made."""
    await notices.save_slice(tx, message)


@on(PublishSlice)
async def publish_slice(message: PublishSlice, tx: Tx) -> None:
    """公示①: a notice to make; a person's confirmation answers this command, or nothing new does at once."""
    assert tx.cause is not None
    opening = Opening(
        tx.cause.id, message.slice_id, message.revision, message.round, message.with_amounts,
        scope=message.scope, project_version=message.project_version or None,
    )  # fmt: skip
    shown_by = await notices.open_notice(tx, opening)
    if shown_by is not None:
        tx.emit(
            NoticeConfirmed(
                slice_id=message.slice_id, notice_id=shown_by, round=message.round, published_lines=0
            )
        )


@on(PublishSet)
async def publish_set(message: PublishSet, tx: Tx) -> None:
    """公示②: a notice per slice with something to show, one answer for all; without any, at once."""
    assert tx.cause is not None
    one = await rounds.open_round(tx, tx.cause.id, message)
    openings = [
        Opening(
            tx.cause.id, part.slice_id, part.revision, message.round, message.with_amounts, message.set_id,
            message.scope, message.project_version or None,
        )
        for part in message.slices
    ]  # fmt: skip
    shown_by = [await notices.open_notice(tx, opening) for opening in openings]
    if None not in shown_by:
        await rounds.answer(tx, one, "system")


@on(LineHeld)
async def line_held(message: LineHeld, tx: Tx) -> None:
    """A held line leaves the public list until it is free again."""
    await rows.hold(tx, message)


@on(LineReleased)
async def line_released(message: LineReleased, tx: Tx) -> None:
    """A freed line stands in the list again."""
    await rows.hold(tx, message)


@on(LineExcluded)
async def line_excluded(message: LineExcluded, tx: Tx) -> None:
    """An excluded line is withdrawn for good."""
    await rows.exclude(tx, message)

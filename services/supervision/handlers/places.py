"""Where slices and lines belong, from what batch states."""

from contracts.batch import LinesStated
from contracts.orchestrator import ProjectDeployed
from kit import chunks
from kit.db import Tx
from services.supervision.handlers.base import happened, on
from services.supervision.store import places


@on(ProjectDeployed)
async def project_deployed(message: ProjectDeployed, tx: Tx) -> None:
    """The newest version's names of project and nodes."""
    await places.keep_project(tx, message)


@on.complete(LinesStated)
async def lines_stated(message: LinesStated, tx: Tx) -> None:
    """Which lines a slice has, in two statements; the parts are dropped once read."""
    await places.keep_lines(tx, message, happened(tx.cause, tx))
    await chunks.forget(tx, message.stream_id, message.revision + 1)

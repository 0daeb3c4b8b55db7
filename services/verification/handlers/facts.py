"""Facts of other rooms: deployed rules, applications, lines, exclusions."""

from contracts.application import ApplicationRefused, ApplicationSubmitted, EnrolmentsStated
from contracts.batch import LineExcluded, LinesStated
from contracts.orchestrator import ProjectDeployed
from kit import chunks
from kit.db import Tx
from services.verification.handlers.door import on
from services.verification.store import claims, projects, raising


@on(ProjectDeployed)
async def project_deployed(message: ProjectDeployed, tx: Tx) -> None:
    """Keep the version's rules; checks that name it may go on."""
    await projects.save(tx, message)
    await chunks.mark(tx, f"project:{message.version}", 1)


@on(ApplicationSubmitted)
async def application_submitted(message: ApplicationSubmitted, tx: Tx) -> None:
    """A live claim."""
    await claims.add_application(tx, message)


@on(ApplicationRefused)
async def application_refused(message: ApplicationRefused, tx: Tx) -> None:
    """No claim any more."""
    await claims.end_application(tx, message.application_id)


@on.complete(LinesStated)
async def lines_stated(message: LinesStated, tx: Tx) -> None:
    """Claims follow the newest revision; the one before is kept for checks that still name it."""
    await claims.save_lines(tx, message)
    await chunks.forget(tx, message.stream_id, message.revision - 1)


@on(LineExcluded)
async def line_excluded(message: LineExcluded, tx: Tx) -> None:
    """A line that only moves on keeps its claim, and its hits go with it."""
    if message.ends_enrolment:
        await claims.end_application(tx, message.application_id)
    if message.moved_to:
        await raising.follow(tx, message.line_id, message.moved_to)
    else:
        await claims.end_line(tx, message.line_id)


@on.complete(EnrolmentsStated)
async def enrolments_stated(message: EnrolmentsStated, tx: Tx) -> None:
    """Claims follow the enrolments; the statement itself is not kept."""
    await claims.follow_enrolments(tx, message)
    await chunks.forget(tx, message.stream_id, message.revision + 1)

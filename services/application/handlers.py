"""What the room does with messages: intake's ends, rosters, projects; enrolments follow the lists."""

from contracts.application import (
    ApplicationListed,
    ApplicationRefused,
    ListApplication,
    OfflineRecorded,
    RecordOffline,
    RefuseApplication,
)
from contracts.batch import LineExcluded, LinesStated, SetOpened, SetSigned, SlicesReturned
from contracts.orchestrator import ProjectDeployed
from kit.bus import Handlers
from kit.db import Tx
from kit.errors import NonRetryableError
from services.application import domain
from services.application.domain import ApplicationState
from services.application.store import applications, enrolments

on = Handlers()


@on(ProjectDeployed)
async def project_deployed(message: ProjectDeployed, tx: Tx) -> None:
    """Forms are checked against the newest version from now on."""
    await applications.save_project(tx, message)


@on(ListApplication)
async def list_application(message: ListApplication, tx: Tx) -> None:
    """A checked application comes onto the 补贴清单 (M9)."""
    row = await applications.one(tx, message.application_id, for_update=True)
    if row is None or not domain.may_list(ApplicationState(row["state"])):
        raise NonRetryableError("no such application, or refused")
    await applications.set_state(tx, message.application_id, ApplicationState.LISTED)
    tx.emit(
        ApplicationListed(
            application_id=message.application_id,
            subject_id=row["subject_id"],
            project=row["project"],
            township=row["township"],
            village=row["village"],
            category=row["category"],
            channel=row["channel"],
        )
    )


@on(RefuseApplication)
async def refuse_application(message: RefuseApplication, tx: Tx) -> None:
    """Intake ends with reasons; the person may apply again (M8)."""
    row = await applications.one(tx, message.application_id, for_update=True)
    if row is None or not domain.may_refuse(ApplicationState(row["state"])):
        raise NonRetryableError("no such application, or past intake")
    await applications.set_state(tx, message.application_id, ApplicationState.REFUSED, message.reasons)
    tx.emit(
        ApplicationRefused(
            application_id=message.application_id,
            project=row["project"],
            township=row["township"],
            reasons=message.reasons,
        )
    )


@on(RecordOffline)
async def record_offline(message: RecordOffline, tx: Tx) -> None:
    """A roster's rows become applications (channel 线下), already listed."""
    results = await applications.record_roster_rows(tx, message)
    tx.emit(
        OfflineRecorded(
            roster_id=message.roster_id, index=message.index, count=message.count, results=results
        )
    )


@on.complete(LinesStated)
async def lines_stated(message: LinesStated, tx: Tx) -> None:
    """A slice's first revision proposes enrolments; a later one may be what a signature waited for."""
    await enrolments.slice_known(tx, message)
    if message.revision == enrolments.FIRST_REVISION:
        await enrolments.propose(tx, message)
    await enrolments.activate(tx, [message.stream_id])


@on(SetOpened)
async def set_opened(message: SetOpened, tx: Tx) -> None:
    """Remember which slices a later signature is about."""
    await enrolments.join_set(tx, message.set_id, message.slices)


@on(SlicesReturned)
async def slices_returned(message: SlicesReturned, tx: Tx) -> None:
    """Those that stay are the set now."""
    await enrolments.join_set(tx, message.set_id, message.slices)


@on(SetSigned)
async def set_signed(message: SetSigned, tx: Tx) -> None:
    """The department's signature makes the enrolments of the set's lines 在享."""
    if message.node == domain.ACTIVATING_NODE:
        await enrolments.activate(tx, await enrolments.sign_set(tx, message.set_id))


@on(LineExcluded)
async def line_excluded(message: LineExcluded, tx: Tx) -> None:
    """A line leaves; with its person's entitlement, or only for a later submission."""
    await enrolments.leave(tx, message)

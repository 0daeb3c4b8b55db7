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
from contracts.registry import HouseholdChanged, PayeeChanged
from contracts.verification import LineReviewed, ReviewGranted
from kit import chunks
from kit.bus import Handlers
from kit.db import Tx
from kit.errors import NonRetryableError
from kit.ids import new_id
from kit.service import Room
from services.application import domain
from services.application.domain import ApplicationState
from services.application.store import applications, enrolments, payees, rosters, statements

on = Handlers()


@on(ProjectDeployed)
async def project_deployed(message: ProjectDeployed, tx: Tx) -> None:
    """Forms are checked against the newest version from now on."""
    await applications.save_project(tx, message)


@on(ListApplication)
async def list_application(message: ListApplication, tx: Tx) -> None:
    """A checked application comes onto the 补贴清单 (M9). A refused one waits for its review to be granted."""
    row = await applications.one(tx, message.application_id, for_update=True)
    if row is not None and row["state"] == ApplicationState.REFUSED:
        granted = [(f"review:{message.application_id}", row["refusals"])]
        if tx.cause is not None and await chunks.missing(tx, granted):
            await chunks.wait(tx, tx.cause, message.model_dump_json().encode(), granted)
            return
    if row is None or not domain.may_list(ApplicationState(row["state"])):
        raise NonRetryableError("no such application, or not to be listed")
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
            quantity=row["quantity"],
            payee_id=row["payee_id"],
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


@on(ReviewGranted)
async def review_granted(message: ReviewGranted, tx: Tx) -> None:
    """核实 was granted: the refused application stands again, so that the project's `review` can list it."""
    row = await applications.one(tx, message.application_id, for_update=True)
    if row is not None and await applications.restore(tx, message.application_id):
        await chunks.mark(tx, f"review:{message.application_id}", row["refusals"])


@on(RecordOffline)
async def record_offline(message: RecordOffline, tx: Tx) -> None:
    """A roster's rows become applications (channel 线下), already listed; on route C the same ones again."""
    results, changed = await rosters.record_rows(tx, message)
    await statements.state(tx, statements.act_of(tx), changed)
    tx.emit(
        OfflineRecorded(
            roster_id=message.roster_id, index=message.index, count=message.count, results=results
        )
    )


@on.complete(LinesStated)
async def lines_stated(message: LinesStated, tx: Tx) -> None:
    """A slice's first revision proposes enrolments; a later one may be what a signature waited for."""
    await enrolments.slice_known(tx, message)
    changed: list[str] = []
    if message.revision == enrolments.FIRST_REVISION:
        changed += await enrolments.propose(tx, message)
    changed += await enrolments.activate(tx, [message.stream_id])
    await statements.state(tx, statements.act_of(tx), changed)


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
    """The department's signature makes the enrolments of the set's lines 在享, stated set-wise."""
    if message.node == domain.ACTIVATING_NODE:
        changed = await enrolments.activate(tx, await enrolments.sign_set(tx, message.set_id))
        await statements.state(tx, statements.act_of(tx), changed)


@on(LineExcluded)
async def line_excluded(message: LineExcluded, tx: Tx) -> None:
    """A line leaves; with its person's entitlement, or only for a later submission."""
    await statements.state(tx, statements.act_of(tx), await enrolments.leave(tx, message))


@on(LineReviewed)
async def line_reviewed(message: LineReviewed, tx: Tx) -> None:
    """Two people confirmed a hit that stops the person: 停发 after the last period that is owed."""
    if (message.verdict, message.consequence) == ("confirmed", "stop"):
        reason = ",".join(message.rules) or message.reason
        changed = await enrolments.stop(tx, message.application_id, reason, message.last_period)
        await statements.state(tx, statements.act_of(tx), changed)


@on(PayeeChanged)
async def payee_changed(message: PayeeChanged, tx: Tx) -> None:
    """Two people at the registry approved who is paid."""
    await payees.keep_mandate(tx, message)
    changed = await payees.follow(tx, subject_id=message.subject_id)
    await statements.state(tx, statements.act_of(tx), changed)


@on(HouseholdChanged)
async def household_changed(message: HouseholdChanged, tx: Tx) -> None:
    """A household's head is whom it is paid to."""
    await payees.keep_head(tx, message)
    changed = await payees.follow(tx, subject_id=message.subject_id)
    await statements.state(tx, statements.act_of(tx), changed)


@on.worker(every=30.0)
async def mandates_begin_and_end(room: Room) -> bool:
    """Mandates have days: on the first one the payee changes, after the last one it changes back."""
    async with room.tx() as tx:
        changed = await payees.follow(tx)
        await statements.state(tx, new_id(), changed)
    return False

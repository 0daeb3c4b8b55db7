"""Commands become jobs, idempotent by command id; the workers of `checking` do them outside transactions."""

from contracts.batch import SliceRevision
from contracts.verification import CheckEligibility, RecheckSet, SetRechecked, VerifySlice
from kit.db import Tx
from services.verification.handlers.checking import check_applications, check_lines
from services.verification.handlers.door import on
from services.verification.store import checks, claims


@on(CheckEligibility)
async def check_eligibility(message: CheckEligibility, tx: Tx) -> None:
    """资格校验: many are done together."""
    assert tx.cause is not None
    await claims.add_application(tx, message)
    await checks.add_application(tx, tx.cause.id, message)
    tx.wake(check_applications)


@on(VerifySlice)
async def verify_slice(message: VerifySlice, tx: Tx) -> None:
    """预警核实 of one slice."""
    assert tx.cause is not None
    target = (message.slice_id, message.project, message.project_version)
    slices = [SliceRevision(slice_id=message.slice_id, revision=message.revision)]
    await checks.add_lines(tx, tx.cause.id, "alert_verification", target, slices)
    tx.wake(check_lines)


@on(RecheckSet)
async def recheck_set(message: RecheckSet, tx: Tx) -> None:
    """The check before the file, slice by slice."""
    assert tx.cause is not None
    if not message.slices:
        found = SetRechecked(
            set_id=message.set_id, check_id=tx.cause.id, rechecked=0, intercepted=0, slices_found=0
        )
        tx.emit(found)
        return
    target = (message.set_id, message.project, message.project_version)
    await checks.add_lines(tx, tx.cause.id, "before_file", target, message.slices)
    tx.wake(check_lines)

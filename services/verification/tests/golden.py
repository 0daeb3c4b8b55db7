"""One example of every message the room handles, for the suite that delivers everything twice."""

from contracts.application import ApplicationRefused, ApplicationSubmitted, EnrolmentsStated
from contracts.base import Message
from contracts.batch import LineExcluded, LinesStated
from contracts.orchestrator import ProjectDeployed
from contracts.verification import CheckEligibility, RecheckSet, VerifySlice
from kit import chunks
from kit.db import Tx
from services.verification.tests.world import (
    PROJECT,
    SLICE,
    TOWNSHIP,
    deployed,
    eligibility,
    enrolments,
    line,
    recheck,
    stated,
    verify,
)

GOLDEN: dict[type[Message], Message] = {
    ProjectDeployed: deployed("golden"),
    ApplicationSubmitted: ApplicationSubmitted(
        application_id="a-S1", subject_id="S1", project=PROJECT, township=TOWNSHIP, category="destitute",
        channel="mini_program", submitted_on="2023-05-10",
    ),
    ApplicationRefused: ApplicationRefused(application_id="a-S1", project=PROJECT, township=TOWNSHIP, reasons=["R03"]),
    LinesStated: stated([line("S1")], revision=2)[0],
    LineExcluded: LineExcluded(
        slice_id=SLICE, line_id="l-S1", application_id="a-S1", seq=1, reason="异议成立", ends_enrolment=True
    ),
    EnrolmentsStated: enrolments("S1", "active", rev=1),
    CheckEligibility: eligibility("S1"),
    VerifySlice: verify(),
    RecheckSet: recheck((SLICE, 1)),
}  # fmt: skip


async def prepare(tx: Tx) -> None:
    """What the commands await: the project's version, and revision 1 of the slice."""
    await tx.execute(
        "INSERT INTO slice VALUES ($1, $2, '202305', $3, $4, 'destitute') ON CONFLICT DO NOTHING",
        SLICE,
        PROJECT,
        TOWNSHIP[:6],
        TOWNSHIP,
    )
    await chunks.mark(tx, "project:v1", 1)
    await chunks.mark(tx, SLICE, 1)

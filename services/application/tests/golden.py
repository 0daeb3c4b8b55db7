"""One example of every handled message, and what must stand in the database before it comes."""

from contracts.application import ListApplication, RefuseApplication
from contracts.base import Message
from contracts.batch import LineExcluded, LineState, SetOpened, SetSigned, SliceRevision, SlicesReturned
from contracts.registry import Basis, HouseholdChanged, PayeeChanged
from contracts.verification import LineReviewed, ReviewGranted
from kit.db import Tx
from services.application.store.rosters import record_rows
from services.application.tests.conftest import DEPLOYED, PROJECT, roster, stated

_BEFORE = roster("s-1", "s-2", roster_id="r0")
LISTED, REFUSED = "golden-listed", "golden-refused"
_PAIR = [SliceRevision(slice_id="slice-1", revision=1)]

GOLDEN: dict[type[Message], Message] = {
    type(one): one
    for one in (
        DEPLOYED,
        ListApplication(application_id=LISTED),
        RefuseApplication(application_id=REFUSED, reasons=["R03"]),
        roster("s-1", "s-8", "s-9"),
        stated("slice-1", 1, {LISTED: LineState.NORMAL}),
        SetOpened(
            set_id="set-1",
            batch_id="b1",
            project=PROJECT,
            period="202305",
            county="539901",
            slices=_PAIR,
            lines=1,
        ),
        SetSigned(set_id="set-1", node="department_review", root="r", signed_lines=1, approved_fen=5000),
        SlicesReturned(set_id="set-1", slices=_PAIR, remaining=1),
        LineExcluded(
            slice_id="slice-1",
            line_id="line-1",
            application_id=LISTED,
            seq=1,
            reason="objection_upheld",
            ends_enrolment=True,
        ),
        LineReviewed(
            slice_id="slice-1",
            line_id="line-1",
            application_id=LISTED,
            project=PROJECT,
            verdict="confirmed",
            consequence="stop",
            rules=["R04"],
            reason="death",
            last_period="202304",
        ),
        ReviewGranted(
            application_id=REFUSED,
            subject_id=REFUSED,
            project=PROJECT,
            township="539901101",
            category="minimum_living",
            review_id="review-1",
        ),
        PayeeChanged(
            subject_id=LISTED,
            payee_id="guardian-1",
            basis=Basis.GUARDIAN,
            valid_from="2023-01-01",
            rev=1,
        ),
        HouseholdChanged(
            household_id="h1",
            subject_id="household-1",
            head_id="s-1",
            member_ids=["s-1", "s-2"],
            change="formed",
            effective_on="2023-05-01",
            rev=1,
        ),
    )
}


async def prepare(tx: Tx) -> None:
    """Two submitted applications and a roster that came before."""
    await record_rows(tx, _BEFORE)
    for application_id in (LISTED, REFUSED):
        await tx.execute(
            "INSERT INTO application SELECT (jsonb_populate_record(application, $2)).* FROM application "
            "WHERE row_id = 'row-1' AND roster_id = $1",
            _BEFORE.roster_id,
            {
                "application_id": application_id,
                "receipt": application_id,
                "subject_id": application_id,
                "state": "submitted",
                "roster_id": None,
                "row_id": None,
            },
        )

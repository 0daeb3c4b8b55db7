"""What the examples of `golden.py` need to be there: a batch, a roster, one slice with one line for each."""

from contracts.manifest import set_root
from kit import chunks
from kit.db import Tx
from services.batch.domain.manifests import sheet
from services.batch.store import batches, candidates, lines, sets, slices
from services.batch.store.tables import Batch, Candidate, LineRow, Project, Roster, RosterRow, SettlementSet
from services.batch.tests.county import CATEGORY, COUNTY, PERIOD, PROJECT, TOWN, VILLAGE

IN_TOWN = (
    "cards",
    "findings",
    "aside",
    "recheck",
    "sign",
    "hand",
    "notice",
    "accept",
    "conclude",
    "backline",
    "reviewed",
)
IN_SET = ("amounts", "priced", "payments", "signset", "return", "freeze", "close", "back", "found")


def row_of(name: str) -> LineRow:
    return LineRow(
        line_id=f"l-{name}",
        slice_id=name,
        batch_id="golden",
        project=PROJECT,
        period=PERIOD,
        county=COUNTY,
        township=TOWN,
        category=CATEGORY,
        application_id=f"a-{name}",
        subject_id=f"s-{name}",
        payee_id=f"s-{name}",
        village=VILLAGE,
        state="normal",
        rev=1,
        entitlement_period=PERIOD,
        amount_fen=5000 if name in IN_SET else None,
    )


def root_of(name: str) -> str:
    return sheet([row_of(name).model_dump()]).root


def set_root_of(name: str) -> str:
    return set_root({name: root_of(name)})


async def prepare(tx: Tx) -> None:
    """A batch with a roster, and one slice with one line for each message (the county's each in a set)."""
    await batches.keep_project(
        tx,
        Project(
            project=PROJECT,
            version="v1",
            name="x",
            categories={},
            deployed_at=tx.now,
            signatures=["township_review"],
        ),
    )
    batch = Batch(
        batch_id="golden", project=PROJECT, period=PERIOD, county=COUNTY, opened_by="county", opened_at=tx.now
    )
    await batches.open_batch(tx, batch)
    roster = Roster(
        roster_id="golden",
        batch_id="golden",
        project=PROJECT,
        county=COUNTY,
        township=TOWN,
        sha256="golden",
        accepted=1,
        rejected=0,
        uploaded_by="handler",
        uploaded_at=tx.now,
    )
    row = RosterRow(
        roster_id="golden",
        number=2,
        row_id="golden-row",
        subject_id="s-offline",
        township=TOWN,
        village=VILLAGE,
        category=CATEGORY,
        state="accepted",
        reasons=[],
    )
    await tx.insert(roster)
    await tx.insert(row)
    for name in (*IN_TOWN, *IN_SET):
        await _slice(tx, batch, name)
    await candidates.add(
        tx,
        Candidate(
            application_id="a-gone",
            project=PROJECT,
            county=COUNTY,
            township=TOWN,
            subject_id="s-gone",
            category=CATEGORY,
            channel="mini_program",
            state="open",
            reasons=[],
            listed_at=tx.now,
        ),
    )
    line = await lines.find(tx, "l-conclude")
    assert line is not None
    await lines.accept_objection(tx, "o-conclude", "l-conclude")
    await lines.hold(tx, line, "room:grievance")
    await tx.execute("UPDATE line SET state = 'paid' WHERE line_id = 'l-back'")
    await tx.execute("UPDATE line SET state = 'failed', payment_code = 'F03' WHERE line_id = 'l-found'")
    await tx.execute("UPDATE slice SET state = 'settled' WHERE slice_id IN ('back', 'found')")
    await chunks.mark(tx, "findings:golden-freeze", 1)
    await chunks.mark(tx, "order:golden-close", 1)


async def _slice(tx: Tx, batch: Batch, name: str) -> None:
    made = await slices.add(tx, batch, TOWN, CATEGORY, by="handler", signatures=["township_review"])
    await tx.execute("UPDATE slice SET slice_id = $2, revision = 1 WHERE slice_id = $1", made.slice_id, name)
    await tx.insert(row_of(name))
    await chunks.mark(tx, name, 1)
    if name in IN_SET:
        await slices.hand_over(tx, name, f"command-{name}")
        one = SettlementSet(
            set_id=f"set-{name}",
            batch_id="golden",
            project=PROJECT,
            period=PERIOD,
            county=COUNTY,
            state="open",
            opened_by="county-handler",
            opened_at=tx.now,
        )
        await sets.gather(tx, one, [name])

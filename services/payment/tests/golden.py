"""One example of every handled message, for the suite that delivers each twice and late."""

from datetime import date
from decimal import Decimal

from contracts.base import Message
from contracts.batch import LineExcluded, LinesStated, SetSigned, SliceRevision
from contracts.orchestrator import ProjectDeployed
from contracts.payment import CalculateSet, IssueOrder, LinkQuota
from kit import chunks
from kit.db import Tx
from services.payment.store import quotas, slices, standards
from services.payment.store.tables import StandardRow
from services.payment.tests.world import (
    BOOK,
    COUNTY,
    PERIOD,
    PROJECT,
    excluded,
    frozen,
    issue,
    line,
    link,
    stated,
)

LINES = [line("golden", number) for number in range(3)]
FUNDED = "golden-funded"
GOLDEN: dict[type[Message], Message] = {
    LinesStated: stated("golden-2", [line("golden-2", 1)])[0],
    LineExcluded: excluded("golden-2", "golden-2-000001", 1),
    ProjectDeployed: ProjectDeployed(
        project=PROJECT,
        version="v1",
        manifest={"payment": {"short_name": "老年补贴"}},
        rules={},
        form_schema={},
    ),
    CalculateSet: CalculateSet(
        set_id="golden-set",
        project=PROJECT,
        period=PERIOD,
        county=COUNTY,
        slices=[SliceRevision(slice_id="golden", revision=5)],
    ),
    SetSigned: SetSigned(
        set_id="golden-set", node="department_review", root="0" * 64, signed_lines=3, approved_fen=15000
    ),
    LinkQuota: link(10000, "golden-set"),
    IssueOrder: issue(frozen("golden", LINES), set_id=FUNDED),
}


async def prepare(tx: Tx) -> None:
    """A priced, stated slice, a quota, and a set that holds of it."""
    for part in stated("golden", LINES):
        await slices.save_head(tx, part)
        await chunks.state(
            tx,
            LinesStated,
            LINES,
            stream_id="golden",
            revision=5,
            keep=True,
            **part.model_dump(include={"batch_id", "project", "period", "county", "township", "category"}),
        )
    await quotas.grant(tx, BOOK, "golden", 100_000, "finance")
    await quotas.reserve(tx, BOOK, FUNDED, 15000)
    row = StandardRow(
        standard_id="golden",
        project=PROJECT,
        county=COUNTY,
        category="elderly",
        unit="人·月",
        unit_price=Decimal(50),
        valid_from=date(2023, 1, 1),
        made_by="handler",
        made_at=tx.wall,
    )
    await standards.maintain(tx, row)

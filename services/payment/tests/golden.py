"""One example of every handled message, for the suite that delivers each twice and late."""

from datetime import date
from decimal import Decimal

from contracts.base import Message
from contracts.batch import LineExcluded, LinesStated, OverpaymentFound, SetSigned, SliceRevision
from contracts.orchestrator import ProjectDeployed
from contracts.payment import CalculateSet, IssueOrder, LinkQuota
from kit import chunks
from kit.db import Tx
from kit.ids import payment_id
from services.payment.domain.ledger import Kind, Move
from services.payment.store import ledger, quotas, slices, standards
from services.payment.store.ledger import About
from services.payment.store.order_tables import PaymentOrder
from services.payment.store.tables import StandardRow
from services.payment.tests.world import (
    BOOK,
    COUNTY,
    PERIOD,
    PROJECT,
    TOWNSHIP,
    excluded,
    frozen,
    issue,
    line,
    link,
    overpaid,
    stated,
)

LINES = [line("golden", number) for number in range(3)]
FUNDED = "golden-funded"
PAID = line("golden-paid", 1)
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
    OverpaymentFound: overpaid(PAID),
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
    await _paid(tx)


async def _paid(tx: Tx) -> None:
    """A payment of another order that the bank has made."""
    order = PaymentOrder(
        order_id="golden-order",
        set_id="golden-paid-set",
        project=PROJECT,
        county=COUNTY,
        period=PERIOD,
        year=BOOK.year,
        state="settled",
        lines=1,
        total_fen=5000,
        withheld=0,
        command_id="golden-issue",
        work_item_id="w",
        actor="payer",
        issued_at=tx.now,
        settled_at=tx.now,
    )
    await tx.insert(order)
    about = About("result", "golden", "payment", order_id=order.order_id)
    await ledger.post(tx, BOOK, [Move(Kind.BUDGET, Kind.PAID, 5000)], about)
    await tx.execute(
        "INSERT INTO payment (payment_id, attempt, line_id, slice_id, set_id, order_id, file_id, seq, project, "
        "county, township, village, subject_id, payee_id, entitlement_period, kind, installment, amount_fen, state) "
        "VALUES ($1, 1, $2, 'golden-paid', 'golden-paid-set', 'golden-order', 'golden-file', 1, $3, $4, $5, $6, "
        "$7, $7, $8, 'normal', 1, 5000, 'COMMITTED')",
        payment_id(PAID.subject_id, PROJECT, PERIOD, "normal", 1),
        PAID.line_id,
        PROJECT,
        COUNTY,
        TOWNSHIP,
        PAID.village,
        PAID.subject_id,
        PERIOD,
    )
    for state in ("SUBMITTED", "ACCEPTED", "PAID"):
        await tx.execute("UPDATE payment SET state = $1 WHERE order_id = 'golden-order'", state)

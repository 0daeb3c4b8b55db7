"""One slice through 测算, 挂账, the order, the bank files and the bank's results, with the bank simulator."""

from datetime import date
from decimal import Decimal

from bench.nodes import world
from bench.nodes.desk import Desk
from contracts.batch import FrozenSlice, SliceRevision
from contracts.manifest import leaf, root
from contracts.payment import CalculateSet, IssueOrder, LinkQuota, OrderSettled, QuotaLinked, SetCalculated
from kit.auth import Role
from kit.testing import official
from services.payment.handlers.building import build_files
from services.payment.handlers.fetching import fetch_results, query_unknown
from services.payment.handlers.sending import send_files
from services.payment.store import quotas, standards
from services.payment.store.ledger import Book
from services.payment.store.tables import StandardRow

PAYER = official(Role.FINANCE_PAYER, world.COUNTY)
PRICED = 2
PLACE = {"set_id": world.SET, "project": world.PROJECT, "period": world.PERIOD, "county": world.COUNTY}


async def run(desk: Desk, count: int) -> None:
    """Price to settled order."""
    total = count * world.AMOUNT_FEN
    await _money(desk, total)
    parts = world.stated(count, 1)
    async with desk.meter.node("接收一版 receive a revision"):
        await desk.receive(parts)
    async with desk.meter.node("项目测算 calculate_set"):
        await desk.send(CalculateSet(**PLACE, slices=[SliceRevision(slice_id=world.SLICE, revision=1)]))
    if (await desk.answer(SetCalculated)).total_fen != total:
        raise RuntimeError("the set was priced differently")
    await desk.receive(world.stated(count, PRICED, priced=True))
    signed = root(leaf(row) for row in world.lines(count, priced=True))
    frozen = FrozenSlice(
        slice_id=world.SLICE, revision=PRICED, root=signed, exclusions=0, exclusions_at_signing=0
    )
    async with desk.meter.node("审核挂账 link_quota"):
        await desk.send(LinkQuota(**PLACE, approved_fen=total))
    await desk.answer(QuotaLinked)
    async with desk.meter.node("支付申请 issue_order"):
        await desk.send(IssueOrder(**PLACE, frozen=[frozen], actor=PAYER.sub, work_item_id="w1"))
    await _bank(desk, count)


async def _bank(desk: Desk, count: int) -> None:
    async def none_in(*states: str) -> bool:
        sql = "SELECT NOT EXISTS (SELECT FROM bank_file WHERE state = ANY($1::text[]))"
        return bool(await desk.value(sql, list(states)))

    async with desk.meter.node("生成银行文件 build_files"):
        await desk.work(lambda: none_in("planned"), build_files)
    async with desk.meter.node("送银行 send_files"):
        await desk.work(lambda: none_in("planned", "built", "sending"), send_files)
    async with desk.meter.node("银行回盘 fetch_results"):
        await desk.work(lambda: desk.answered(OrderSettled), fetch_results, query_unknown)
    settled = await desk.answer(OrderSettled)
    if settled.paid != count:
        raise RuntimeError(f"{settled.paid} of {count} lines were paid")


async def _money(desk: Desk, total: int) -> None:
    async with desk.room.tx() as tx:
        await standards.maintain(
            tx,
            StandardRow(
                standard_id="s1", project=world.PROJECT, county=world.COUNTY, category=world.CATEGORY, unit="人·月",
                unit_price=Decimal(world.AMOUNT_FEN) / 100, valid_from=date(2023, 1, 1), made_by="handler",
                made_at=tx.wall,
            ),
        )  # fmt: skip
        book = Book(world.PROJECT, world.COUNTY, int(world.PERIOD[:4]))
        await quotas.grant(tx, book, "1", total, "finance")

"""One slice through all that batch does to it by itself: submission, results, signatures, freeze, close."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from bench.nodes import world
from bench.nodes.desk import Desk
from bench.nodes.parts import Parts
from contracts.base import Chunk
from contracts.batch import (
    AmountsConfirmed,
    CloseSet,
    ConfirmAmounts,
    FreezeSet,
    HandToCounty,
    LinesSetAside,
    SetAsideOpenLines,
    SetClosed,
    SetFrozen,
    SetSigned,
    SignSet,
    SignSlice,
    SliceRevision,
    SliceSigned,
)
from contracts.card_matching import CardsStated
from contracts.orchestrator import ProjectDeployed
from contracts.payment import AmountsStated, PaymentsStated
from contracts.verification import FindingsStated
from kit.auth import Role
from kit.ids import new_id
from kit.testing import official

API = "/api/batch/v1"
ABNORMAL_OF, HELD_OF, FAILED_OF = 500, 700, 900
"""One line of so many has no good card, is held by a rule, or fails at the bank."""
COLUMNS = (
    "application_id", "project", "county", "township", "subject_id", "village", "category", "channel", "state",
    "listed_at",
)  # fmt: skip
HANDLER = official(Role.TOWNSHIP_HANDLER, world.TOWNSHIP)
REVIEWER = official(Role.TOWNSHIP_REVIEWER, world.TOWNSHIP)
COUNTY = official(Role.COUNTY_HANDLER, world.COUNTY)
DEPARTMENT = official(Role.COUNTY_REVIEWER, world.COUNTY)
FINANCE = official(Role.FINANCE_REVIEWER, world.COUNTY)
Make = Callable[[int, Mapping[str, Any]], dict[str, Any]]


class Slice:
    """The one slice and its set."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.id, self.set_id, self.revision = "", "", 1

    async def results(self, cls: type[Chunk], stream: str, make: Make, **fields: Any) -> Parts:
        """What another room says about each line as it stands."""
        parts = Parts(cls, stream_id=stream, slice_id=self.id, **fields)
        at = 0
        async for page in self._lines():
            parts.add(make(at + place, row) for place, row in enumerate(page))
            at += len(page)
        return parts.end()

    async def _lines(self) -> AsyncIterator[list[Any]]:
        async with self.desk.room.tx() as tx:
            cursor = await tx.connection.cursor(
                "SELECT line_id, rev FROM line WHERE slice_id = $1 AND state <> 'void' ORDER BY line_id",
                self.id,
            )
            while rows := await cursor.fetch(5000):
                yield rows

    @property
    def members(self) -> list[SliceRevision]:
        """The set's slices: this one, as it stands."""
        return [SliceRevision(slice_id=self.id, revision=self.revision)]


async def run(desk: Desk, count: int) -> None:
    """Submission to closed set."""
    one = Slice(desk)
    await _submit(desk, one, count)
    await _checked(desk, one)
    await _county(desk, one, count)
    await _paid(desk, one)


async def _submit(desk: Desk, one: Slice, count: int) -> None:
    manifest = {"project": {"name": "经济困难老年人服务补贴"}, "categories": {world.CATEGORY: "特困人员"}}
    await desk.send(
        ProjectDeployed(project=world.PROJECT, version="v1", manifest=manifest, rules={}, form_schema={})
    )
    place = {"project": world.PROJECT, "period": world.PERIOD, "county": world.COUNTY}
    batch = (await desk.call(COUNTY, "POST", f"{API}/batches", json=place))["batch_id"]
    async with desk.room.tx() as tx:
        await tx.copy(
            "candidate",
            COLUMNS,
            (
                (world.uuid(3, at), world.PROJECT, world.COUNTY, world.TOWNSHIP, world.subject(at),
                 world.VILLAGE, world.CATEGORY, "offline", "open", tx.now)
                for at in range(count)
            ),
        )  # fmt: skip
    async with desk.meter.node("清单确认 submit"):
        made = await desk.call(
            HANDLER, "POST", f"{API}/batches/{batch}/slices", json={"township": world.TOWNSHIP}
        )
    one.id = made[0]["slice_id"]


async def _checked(desk: Desk, one: Slice) -> None:
    def card(at: int, row: Mapping[str, Any]) -> dict[str, Any]:
        bad = at % ABNORMAL_OF == 1
        return {
            "line_id": row["line_id"], "rev": row["rev"], "status": "abnormal" if bad else "normal",
            "reason": "卡未激活" if bad else None,
        }  # fmt: skip

    hit = {
        "rule": "R04",
        "effect": "hold",
        "source": "民政殡葬",
        "text": "死亡",
        "at": "2023-05-01T00:00:00Z",
    }

    def finding(at: int, row: Mapping[str, Any]) -> dict[str, Any]:
        held = at % HELD_OF == 2
        return {
            "line_id": row["line_id"], "rev": row["rev"], "verdict": "hold" if held else "pass",
            "hits": [hit] if held else [],
        }  # fmt: skip

    parts = await one.results(
        CardsStated, "cards:m1", card, checked_revision=1, match_id="m1", stage="match", slices=1
    )
    async with desk.meter.node("匹卡结果 cards_stated"):
        await desk.receive(parts, cause=new_id())
    checked = {"check_id": "c1", "stage": "alert_verification", "slices": 1}
    parts = await one.results(FindingsStated, "findings:c1", finding, checked_revision=2, **checked)
    async with desk.meter.node("核实结果 findings_stated"):
        await desk.receive(parts, cause=new_id())
    async with desk.meter.node("移出未通过 set_aside_open_lines"):
        await desk.send(SetAsideOpenLines(slice_id=one.id, revision=3))
    await desk.answer(LinesSetAside)
    one.revision = await desk.value("SELECT revision FROM slice WHERE slice_id = $1", one.id)


async def _county(desk: Desk, one: Slice, count: int) -> None:
    path = f"{API}/slices/{one.id}/manifest?node=township_review"
    async with desk.meter.node("乡镇审核 manifest, sign_slice"):
        root = (await desk.call(REVIEWER, "GET", path))["root"]
        await desk.send(
            SignSlice(
                slice_id=one.id, revision=one.revision, node="township_review", root=root, actor=REVIEWER.sub,
                work_item_id="w1",
            )
        )  # fmt: skip
    await desk.answer(SliceSigned)
    await desk.send(HandToCounty(slice_id=one.id, revision=one.revision))
    batch = await desk.value("SELECT batch_id FROM slice WHERE slice_id = $1", one.id)
    body = {"batch_id": batch, "slice_ids": [one.id]}
    async with desk.meter.node("送审集 open_set"):
        one.set_id = (await desk.call(COUNTY, "POST", f"{API}/sets", json=body))["set_id"]

    def amount(_at: int, row: Mapping[str, Any]) -> dict[str, Any]:
        return {"line_id": row["line_id"], "rev": row["rev"], "amount_fen": world.AMOUNT_FEN}

    stream = f"amounts:k1:{one.id}"
    parts = await one.results(
        AmountsStated, stream, amount, checked_revision=one.revision, calculation_id="k1"
    )
    async with desk.meter.node("测算结果 amounts_stated"):
        await desk.receive(parts, cause=new_id())
    one.revision += 1
    async with desk.meter.node("确认金额 confirm_amounts"):
        await desk.send(ConfirmAmounts(set_id=one.set_id, slices=one.members))
    await desk.answer(AmountsConfirmed)
    for node, who in (("department_review", DEPARTMENT), ("finance_review", FINANCE)):
        async with desk.meter.node(f"签名 manifest, sign_set {node}"):
            root = (await desk.call(who, "GET", f"{API}/sets/{one.set_id}/manifest?node={node}"))["root"]
            await desk.send(
                SignSet(
                    set_id=one.set_id, slices=one.members, node=node, root=root, actor=who.sub, work_item_id="w2"
                )
            )  # fmt: skip
        signed = await desk.answer(SetSigned)
        if (signed.node, signed.signed_lines) != (node, await _normal(desk, one)):
            raise RuntimeError(f"{node} did not sign all normal lines: {signed.signed_lines}")


async def _paid(desk: Desk, one: Slice) -> None:
    command = FreezeSet(set_id=one.set_id, slices=one.members, after_check="f1")

    def passed(_at: int, row: Mapping[str, Any]) -> dict[str, Any]:
        return {"line_id": row["line_id"], "rev": row["rev"], "verdict": "pass", "hits": []}

    parts = await one.results(
        FindingsStated, f"findings:f1:{one.id}", passed, checked_revision=one.revision, check_id="f1",
        stage="before_file", slices=1,
    )  # fmt: skip
    async with desk.meter.node("文件前核实结果、冻结 freeze_set"):
        await desk.send(command)
        await desk.receive(parts, cause=new_id())
    frozen = await desk.answer(SetFrozen)
    if frozen.payable_lines != await _normal(desk, one):
        raise RuntimeError(f"{frozen.payable_lines} lines are payable")

    def payment(at: int, row: Mapping[str, Any]) -> dict[str, Any]:
        failed = at % FAILED_OF == 3
        return {
            "line_id": row["line_id"], "state": "failed" if failed else "paid", "code": "F03" if failed else None,
            "reason": "账户销户" if failed else None,
        }  # fmt: skip

    parts = await one.results(PaymentsStated, f"payments:o1:{one.id}", payment, order_id="o1", slices=1)
    async with desk.meter.node("发放结果 payments_stated"):
        await desk.receive(parts)
    async with desk.meter.node("办结 close_set"):
        await desk.send(CloseSet(set_id=one.set_id, order_id="o1"))
    closed = await desk.answer(SetClosed)
    if closed.paid + closed.failed != frozen.payable_lines:
        raise RuntimeError(f"{closed.paid} paid, {closed.failed} failed of {frozen.payable_lines}")


async def _normal(desk: Desk, one: Slice) -> int:
    found: int = await desk.value(
        "SELECT count(*) FROM line WHERE slice_id = $1 AND state = 'normal'", one.id
    )
    return found

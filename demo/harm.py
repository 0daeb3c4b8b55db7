"""Planned harm: services killed at their busiest moment (KILL), and wrongs planted on purpose (SABOTAGE)."""

import asyncio
import contextlib
import hashlib
from typing import Any

import asyncpg
import httpx

from demo.options import Options
from demo.progress import Board
from demo.run import Run
from stack.rooms import BROKER, Stack

DOWN_S = 1.5
STRIKES_AT = {
    BROKER: "预警核实", "postgres": "部门审核", "registry": "名册导入", "application": "资格校验",
    "batch": "乡镇审核", "verification": "预警核实", "card_matching": "人社匹卡", "agency": "人社匹卡",
    "publicity": "公示②", "grievance": "异议处理", "payment": "发放结果", "bank": "发放结果",
    "orchestrator": "项目测算", "supervision": "乡镇审核", "exchange": "发放结果",
}  # fmt: skip
"""The stage at whose beginning each service is killed: when it has most to lose."""


class Killer:
    """Strikes once per named service, in the background, and brings it back."""

    def __init__(self, options: Options, stack: Stack, board: Board) -> None:
        self._left = list(options.kill)
        self._stack, self._board = stack, board
        self._tasks: set[asyncio.Task[None]] = set()
        self.killed: list[str] = []

    async def strike(self, stage: str) -> None:
        """A stage begins: kill whoever's turn it is."""
        for name in [one for one in self._left if STRIKES_AT[one] == stage]:
            self._left.remove(name)
            self._tasks.add(asyncio.create_task(self._kill(name, stage)))

    async def _kill(self, name: str, stage: str) -> None:
        await asyncio.sleep(0.3)
        await asyncio.to_thread(self._stack.kill, name)
        self.killed.append(name)
        self._board.say(f"** SIGKILL {name} ({stage})，{DOWN_S} 秒后重启 (killed; back in {DOWN_S} s)")
        await asyncio.sleep(DOWN_S)
        await asyncio.to_thread(self._stack.restart, name)
        self._board.say(f"** {name} 已重启 (restarted)")

    async def finish(self) -> None:
        """Wait until everything is back. Raises RuntimeError when somebody's moment never came."""
        await asyncio.gather(*self._tasks)
        if self._left:
            raise RuntimeError(f"未能击停 (never struck): {', '.join(self._left)}")


async def sabotage(run: Run) -> str | None:
    """Plant the wrong that was asked for, behind the system's back; returns what was done."""
    match run.options.sabotage:
        case "double-pay":
            return await _pay_twice(run)
        case "lose":
            return await _lose(run)
        case "cut-audit":
            return await _cut_audit(run)
        case _:
            return None


async def _pay_twice(run: Run) -> str:
    """A second attempt of a payment already made, sent to the bank in a file of its own, and paid by it."""
    for set_id in run.sets:
        county = await county_of(run, set_id)
        who = f"finance_payer@{county}"
        order = await run.portal.get(who, f"/api/payment/v1/sets/{set_id}/order")
        paid = await run.portal.get(
            who, "/api/payment/v1/payments", order_id=order["order_id"], state="PAID", limit=1
        )
        if not paid:
            continue
        payment = paid[0]["payment_id"].replace("-", "")
        content = await run.portal.download(who, f"/api/payment/v1/orders/{order['order_id']}/file")
        head, *lines = content.decode().splitlines()
        line = next(one for one in lines if one.split("|")[1].startswith(payment)).split("|")
        line[0], line[1] = "1", f"{payment}-2"
        batch = head.split("|")
        body = (
            "\n".join(["|".join(["SABOTAGE", batch[1], batch[2], "1", line[5]]), "|".join(line)]).encode()
            + b"\n"
        )
        params = {"file_id": "sabotage-1", "sha256": hashlib.sha256(body).hexdigest()}
        async with httpx.AsyncClient(trust_env=False) as bank:
            answer = await bank.post(f"{run.stack.urls['bank']}/v1/files", params=params, content=body)
            answer.raise_for_status()
        return "银行账册中的第二次支付 (a second payment in the bank's own book)"
    raise RuntimeError("没有已发放的明细可供破坏 (nothing was paid that could be paid twice)")


async def _lose(run: Run) -> str:
    """An accepted application vanishes from the database, with what refers to it."""
    async with _superuser(run, "application") as database:
        row: Any = await database.fetchrow(
            "SELECT application_id FROM application WHERE state = 'listed' AND roster_id IS NULL "
            "ORDER BY application_id LIMIT 1"
        )
        for table in ("consent", "enrolment", "application"):
            await database.execute(f"DELETE FROM {table} WHERE application_id = $1", row["application_id"])
    return "删除一条已受理的申报 (an accepted application deleted from the database)"


async def _cut_audit(run: Run) -> str:
    """The last rows of payment's audit trail disappear; what is left still chains."""
    async with _superuser(run, "payment") as database:
        await database.execute("SET session_replication_role = replica")
        await database.execute("DELETE FROM audit WHERE seq > (SELECT max(seq) - 3 FROM audit)")
    return "截去支付室审计链尾 3 行 (the last three rows of payment's audit trail cut off)"


@contextlib.asynccontextmanager
async def _superuser(run: Run, room: str) -> Any:
    name = run.stack.dsns[room].rpartition("/")[2].partition("?")[0]
    connection = await asyncpg.connect(run.stack.postgres.dsn, database=name)
    try:
        yield connection
    finally:
        await connection.close()


async def county_of(run: Run, set_id: str) -> str:
    """The county that a set belongs to."""
    for county in run.counties:
        for one in await run.portal.get(f"county_handler@{county}", "/api/batch/v1/sets"):
            if one["set_id"] == set_id:
                return county
    raise LookupError(set_id)

"""What a run leaves to be opened, under its run folder: 公示表, bank files, ledger, rules and reasons."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from demo import regions
from demo.figures import Figures
from demo.run import Run
from kit.money import format_yuan
from stack.paths import CHECKOUT

WIDTH = 104
SCRIPT = CHECKOUT / "services" / "portal" / "domain" / "verify_evidence.py"
NODES = {"township_review": "乡镇审核", "department_review": "部门审核", "finance_review": "财政复核"}


async def write(run: Run, found: Figures) -> dict[str, Path]:
    """Write all papers; what → path."""
    folder = run.options.run_dir
    papers: dict[str, Path] = {}
    await _notice(run, folder, papers)
    await _bank(run, found, folder, papers)
    ledgers = [await _ledger(run, county) for county in run.counties]
    papers["ledger"] = _print(folder / "ledger.txt", *ledgers)
    papers["rules"] = _print(folder / "rules.txt", _rules(found), _refusals(found))
    papers["sets"] = _print(folder / "sets.txt", *(_set(one, found) for one in found.sets))
    if run.options.sabotage is None:  # a planted wrong is for the checker to find
        await _evidence(run, found, folder, papers)
    index = folder / "people.json"
    index.write_text(json.dumps(found.index), encoding="utf-8")
    return papers


def number_of(found: Figures, application_id: str) -> str:
    """The number by which `make person` knows an application."""
    known = {one: str(number) for number, one in enumerate(found.index, start=1)}
    return known.get(application_id, application_id)


def _print(path: Path, *tables: Table) -> Path:
    with path.open("w", encoding="utf-8") as file:
        console = Console(file=file, width=WIDTH, highlight=False, emoji=False)
        for table in tables:
            console.print(table)
    return path


def _table(title: str, *columns: str, right: tuple[str, ...] = ()) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return table


def _rules(found: Figures) -> Table:
    table = _table("规则命中 (rules hit)", "规则", "次数", "说明", "依据", "例 (example)", right=("次数",))
    for name, count in sorted(found.rules.items()):
        text, source, application_id = found.rule_examples[name]
        table.add_row(name, str(count), text, source, f"make person N={number_of(found, application_id)}")
    return table


def _refusals(found: Figures) -> Table:
    table = _table("未通过的原因 (why not taken)", "原因", "人", right=("人",))
    for name, count in found.refusals.most_common():
        if count:
            table.add_row(name, str(count))
    return table


def _set(one: dict[str, Any], found: Figures) -> Table:
    """A set with its signatures, those that left it, and what was paid."""
    table = _table(f"送审集 {one['set_id']} · {regions.name(one['county'])}", "事项", "内容")
    table.add_row(
        "清册 (slices)",
        f"{len(one['slices'])} 份，{one['lines']} 人，发放 {one['paid']}，失败 {one['failed']}",
    )
    for sign in one["signatures"]:
        if sign["subject"] == one["set_id"]:
            total = "待测算" if sign["total_fen"] is None else f"{_yuan(sign['total_fen'])} 元"
            table.add_row(
                f"{NODES.get(sign['node'], sign['node'])}签字",
                f"{sign['actor']} · {sign['lines']} 人 {total} · 根 {sign['root'][:23]}…",
            )
    for stay in one["stays"]:
        if stay["left_for"]:
            table.add_row("退出 (left)", f"{stay['left_for']}：{stay['left_reason']} · {stay['left_by']}")
    for order in (order for order in found.orders if order["set_id"] == one["set_id"]):
        counted = "，".join(f"{state} {count}" for state, count in order["payments"].items())
        table.add_row("支付申请 (order)", f"{_yuan(order['total_fen'])} 元 · {counted} · {order['actor']}")
    return table


async def _notice(run: Run, folder: Path, papers: dict[str, Path]) -> None:
    for county in run.counties:
        async for one in run.pages(f"county_handler@{county}", "/api/publicity/v1/notices", limit=500):
            if one["round"] != 2 or one["state"] != "confirmed":
                continue
            for form in ("pdf", "xlsx"):
                path = f"/api/publicity/v1/notices/{one['notice_id']}/sheet.{form}"
                papers[form] = folder / f"notice-{one['township']}.{form}"
                papers[form].write_bytes(
                    await run.portal.download(f"township_handler@{one['township']}", path)
                )
            return


async def _bank(run: Run, found: Figures, folder: Path, papers: dict[str, Path]) -> None:
    for number, order in enumerate(found.orders, start=1):
        who = f"finance_payer@{order['county']}"
        for file in order["files"]:
            if file["sha256"] is None:
                continue
            path = folder / "bank" / f"{order['county']}-{number}-{file['number']}.txt"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(
                await run.portal.download(
                    who, f"/api/payment/v1/orders/{order['order_id']}/file", number=file["number"]
                )
            )
            papers.setdefault("bank", path)


async def _evidence(run: Run, found: Figures, folder: Path, papers: dict[str, Path]) -> None:
    """The evidence pack of a payment, verified by the script that stands alone. Raises RuntimeError when it fails."""
    paid = [order for order in found.orders if order["payments"].get("PAID")]
    if not paid:
        return
    who, order = f"discipline@{paid[-1]['county']}", paid[-1]
    query = {"order_id": order["order_id"], "state": "PAID", "limit": 1}
    (one,) = await run.portal.get(who, "/api/payment/v1/payments", **query)
    path = f"/api/portal/v1/payments/{one['payment_id']}/evidence.zip"
    papers["evidence"] = folder / "evidence.zip"
    papers["evidence"].write_bytes(await run.portal.download(who, path))
    arguments = (sys.executable, "-I", str(SCRIPT), str(papers["evidence"]))
    process = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"证据包不成立 (the evidence pack does not hold):\n{said.decode()}")
    run.facts["evidence"] = said.decode().count("✓")


async def _ledger(run: Run, county: str) -> Table:
    """The trial balance of a county: both columns add up to the same, the balances to nothing."""
    who, year = f"finance_payer@{county}", run.options.period[:4]
    query: dict[str, Any] = {"project": run.options.project, "county": county, "year": year}
    balance = await run.portal.get(who, "/api/payment/v1/ledger/balance", **query)
    money = ("付出", "收入", "余额")
    table = _table(f"{regions.name(county)} {year} 总账 (trial balance)", "科目", *money, right=money)
    for one in balance["accounts"]:
        table.add_row(one["label"], _yuan(one["out_fen"]), _yuan(one["into_fen"]), _yuan(one["balance_fen"]))
    table.add_section()
    mark = "平 ✓" if balance["balanced"] else "不平 ✗"
    table.add_row(
        f"合计 ({mark})",
        _yuan(balance["out_fen"]),
        _yuan(balance["into_fen"]),
        _yuan(balance["balance_sum_fen"]),
    )
    return table


def _yuan(fen: int) -> str:
    return format_yuan(fen, thousands=True)

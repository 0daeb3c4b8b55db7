"""What a run leaves to be opened, under its run folder: 公示表, bank files, ledger, rules and reasons."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from demo import regions
from demo.figures import Figures
from demo.run import Run
from kit.money import format_yuan

WIDTH = 104


async def write(run: Run, found: Figures) -> dict[str, Path]:
    """Write all papers; what → path."""
    folder = run.options.run_dir
    papers: dict[str, Path] = {}
    await _notice(run, folder, papers)
    await _bank(run, found, folder, papers)
    ledgers = [await _ledger(run, county) for county in run.counties]
    papers["ledger"] = folder / "ledger.txt"
    with papers["ledger"].open("w", encoding="utf-8") as file:
        console = Console(file=file, width=WIDTH)
        for table in ledgers:
            console.print(table)
    papers["rules"] = folder / "rules.json"
    told = {"rules": dict(found.rules.most_common()), "refusals": dict(found.refusals.most_common())}
    papers["rules"].write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    papers["sets"] = folder / "sets.json"
    papers["sets"].write_text(
        json.dumps({"sets": found.sets, "orders": found.orders}, ensure_ascii=False, indent=1),
        encoding="utf-8",
    )
    index = folder / "people.json"
    index.write_text(json.dumps(found.index), encoding="utf-8")
    return papers


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


async def _ledger(run: Run, county: str) -> Table:
    """The trial balance of a county: both columns add up to the same, the balances to nothing."""
    who, year = f"finance_payer@{county}", run.options.period[:4]
    query: dict[str, Any] = {"project": run.options.project, "county": county, "year": year}
    balance = await run.portal.get(who, "/api/payment/v1/ledger/balance", **query)
    table = Table(title=f"{regions.name(county)} {year} 总账 (trial balance)", title_justify="left")
    for name in ("科目", "付出", "收入", "余额"):
        table.add_column(name, justify="left" if name == "科目" else "right")
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

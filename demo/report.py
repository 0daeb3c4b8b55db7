"""The report at the end of `make demo`: every figure beside the command that opens it."""

import os
import sys
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from demo import regions
from demo.figures import Figures
from demo.papers import SCRIPT, WIDTH, number_of
from demo.run import Run
from demo.year import Year
from kit.money import format_yuan

INVARIANTS = {
    "I1": "每件受理的申报都在：已办结，或有原因、有人办",
    "I2": "已付+退回+拒付+未明 = 提交 ≤ 核定 ≤ 指标",
    "I3": "同一人、项目、属期、种类、期次只付一次（以银行账册为准）",
    "I4": "消息序号不缺，每条只处理一次",
    "I5": "每笔记账平衡，没有负余额",
    "I6": "审计链完整，未被截短",
    "I7": "申报、清册、送审集各有且只有一个流程实例",
    "I8": "经办与审核不是同一人，签字在权限内",
    "I9": "登记室以外没有个人信息",
    "I10": "没有积压；搁置的消息就是故意投放的",
    "I11": "与参考模型的预测一致",
}


def show(
    run: Run, found: Figures, papers: Mapping[str, Path], checked: Mapping[str, Any], seconds: float
) -> None:
    """Print the report to stdout."""
    console = Console(file=sys.stdout, width=WIDTH, highlight=False, emoji=False)
    options = run.options
    console.print()
    console.rule("[bold]到户 daohu：从申报到到账")
    console.print(
        f"项目 {options.project} · 属期 {options.period} · {len(run.people.people)} 件申报 · 种子 {options.seed} · "
        f"{run.stack.broker_label} · {seconds:.0f} 秒 · 一个虚构的市，三县十八乡镇",
    )
    console.print(f"[dim]{_times(run)}")
    console.print(_figures(run, found, papers, checked))
    console.print(_counties(run, found))
    if "year" in run.facts:
        console.print(_year(run.facts["year"], found))
    console.print(_waiting(run, found))
    for line in papers["ledger"].read_text(encoding="utf-8").splitlines():
        console.print(line, markup=False)
    console.print(_invariants(checked))
    console.print(_files(papers))


def _times(run: Run) -> str:
    """Seconds per stage, in order; the second set's stages are added to the first's."""
    spent: dict[str, float] = {}
    for (name, begun), (_, following) in pairwise(run.stages):
        spent[name] = spent.get(name, 0.0) + following - begun
    return "秒: " + " · ".join(f"{name} {seconds:.0f}" for name, seconds in spent.items() if seconds >= 0.5)


def _figures(run: Run, found: Figures, papers: Mapping[str, Path], checked: Mapping[str, Any]) -> Table:
    table = Table(title="结果 (figures)", title_justify="left")
    for name, justify in (("指标", "left"), ("数", "right"), ("说明", "left"), ("打开 (opens it)", "left")):
        table.add_column(name, justify="right" if justify == "right" else "left", overflow="fold")
    who = {name: f"make person N={number_of(found, one)}" for name, one in found.examples.items()}
    rules, sets, ledger = (f"cat {short(papers[name])}" for name in ("rules", "sets", "ledger"))
    bank = f"cat {short(papers['bank'])}" if "bank" in papers else sets
    notice = f"open {short(papers['pdf'])}" if "pdf" in papers else sets
    upheld = found.objections_upheld
    dismissed = len(run.facts.get("objections", [])) - upheld
    events = checked.get("counts", {}).get("events", 0)
    checker = f"cat {short(run.options.run_dir / 'checker.json')}"
    rows = [
        ("申报", found.applications, "受理并登记的申报", f"make person N=1 … N={found.applications}"),
        ("未通过", found.rejected, _top(found.refusals), who.get("资格校验未通过", rules)),
        ("预警拦截", found.intercepted, _top(found.rules), who.get("预警拦截", rules)),
        ("异常卡", found.abnormal_cards, "转补报，等更正", who.get("异常卡", rules)),
        ("乡镇确认", found.confirmed, "人次", who.get("发放成功", sets)),
        ("公示①", found.published, "已确认公示的人次", notice),
        ("异议成立", upheld, "该行取消", who.get("异议成立", sets)),
        ("异议不成立", dismissed, "转补报，下一集发放", who.get("异议不成立", sets)),
        ("退回乡镇", found.slices_sent_back, "复核后进入下一送审集", sets),
        ("核定金额", yuan(found.approved_fen), "财政复核签字的清册", sets),
        ("发放成功", found.paid, yuan(found.paid_fen) + " 元", who.get("发放成功", bank)),
        ("发放失败", found.failed, "账户冻结等，按行有原因", who.get("发放失败", bank)),
        ("银行文件", len(found.orders), "支付申请，一集一份", bank),
        ("总账", yuan(found.paid_fen), "已付 = 到账", ledger),
        ("证据包", run.facts.get("evidence", "–"), "项证明，离线核验成立", _verify(papers)),
        ("仍在办", checked.get("open", sum(found.waiting.values())), "见下表", who.get("预警拦截", rules)),
        ("消息", events, "Kafka 事件与命令", checker),
    ]
    for one in rows:
        table.add_row(*(str(cell) for cell in one))
    return table


def _counties(run: Run, found: Figures) -> Table:
    table = Table(title="按县 (by county)", title_justify="left")
    for name in ("县", "发放乡镇", "送审集", "发放人数", "金额（元）", "失败"):
        table.add_column(name, justify="left" if name == "县" else "right")
    for county in run.counties:
        orders = [one for one in found.orders if one["county"] == county]
        everything = [one.code for one in regions.at("township", county)]
        paid = sum(code in found.townships_paid for code in everything)
        table.add_row(
            regions.name(county),
            f"{paid}/{len(everything)}",
            str(len([one for one in found.sets if one["county"] == county])),
            str(sum(one["payments"].get("PAID", 0) for one in orders)),
            yuan(sum(one["payments_fen"].get("PAID", 0) for one in orders)),
            str(sum(one["payments"].get("REJECTED", 0) for one in orders)),
        )
    return table


def _year(year: Year, found: Figures) -> Table:
    """Month by month: what was carried over, and what was paid."""
    table = Table(title="按月 (by month)", title_justify="left")
    for name in ("属期", "增", "减", "变动", "不变", "送审集", "发放笔数", "金额（元）", "退票"):
        table.add_column(name, justify="left" if name == "属期" else "right")
    for period in year.periods:
        orders = [one for one in found.orders if one["period"] == period]
        carried = year.carried.get(period, {})
        table.add_row(
            period,
            *(str(carried.get(name, "–")) for name in ("增", "减", "变动", "不变")),
            str(len(orders)),
            str(sum(one["payments"].get("PAID", 0) for one in orders)),
            yuan(sum(one["payments_fen"].get("PAID", 0) for one in orders)),
            str(sum(one["payments"].get("RETURNED", 0) for one in orders)),
        )
    table.caption = (
        f"预警复核：解除 {year.lifted}，属实 {len(year.confirmed)} 人；新增 {len(year.newcomers)} 人；"
        f"变动：迁乡镇、换卡、暂停与恢复（补发）、停发、死亡、追回两期扣回、退票重发各一"
    )
    return table


def _verify(papers: Mapping[str, Path]) -> str:
    if "evidence" not in papers:
        return "–"
    return f"python {short(SCRIPT)} {short(papers['evidence'])}"


def _waiting(run: Run, found: Figures) -> Table:
    title = "仍在办：有原因、有经办、有期限 (open: each with reason, owner, due date)"
    table = Table(title=title, title_justify="left")
    table.add_column("情况")
    table.add_column("人", justify="right")
    table.add_column("打开 (opens it)")
    labels = {
        "held": ("预警挂起，待核实", "预警拦截"),
        "abnormal": ("异常卡，待更正", "异常卡"),
        "reissue": ("发放失败，待更正后重发", "发放失败"),
        "processing": ("处理中", "处理中"),
        "silent": (f"{regions.name(run.silent) if run.silent else ''}未确认（沉默乡镇）", "沉默乡镇"),
    }
    for name, (label, example) in labels.items():
        if found.waiting[name]:
            number = number_of(found, found.examples.get(example, ""))
            table.add_row(label, str(found.waiting[name]), f"make person N={number}")
    return table


def _invariants(checked: Mapping[str, Any]) -> Table:
    table = Table(title="核对：独立程序读各库与银行账册 (checker)", title_justify="left")
    for name in ("", "规则", "核对数", "结果"):
        table.add_column(name, justify="right" if name == "核对数" else "left")
    for name, text in INVARIANTS.items():
        one = checked.get("invariants", {}).get(name)
        result = "未核对" if one is None else "✓" if one["ok"] else "[red]✗"
        table.add_row(name, text, "" if one is None else str(one["checked"]), result)
    return table


def _files(papers: Mapping[str, Path]) -> Table:
    table = Table(title="可以打开 (to look at)", title_justify="left", show_header=False)
    labels = {
        "pdf": "打印的公示表", "xlsx": "公示表（电子表格）", "bank": "银行代发文件", "ledger": "总账",
        "rules": "规则命中与退回原因", "sets": "送审集、签字、支付申请", "evidence": "一笔发放的证据包（离线核验）",
    }  # fmt: skip
    for name, path in papers.items():
        table.add_row(labels[name], short(path))
    return table


def yuan(fen: int) -> str:
    """Fen as yuan with thousands."""
    return format_yuan(fen, thousands=True)


def short(path: Path) -> str:
    """Relative to where we are."""
    return os.path.relpath(path)


def _top(counted: Counter[str]) -> str:
    return " · ".join(f"{name.partition(' (')[0]} {count}" for name, count in counted.most_common(3) if count)

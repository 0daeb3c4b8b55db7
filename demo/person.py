"""`python -m demo.person N`: one person's whole life in the last demonstration, asked through the public API.

N is the number of an application (1 … as the report counts them), an application id, or a receipt's end. The
kept data are brought up again for the moment it takes; nothing is changed but the audit of having looked.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from demo import life
from demo.client import Portal, Refused
from demo.journal import Journal
from demo.options import DATA, RUN
from demo.papers import WIDTH
from kit.clock import CHINA
from kit.money import format_yuan
from stack.paths import StackError
from stack.rooms import Stack
from stack.supervisor import ends_cleanly

FOLDER = RUN.parent / "person"
CONCLUSIONS = {True: "成立 (upheld)", False: "不成立 (dismissed)", None: ""}


class NoSuchPerson(ValueError):
    """Nobody of that number; the text says which there are."""


def resolve(text: str, index: list[str]) -> str:
    """The application id that N means. Raises NoSuchPerson."""
    if text.isdecimal() and len(text) < 8:
        if not 1 <= int(text) <= len(index):
            raise NoSuchPerson(f"N 为 1 到 {len(index)} (N is 1 to {len(index)})")
        return index[int(text) - 1]
    wanted = text.rpartition("-")[2] if text.count("-") == 2 else text
    found = [one for one in index if one == text or one.replace("-", "").upper().startswith(wanted.upper())]
    if len(found) != 1:
        raise NoSuchPerson("没有这件申报 (no such application)")
    return found[0]


def say(text: str) -> None:
    """Progress goes to stderr."""
    print(text, file=sys.stderr, flush=True)


@contextlib.asynccontextmanager
async def _portal(stack: Stack) -> AsyncIterator[Portal]:
    with Journal(FOLDER) as journal:
        portal = Portal(stack.urls["portal"], journal)
        try:
            yield portal
        finally:
            await portal.close()


async def tell(stack: Stack, application_id: str, number: str) -> dict[str, Any]:
    """Gather and print one life; returns what was found."""
    async with _portal(stack) as portal, httpx.AsyncClient(trust_env=False, timeout=20) as bank:
        found = await life.gather(portal, application_id)
        for payment in found["payments"]:
            body = {"end_to_end_ids": [payment["end_to_end_id"]]}
            answer = await bank.post(f"{stack.urls['bank']}/v1/queries", json=body)
            payment["bank"] = answer.raise_for_status().json()["results"][0]
    show(found, number)
    return found


def show(found: dict[str, Any], number: str) -> None:
    """Print a life, from the application to the bank's own book."""
    console = Console(file=sys.stdout, width=WIDTH, highlight=False, emoji=False)
    application, person = found["application"], found["person"]
    console.rule(f"[bold]N={number} {person['name']} {person['id_no_masked']}")
    console.print(
        f"申报 {application['receipt']} · {application['channel_label']} · {life.place(application)} · "
        f"{life.category(application['category'])} · {application['submitted_on']} · {_state(application)}"
    )
    for reason in application["reasons"]:
        console.print(f"  未通过原因: {reason}", markup=False)
    if found["enrolment"]:
        console.print(
            f"享受资格 (enrolment): {_state(found['enrolment'])} 自 {found['enrolment']['valid_from']}"
        )
    _table(console, "资格校验与预警核实：规则命中 (rules hit)", ("时间", "阶段", "规则", "效力", "依据", "说明"), [
        (_at(one["at"]), life.STAGES[one["stage"]], one["rule"], life.EFFECTS[one["effect"]], *_evidence(one))
        for one in found["hits"]
    ])  # fmt: skip
    for line in found["lines"]:
        _line(console, line)
    _table(console, "人社匹卡 (card)", ("状态", "原因", "查询次数"), [
        (life.STATES[one["status"]], one["reason"] or "", str(one["asks"])) for one in found["cards"]
    ])  # fmt: skip
    _table(console, "公示 (notices)", ("轮", "标题", "地点", "起止", "状态"), [
        (str(one["round"]), one["title"], one["place"] or "", _days(one), one["state_label"])
        for one in found["notices"]
    ])  # fmt: skip
    _table(console, "异议 (objections)", ("登记", "事由", "状态", "结论"), [
        (_at(one["registered_at"]), life.TOPICS[one["topic"]], one["state_label"], CONCLUSIONS[one["upheld"]])
        for one in found["objections"]
    ])  # fmt: skip
    _table(console, "办理经过，业务时间 (who did what, business time)", ("时间", "环节", "经办人"), [
        (_at(one["at"]), one["name"], one["actor"]) for one in found["steps"]
    ])  # fmt: skip
    _table(console, "现在等谁 (waits for)", ("环节", "由谁", "地区", "自", "期限"), [
        (one["name"], one["role"], one["region"], _at(one["opened_at"]), _at(one["due_at"]))
        for one in found["waits"]
    ])  # fmt: skip
    for payment in found["payments"]:
        _payment(console, payment)


def _line(console: Console, line: dict[str, Any]) -> None:
    amount = "待测算" if line["amount_fen"] is None else f"{format_yuan(line['amount_fen'])} 元"
    console.print(
        f"\n明细 {line['line_id']} · 属期 {line['entitlement_period']} · {amount} · [bold]{_state(line)}[/] "
        f"{line['reason'] or ''}"
    )
    _table(console, "状态变化 (changes)", ("次", "时间", "状态", "原因", "金额(分)", "谁"), [
        (str(one["rev"]), _at(one["at"]), _state(one), one["reason"] or "", str(one["amount_fen"] or ""), one["actor"])
        for one in line["changes"]
    ])  # fmt: skip
    title = "签字：清册的 Merkle 根包含此行，真实时间 (signatures, real time)"
    _table(console, title, ("环节", "时间", "签字人", "根", "叶"), [
        (one["node"], _at(one["signed_at"]), one["actor"], one["root"][:16], one["leaf"][:16])
        for one in line["signatures"]
    ])  # fmt: skip


def _payment(console: Console, one: dict[str, Any]) -> None:
    bank = one["bank"]
    console.print(
        f"\n支付 {one['end_to_end_id']} · {format_yuan(one['amount_fen'])} 元 · [bold]{one['state']}[/] "
        f"{one['code'] or ''} {one['reason'] or ''}"
    )
    console.print(f"  记账 (postings): {', '.join(one['posted'])}")
    console.print(
        f"  银行账册 (the bank's own book): {bank['status']} {format_yuan(bank['amount_fen'] or 0)} 元 "
        f"流水 {bank['bank_serial'] or '无'} {bank['paid_at'] or ''} {bank['reason'] or ''}",
        markup=False,
    )


def _table(console: Console, title: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    if not rows:
        return
    table = Table(*heads, title=title, title_justify="left", box=SIMPLE_HEAD)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _evidence(hit: dict[str, Any]) -> tuple[str, str]:
    return hit["source"], hit["text"]


def _state(one: dict[str, Any]) -> str:
    return life.STATES[one["state"]]


def _days(notice: dict[str, Any]) -> str:
    return f"{notice['starts_on']} – {notice['ends_on']}" if notice["starts_on"] else "待填写"


def _at(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(CHINA):%m-%d %H:%M}"


def main(arguments: list[str]) -> int:
    """Exit 0 with the life on stdout; 1 with the reason."""
    try:
        index_file: Path = RUN / "people.json"
        if not index_file.is_file() or not (DATA / "postgres").is_dir():
            raise NoSuchPerson("没有保存的演示数据，请先 make demo (no kept data: `make demo` first)")
        if len(arguments) != 1:
            raise NoSuchPerson("用法 (usage): make person N=1")
        application_id = resolve(arguments[0], json.loads(index_file.read_text(encoding="utf-8")))
        rooms = Stack(data_dir=DATA, run_dir=FOLDER, say=say)
        with ends_cleanly(), rooms as stack:
            asyncio.run(tell(stack, application_id, arguments[0]))
    except (NoSuchPerson, StackError, Refused) as problem:
        say(f"失败 (failed): {problem}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

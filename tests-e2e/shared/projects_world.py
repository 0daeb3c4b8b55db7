"""What the world outside knows of the people of the six projects: cards, accounts, registers."""

import csv
import io
import json
from collections.abc import Mapping

import httpx
from projects_people import Someone

from demo.client import Portal
from demo.run import OPERATOR


async def worlds(urls: Mapping[str, str], people: list[Someone]) -> None:
    """人社 and the bank know everybody's card, and make no trouble."""
    async with httpx.AsyncClient(timeout=60, trust_env=False) as outside:
        for url, rows in (
            (urls["agency"], [one.card() for one in people]),
            (urls["bank"], [one.bank() for one in people]),
        ):
            lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (await outside.post(f"{url}/v1/world", content=lines.encode())).raise_for_status()
        quiet = {"processing_rate": 0}
        (await outside.post(f"{urls['agency']}/v1/behaviour", json=quiet)).raise_for_status()
        sure = {"fail_rate": 0, "unknown_rate": 0}
        (await outside.post(f"{urls['bank']}/v1/behaviour", json=sure)).raise_for_status()


async def lists(portal: Portal, people: list[Someone]) -> None:
    """The registers of members and births, and of vehicles."""
    register = [one for one in people if one.marks & {"member", "birth"}]
    files: dict[str, tuple[tuple[str, ...], list[tuple[str, ...]]]] = {
        "membership": (
            ("身份证号码", "姓名", "补贴对象类别", "起始日期"),
            [(one.id_no, one.name, one.label, "2022-01-01") for one in register],
        ),
        "vehicles": (
            ("身份证号码", "姓名", "车辆类型"),
            [(one.id_no, one.name, "小型汽车") for one in people if "vehicle" in one.marks],
        ),
    }
    for kind, (headings, rows) in files.items():
        text = io.StringIO()
        csv.writer(text).writerows([headings, *rows])
        sent = {"file": (f"{kind}.csv", text.getvalue().encode("utf-8-sig"), "text/csv")}
        answer = await portal.post(OPERATOR, f"/api/verification/v1/reference/{kind}", files=sent)
        assert answer["rejected"] == 0, answer

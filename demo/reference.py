"""What other departments hand over: deaths, membership and so on, as xlsx or CSV with ID numbers.

Each file also lists strangers: a check that only ever meets its own people would prove little.
"""

import csv
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal, get_args

from xlsxwriter import Workbook

from demo import invented, regions
from demo.people import CATEGORY_LABELS, Person, Population
from demo.population import Maker, period_days

Kind = Literal["deaths", "membership", "household", "exclusive_subsidy", "prisoners", "fiscal_payroll"]
KINDS: tuple[Kind, ...] = get_args(Kind)

HEADINGS: dict[Kind, tuple[str, ...]] = {
    "deaths": ("身份证号码", "姓名", "死亡日期", "数据来源"),
    "membership": ("身份证号码", "姓名", "补贴对象类别", "起始日期"),
    "household": ("身份证号码", "姓名", "户籍地区划代码"),
    "exclusive_subsidy": ("身份证号码", "姓名", "补贴项目", "起始日期"),
    "prisoners": ("身份证号码", "姓名", "起始日期"),
    "fiscal_payroll": ("身份证号码", "姓名", "单位"),
}
SOURCES = ("民政", "公安", "殡葬", "卫健")
OUTSIDE = "539999"
"""A county code of another, unassigned, place: registered there means registered elsewhere."""


def rows(population: Population, kind: Kind) -> Iterator[tuple[str, ...]]:
    """The rows of one file, without headings, sorted by number so that nothing tells ours from strangers."""
    found = [row for one in population.originals() if (row := _row(one, kind, population.period))]
    found += _strangers(population, kind, max(5, len(population.people) // 50))
    yield from sorted(found)


def _row(one: Person, kind: Kind, period: str) -> tuple[str, ...] | None:
    since = (period_days(period)[0] - timedelta(days=365)).isoformat()
    who = (one.id_no, one.name)
    if kind == "deaths" and one.died:
        return (*who, one.died.isoformat(), SOURCES[int(one.ref[1:]) % len(SOURCES)])
    if kind == "membership" and one.member:
        return (*who, CATEGORY_LABELS[one.category], since)
    if kind == "household":
        return (*who, OUTSIDE if one.fault == "out_of_region" else one.village)
    if kind == "exclusive_subsidy" and one.fault == "exclusive":
        return (*who, "失能老年人护理补贴", since)
    if kind == "prisoners" and one.fault == "prisoner":
        return (*who, since)
    if kind == "fiscal_payroll" and one.fault == "payroll":
        return (*who, f"{regions.name(regions.CITY)}某事业单位")
    return None


def _strangers(population: Population, kind: Kind, count: int) -> list[tuple[str, ...]]:
    rng = random.Random(f"{population.seed}|{kind}")
    maker = Maker(rng, population.period)
    maker.used = {one.id_no for one in population.people} | {one.id_no for one in population.helpers}
    day = period_days(population.period)[0] - timedelta(days=30)
    rest: dict[Kind, tuple[str, ...]] = {
        "deaths": (day.isoformat(), SOURCES[0]),
        "membership": (CATEGORY_LABELS["minimum_living"], day.isoformat()),
        "household": (maker.villages[0],),
        "exclusive_subsidy": ("失能老年人护理补贴", day.isoformat()),
        "prisoners": (day.isoformat(),),
        "fiscal_payroll": ("某机关",),
    }
    return [(maker.identity(30, 96)[0], invented.person_name(rng), *rest[kind]) for _ in range(count)]


def write_reference(
    population: Population, kind: Kind, folder: Path, form: Literal["xlsx", "csv"] = "csv"
) -> Path:
    """One department's file; CSV is UTF-8 with a byte order mark, as spreadsheets expect."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{kind}.{form}"
    if form == "csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADINGS[kind])
            writer.writerows(rows(population, kind))
        return path
    with Workbook(path, {"constant_memory": True, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet(kind)
        for number, row in enumerate((HEADINGS[kind], *rows(population, kind))):
            for column, text in enumerate(row):
                sheet.write_string(number, column, text)
    return path


def write_all(population: Population, folder: Path, form: Literal["xlsx", "csv"] = "csv") -> dict[Kind, Path]:
    """Every file: kind → path."""
    return {kind: write_reference(population, kind, folder, form) for kind in KINDS}

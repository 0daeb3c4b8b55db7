"""Other departments' lists: which columns each kind has, and what a row says once its number is an index."""

import re
from datetime import date
from typing import NamedTuple

ID_NO = "id_no"
DAY = "day"
DETAIL = "detail"

HEADINGS: dict[str, dict[str, tuple[str, ...]]] = {
    "deaths": {DAY: ("死亡日期",), DETAIL: ("数据来源",)},
    "membership": {DETAIL: ("补贴对象类别",), DAY: ("起始日期",)},
    "household": {DETAIL: ("户籍地区划代码",)},
    "exclusive_subsidy": {DETAIL: ("补贴项目",), DAY: ("起始日期",)},
    "prisoners": {DAY: ("起始日期",)},
    "fiscal_payroll": {DETAIL: ("单位",)},
    "other_subsidy": {DETAIL: ("补贴项目",), DAY: ("起始日期",)},
    "companies": {DETAIL: ("登记类型",)},
    "vehicles": {DETAIL: ("车辆类型",)},
    "properties": {DETAIL: ("不动产类型",)},
    "village_cadres": {DETAIL: ("职务",)},
}
"""Kind → column → headings. Every kind also has the ID number; names and other columns are not read."""
ID_HEADINGS = ("身份证号码", "身份证号", "公民身份号码")
_DAY = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?")
_CATEGORIES = {"特困": "destitute", "低保": "minimum_living", "最低生活保障": "minimum_living"}
_MOST_DETAIL = 60


class Entry(NamedTuple):
    """A usable row; `id_no` is on its way to the registry and is not stored."""

    number: int
    id_no: str
    day: date | None
    detail: str | None


class BadCell(NamedTuple):
    """Why a row is not usable; never repeats what stood there."""

    column: str
    code: str
    message: str


def read_day(text: str) -> date | None:
    """2023-05-01, 2023/5/1, 20230501 or 2023年5月1日; None for anything else."""
    match = _DAY.fullmatch(text.strip())
    if match is None:
        return None
    try:
        return date(*(int(part) for part in match.groups()))
    except ValueError:
        return None


def category_of(text: str) -> str:
    """The category code of a register's wording; an unknown wording stays as it is."""
    return next((code for word, code in _CATEGORIES.items() if word in text), text)


def entry(kind: str, number: int, values: dict[str, str]) -> Entry | BadCell:
    """One row of a list, or the first thing wrong with it."""
    columns = HEADINGS[kind]
    day = read_day(values.get(DAY, "")) if DAY in columns else None
    if DAY in columns and day is None:
        return BadCell(columns[DAY][0], "day", "日期无法识别 (not a date)")
    detail = values.get(DETAIL, "").strip()[:_MOST_DETAIL]
    if kind in ("membership", "household", "exclusive_subsidy", "other_subsidy") and not detail:
        return BadCell(columns[DETAIL][0], "empty", "不能为空 (must not be empty)")
    if kind == "membership":
        detail = category_of(detail)
    if kind == "household" and not (detail.isascii() and detail.isdigit() and len(detail) >= 6):
        return BadCell(columns[DETAIL][0], "region", "区划代码错误 (not a region code)")
    return Entry(number, values[ID_NO], day, detail or None)

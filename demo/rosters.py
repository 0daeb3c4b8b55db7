"""Roster files as townships upload them (xlsx, Chinese headings), and a user's own roster read in."""

import random
from dataclasses import replace
from datetime import date
from pathlib import Path

from python_calamine import load_workbook
from xlsxwriter import Workbook

from demo import regions
from demo.people import CATEGORY_LABELS, Category, Person, Population
from demo.population import Maker
from kit.idnumber import IdNumber, normalise

HEADINGS = ("姓名", "身份证号码", "联系电话", "村（社区）", "补贴对象类别", "备注")
"""The columns of a roster, in this order; in a user's own file 备注 may be missing and 所属乡镇 added."""

TOWNSHIP = "所属乡镇"
WIDTHS = (14, 24, 16, 18, 18, 30)


class BadRoster(ValueError):
    """A user's roster that can't be read; the text says what to mend, without any person's data."""


def row_of(one: Person) -> tuple[str, ...]:
    """A person as a roster row; every cell is text, so that no digit is lost."""
    return (
        one.name, one.id_typed, one.phone, regions.name(one.village), CATEGORY_LABELS[one.category], "",
    )  # fmt: skip


def write_roster(path: Path, people: list[Person]) -> Path:
    """One township's roster as xlsx."""
    with Workbook(path, {"constant_memory": True, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet("名册")
        head = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1})
        for column, width in enumerate(WIDTHS):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(1, 0)
        for column, heading in enumerate(HEADINGS):
            sheet.write_string(0, column, heading, head)
        for number, one in enumerate(people, start=1):
            for column, text in enumerate(row_of(one)):
                sheet.write_string(number, column, text)
    return path


def write_rosters(population: Population, folder: Path) -> dict[str, Path]:
    """One file per township that has any; township code → path."""
    folder.mkdir(parents=True, exist_ok=True)
    return {
        township: write_roster(folder / f"roster-{population.period}-{township}.xlsx", people)
        for township, people in population.rosters().items()
    }


def read_roster(path: Path, seed: int = 1, period: str = "202305") -> Population:
    """A user's own roster as a population: everybody alive, a member and with a good card.

    Raises BadRoster when it is no xlsx, lacks a heading, or names an unknown township or category.
    """
    try:
        rows = load_workbook(str(path)).get_sheet_by_index(0).to_python(skip_empty_area=True)
    except Exception as error:
        raise BadRoster("不是可读的 xlsx 文件 (not a readable xlsx file)") from error
    headings = [str(cell).strip() for cell in rows[0]] if rows else []
    missing = [heading for heading in HEADINGS[:5] if heading not in headings]
    if missing:
        raise BadRoster(f"缺少列 (columns missing): {'、'.join(missing)}")
    maker = Maker(random.Random(seed), period)
    people: list[Person] = []
    seen: dict[str, str] = {}
    for number, row in enumerate(rows[1:], start=2):
        cells = {heading: _text(cell) for heading, cell in zip(headings, row, strict=False)}
        if any(cells.values()):
            people.append(_person(maker, cells, number, seen))
    if not people:
        raise BadRoster("没有数据行 (no rows)")
    return Population(people, period, seed)


def _text(cell: object) -> str:
    # A number typed into Excel comes as a float; long ones lost digits there and fail their check digit.
    return f"{cell:.0f}" if isinstance(cell, float) else str(cell).strip()


def _person(maker: Maker, cells: dict[str, str], number: int, seen: dict[str, str]) -> Person:
    made = maker.person("roster", "", None)
    parsed = normalise(cells["身份证号码"])
    good = isinstance(parsed, IdNumber)
    id_no = parsed.number if isinstance(parsed, IdNumber) else cells["身份证号码"]
    card = replace(made.card, account_name=cells["姓名"]) if made.card and good else None
    return replace(
        made,
        name=cells["姓名"],
        id_no=id_no,
        id_typed=cells["身份证号码"],
        born=parsed.birth_date if isinstance(parsed, IdNumber) else date(1900, 1, 1),
        gender="male" if isinstance(parsed, IdNumber) and parsed.gender == "male" else "female",
        phone=cells["联系电话"],
        village=_village(cells, number),
        category=_category(cells["补贴对象类别"], number),
        card=card,
        fault="" if good else "bad_check",
        duplicate_of=None if seen.setdefault(id_no, made.ref) == made.ref else seen[id_no],
    )


def _village(cells: dict[str, str], number: int) -> str:
    township = cells.get(TOWNSHIP, "")
    inside = [one for one in regions.at("township") if township in ("", one.name, one.code)]
    if not inside:
        raise BadRoster(f"第 {number} 行: 未知乡镇 (unknown township)")
    villages = [one for place in inside for one in regions.at("village", place.code)]
    return next((one.code for one in villages if one.name == cells["村（社区）"]), villages[0].code)


def _category(text: str, number: int) -> Category:
    for code, label in CATEGORY_LABELS.items():
        if text.startswith(label[:2]):
            return code
    raise BadRoster(f"第 {number} 行: 未知补贴对象类别 (unknown category)")

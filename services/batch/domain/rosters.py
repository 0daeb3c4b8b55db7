"""Which rows of a roster are good, and everything that is wrong with the others, all rows at once."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

COLUMNS = ("姓名", "身份证号码", "联系电话", "村（社区）", "补贴对象类别", "备注")
TOWNSHIP_COLUMN = "乡镇"
REQUIRED = ("姓名", "身份证号码", "村（社区）", "补贴对象类别")
NAME, ID_NO, PHONE, VILLAGE, CATEGORY = COLUMNS[:5]
QUANTITY = "数量"
HEAD_NAME, HEAD_ID = "户主姓名", "户主身份证号码"
PAYEE_NAME, PAYEE_ID = "领款人姓名", "领款人身份证号码"
DECIMALS = 4
"""Decimals that a quantity may have: a hundredth of a square metre, in 亩."""
LARGEST = Decimal(1_000_000)


def quantity_headings(unit: str) -> tuple[str, ...]:
    """How a list may head its quantities; `unit` as the project counts (亩, 台, 人·月)."""
    plain = ("数量", "面积", "申报数量", "申报面积")
    return (*plain, *(f"{one}（{unit}）" for one in plain), *(f"{one}({unit})" for one in plain))


def counts_things(unit: str) -> bool:
    """Whether every row must say how much: land and machines, not persons or households by the month."""
    return bool(unit) and not unit.endswith("月")


@dataclass(frozen=True)
class Wrong:
    """One thing wrong with one row; never repeats what the cell held."""

    row: int
    column: str
    code: str
    message: str


@dataclass(frozen=True)
class Named:
    """Somebody else that a row names: head of the household, or who is paid."""

    id_no: str = field(repr=False)
    name: str = field(repr=False)


@dataclass(frozen=True)
class Person:
    """A row that can be resolved. Person data: lives only as long as the request. `quantity` a decimal in text."""

    row: int
    id_no: str = field(repr=False)
    name: str = field(repr=False)
    phone: str | None = field(repr=False)
    township: str
    village: str
    category: str
    quantity: str = "1"
    head: Named | None = field(default=None, repr=False)
    payee: Named | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Reader:
    """What the rows are checked against. `normalise` gives the canonical number or (code, message)."""

    normalise: Callable[[str], str | tuple[str, str]]
    townships: Mapping[str, str]
    """Code by name and by code, of the townships that the uploader may write to."""
    villages: Mapping[tuple[str, str], str]
    """Village code by (township code, name or code)."""
    categories: Mapping[str, str]
    """Category code by name and by code; empty: the project has none declared."""
    township: str | None = None
    """The township of every row, when the file is one township's."""
    unit: str = ""
    """What quantities count."""


def read(rows: Iterable[tuple[int, Mapping[str, str]]], reader: Reader) -> tuple[list[Person], list[Wrong]]:
    """The good rows and all that is wrong, in row order; the first of several equal numbers is kept."""
    persons: list[Person] = []
    wrong: list[Wrong] = []
    seen: dict[str, int] = {}
    for number, cells in rows:
        person, problems = _row(number, cells, reader, seen)
        wrong.extend(problems)
        if person is not None:
            persons.append(person)
    return persons, wrong


def _row(
    number: int, cells: Mapping[str, str], reader: Reader, seen: dict[str, int]
) -> tuple[Person | None, list[Wrong]]:
    problems: list[Wrong] = []

    def bad(column: str, code: str, message: str) -> None:
        problems.append(Wrong(number, column, code, message))

    name = cells.get(NAME, "").strip()
    if not name:
        bad(NAME, "name_empty", "姓名为空 (name is empty)")
    id_no = reader.normalise(cells.get(ID_NO, ""))
    if isinstance(id_no, tuple):
        bad(ID_NO, *id_no)
        id_no = ""
    elif id_no in seen:
        bad(ID_NO, "duplicate_in_file", f"与第{seen[id_no]}行重复 (the same number as in row {seen[id_no]})")
    else:
        seen[id_no] = number
    township = _township(cells, reader)
    if township is None:
        bad(TOWNSHIP_COLUMN, "unknown_township", "乡镇不存在或不属于本辖区 (unknown township, or not yours)")
    village = reader.villages.get((township or "", cells.get(VILLAGE, "").strip()))
    if village is None and township is not None:
        bad(VILLAGE, "unknown_village", "村（社区）不在该乡镇 (the village is not in the township)")
    category = _category(cells.get(CATEGORY, "").strip(), reader.categories)
    if category is None:
        bad(CATEGORY, "unknown_category", "补贴对象类别不存在 (unknown category)")
    quantity = quantity_of(cells.get(QUANTITY, ""), reader.unit)
    if quantity is None:
        bad(
            QUANTITY,
            "bad_quantity",
            "数量或面积须为正数，最多四位小数 (a positive number of four decimals at most)",
        )
    head = _named(cells, HEAD_NAME, HEAD_ID, reader, bad)
    payee = _named(cells, PAYEE_NAME, PAYEE_ID, reader, bad)
    if problems or quantity is None or township is None or village is None or category is None:
        return None, problems
    phone = cells.get(PHONE, "").strip() or None
    return Person(number, id_no, name, phone, township, village, category, quantity, head, payee), []


def quantity_of(text: str, unit: str) -> str | None:
    """Canonical text of a quantity; "1" where none is asked for; None when it is no usable number."""
    wanted = text.strip().replace(",", "").replace("，", "")
    if not wanted:
        return None if counts_things(unit) else "1"
    if not re.fullmatch(rf"[0-9]{{1,7}}(\.[0-9]{{1,{DECIMALS}}})?", wanted):
        return None
    value = Decimal(wanted)
    if not 0 < value <= LARGEST:
        return None
    return f"{value.normalize():f}"


def _named(
    cells: Mapping[str, str], name: str, id_no: str, reader: Reader, bad: Callable[[str, str, str], None]
) -> Named | None:
    who, number = cells.get(name, "").strip(), cells.get(id_no, "").strip()
    if not who and not number:
        return None
    if not who:
        bad(name, "name_empty", "姓名为空 (name is empty)")
        return None
    found = reader.normalise(number)
    if isinstance(found, tuple):
        bad(id_no, *found)
        return None
    return Named(found, who)


def _township(cells: Mapping[str, str], reader: Reader) -> str | None:
    text = cells.get(TOWNSHIP_COLUMN, "").strip()
    if reader.township is None:
        return reader.townships.get(text)
    if text and reader.townships.get(text) != reader.township:
        return None
    return reader.township


def _category(text: str, known: Mapping[str, str]) -> str | None:
    if not text:
        return None
    return known.get(text) if known else text


def by_row(wrong: Sequence[Wrong]) -> dict[int, list[Wrong]]:
    """What is wrong, per row."""
    found: dict[int, list[Wrong]] = {}
    for one in wrong:
        found.setdefault(one.row, []).append(one)
    return found

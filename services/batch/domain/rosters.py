"""Which rows of a roster are good, and everything that is wrong with the others, all rows at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

COLUMNS = ("姓名", "身份证号码", "联系电话", "村（社区）", "补贴对象类别", "备注")
TOWNSHIP_COLUMN = "乡镇"
REQUIRED = ("姓名", "身份证号码", "村（社区）", "补贴对象类别")
NAME, ID_NO, PHONE, VILLAGE, CATEGORY = COLUMNS[:5]


@dataclass(frozen=True)
class Wrong:
    """One thing wrong with one row; never repeats what the cell held."""

    row: int
    column: str
    code: str
    message: str


@dataclass(frozen=True)
class Person:
    """A row that can be resolved. Person data: lives only as long as the request."""

    row: int
    id_no: str = field(repr=False)
    name: str = field(repr=False)
    phone: str | None = field(repr=False)
    township: str
    village: str
    category: str


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
    if problems or township is None or village is None or category is None:
        return None, problems
    phone = cells.get(PHONE, "").strip() or None
    return Person(number, id_no, name, phone, township, village, category), []


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

"""Spreadsheets in and out: an upload becomes rows of text under known headings, with all its row errors at
once; an export is written so that no cell can run as a formula, in whatever it is opened or saved to.

Both are plain computation: in a server call them through `asyncio.to_thread`.
"""

import io
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook, ZipError

from kit.errors import RowError, bad_request, too_large, unprocessable
from kit.xlsxguard import Guarded, Limits, guard

__all__ = ["Column", "Limits", "Reading", "Row", "letters", "neutralise", "read_xlsx", "write_xlsx"]

_HEADING_ROWS = 10  # titles may stand above the headings
_EXACT_BELOW = 10**15  # a spreadsheet keeps 15 digits of a number; an ID or card number has more
_DANGEROUS = tuple("=+-@\t\r\n＝＋－＠|%")


@dataclass(frozen=True, slots=True)
class Column:
    """A column we look for: our key, and the headings it may bear (compared without width, space and '*')."""

    key: str
    headings: tuple[str, ...]
    required: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One data row: its number as the spreadsheet shows it, and a text for every column ("" when empty)."""

    number: int
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """The rows, and what is wrong with single cells already here; the caller adds its own row errors."""

    rows: list[Row]
    errors: list[RowError]
    headings: Mapping[str, str]


def _plain(heading: object) -> str:
    text = unicodedata.normalize("NFKC", str(heading))
    return "".join(text.split()).strip("*").lower()


def letters(number: int) -> str:
    """1 → A, 27 → AA."""
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text


def read_xlsx(data: bytes, columns: Sequence[Column], limits: Limits = Limits()) -> Reading:
    """Read the first sheet. Raises a Problem: not-xlsx, zip-bomb (400), too-large (413), headings (422)."""
    guarded = guard(data, limits)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(guarded.data))
        sheet = workbook.get_sheet_by_index(0)
        if sheet.width > limits.columns:
            raise too_large("列数超过上限 (too many columns)", limit_columns=limits.columns)
        if sheet.height > limits.rows + _HEADING_ROWS:
            raise too_large("行数超过上限 (too many rows)", limit_rows=limits.rows)
        grid = enumerate(sheet.to_python(skip_empty_area=False), start=1)
    except (CalamineError, ZipError, ValueError, IndexError):
        raise bad_request("not-xlsx", "不是有效的xlsx文件", "not a valid xlsx file") from None
    places, names = _find_headings(grid, columns)
    rows, errors = _read_rows(grid, places, names, limits)
    errors = [*_formula_errors(guarded, places, names), *errors]
    return Reading(rows, sorted(errors, key=lambda error: error.row), names)


def _find_headings(
    grid: Iterator[tuple[int, list[Any]]], columns: Sequence[Column]
) -> tuple[dict[str, int], dict[str, str]]:
    """({key: index}, {key: heading as written}) of the first row that bears all required headings."""
    wanted = {_plain(heading): column.key for column in columns for heading in column.headings}
    best: list[str] = [column.headings[0] for column in columns if column.required]
    for _, (number, cells) in zip(range(_HEADING_ROWS), grid, strict=False):
        found = [
            (wanted[_plain(cell)], i, str(cell).strip())
            for i, cell in enumerate(cells)
            if _plain(cell) in wanted
        ]
        keys = [key for key, _, _ in found]
        missing = [c.headings[0] for c in columns if c.required and c.key not in keys]
        if not missing:
            twice = sorted({name for key, _, name in found if keys.count(key) > 1})
            if twice:
                raise unprocessable(
                    "headings", "表头重复", "a heading stands twice", row=number, headings=twice
                )
            return {key: i for key, i, _ in found}, {key: name for key, _, name in found}
        best = min(best, missing, key=len)
    raise unprocessable("headings", "缺少表头", "headings are missing", missing=best)


def _read_rows(
    grid: Iterator[tuple[int, list[Any]]], places: dict[str, int], names: dict[str, str], limits: Limits
) -> tuple[list[Row], list[RowError]]:
    rows: list[Row] = []
    errors: list[RowError] = []
    for number, cells in grid:
        values = {key: _text(cells[i]) for key, i in places.items()}
        if not any(value.strip() for value in values.values()):
            continue
        rows.append(Row(number, values))
        if len(rows) > limits.rows:
            raise too_large("行数超过上限 (too many rows)", limit_rows=limits.rows)
        for key, i in places.items():
            if isinstance(cells[i], float) and abs(cells[i]) >= _EXACT_BELOW:
                message = (
                    "长数字须以文本填写，否则尾数丢失 (long numbers must be text cells, digits were lost)"
                )
                errors.append(RowError(number, names[key], "number_not_text", message))
    return rows, errors


def _formula_errors(guarded: Guarded, places: dict[str, int], names: dict[str, str]) -> Iterator[RowError]:
    by_letter = {letters(index + 1): names[key] for key, index in places.items()}
    for sheet, row, column in guarded.formulas:
        place = by_letter.get(column, column) if guarded.sheets == 1 else f"{sheet}!{column}"
        yield RowError(row, place, "formula", "单元格含公式，请粘贴为数值 (the cell has a formula)")


def _text(cell: Any) -> str:
    match cell:
        case bool():
            return "TRUE" if cell else "FALSE"
        case float() if cell.is_integer():
            return str(int(cell))
        case float():
            return format(Decimal(repr(cell)), "f")
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case datetime() | date() | time():
            return cell.isoformat()
    return str(cell)


def neutralise(text: str) -> str:
    """The text, with an apostrophe before it when a spreadsheet might run it as a formula."""
    first = text.lstrip(" \u3000")
    return f"'{text}" if first.startswith(_DANGEROUS) else text


def write_xlsx(
    headings: Sequence[str],
    rows: Iterable[Sequence[str | int | Decimal | None]],
    *,
    sheet: str = "Sheet1",
    widths: Sequence[int] = (),
) -> bytes:
    """A workbook of one sheet: texts as text cells, int and Decimal as numbers (long numbers as text)."""
    out = io.BytesIO()
    # In memory: the library's temporary files would hold persons' data in the clear.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        page = book.add_worksheet(sheet)
        page.freeze_panes(1, 0)
        text_format = book.add_format({"num_format": "@"})
        for column, heading in enumerate(headings):
            page.set_column(column, column, widths[column] if column < len(widths) else 16)
            page.write_string(0, column, neutralise(heading), book.add_format({"bold": True}))
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                if isinstance(value, int | Decimal) and -_EXACT_BELOW < value < _EXACT_BELOW:
                    page.write_number(number, column, value)
                elif value is not None:
                    page.write_string(number, column, neutralise(str(value)), text_format)
    return out.getvalue()

"""An uploaded list, xlsx or CSV, as usable rows and row errors. Plain computation: call it in a thread."""

import csv
import io
from collections.abc import Iterator, Mapping

from kit.errors import RowError, too_large, unprocessable
from kit.sheets import Column, Limits, Row, read_xlsx
from services.verification.domain.references import HEADINGS, ID_HEADINGS, ID_NO, BadCell, Entry, entry

_ZIP = b"PK\x03\x04"


def columns_of(kind: str) -> list[Column]:
    """What the list must bear; other columns, names among them, are not read."""
    wanted = {ID_NO: ID_HEADINGS, **HEADINGS[kind]}
    return [Column(key, headings) for key, headings in wanted.items()]


def read(kind: str, data: bytes, most_rows: int) -> tuple[list[Entry], list[RowError]]:
    """Usable rows, and what is wrong with the others. Raises a Problem for the file as a whole."""
    columns = columns_of(kind)
    if data.startswith(_ZIP):
        reading = read_xlsx(data, columns, Limits(rows=most_rows))
        rows, errors, names = iter(reading.rows), list(reading.errors), dict(reading.headings)
    else:
        errors, names = [], {column.key: column.headings[0] for column in columns}
        rows = _read_csv(data, columns, most_rows)
    spoilt = {error.row for error in errors}
    entries: list[Entry] = []
    for row in rows:
        if row.number in spoilt:
            continue
        found = entry(kind, row.number, dict(row.values))
        if isinstance(found, BadCell):
            errors.append(
                RowError(row.number, names.get(found.column, found.column), found.code, found.message)
            )
        else:
            entries.append(found)
    return entries, errors


def _read_csv(data: bytes, columns: list[Column], most_rows: int) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(_decode(data), newline=""))
    headings = [cell.strip() for cell in next(reader, [])]
    places: Mapping[str, int] = {
        column.key: headings.index(name) for column in columns for name in column.headings if name in headings
    }
    missing = [column.headings[0] for column in columns if column.key not in places]
    if missing:
        raise unprocessable("headings", "缺少表头", "headings are missing", missing=missing)
    for count, cells in enumerate(filter(any, reader), start=1):
        if count > most_rows:
            raise too_large("行数超过上限 (too many rows)", limit_rows=most_rows)
        values = {key: cells[place] if place < len(cells) else "" for key, place in places.items()}
        yield Row(reader.line_num, values)


def _decode(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise unprocessable("encoding", "文件编码须为 UTF-8 或 GBK", "the file must be UTF-8 or GBK")

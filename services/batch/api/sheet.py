"""From an uploaded xlsx to checked rows, against the regions and categories that count. Plain computation."""

from collections.abc import Mapping
from dataclasses import dataclass

from kit.idnumber import IdProblem, normalise
from kit.regions import Level, RegionTable
from kit.sheets import Column, Limits, read_xlsx
from services.batch.domain.projects import spellings
from services.batch.domain.rosters import (
    COLUMNS,
    HEAD_ID,
    HEAD_NAME,
    PAYEE_ID,
    PAYEE_NAME,
    QUANTITY,
    REQUIRED,
    TOWNSHIP_COLUMN,
    Person,
    Reader,
    Wrong,
    counts_things,
    quantity_headings,
    read,
)


@dataclass(frozen=True)
class ReadRoster:
    """Rows that can be resolved, and all that is wrong with the others."""

    persons: list[Person]
    wrong: list[Wrong]


def reader_of(
    regions: RegionTable, county: str, township: str | None, categories: Mapping[str, str], unit: str = ""
) -> Reader:
    """What rows are checked against: the county's townships (or the one), their villages, the categories."""
    places = [one for one in regions.at(Level.TOWNSHIP, county) if township in (None, one.code)]
    villages = {
        (place.code, text): village.code
        for place in places
        for village in regions.children(place.code)
        for text in (village.name, village.code)
    }
    return Reader(
        normalise=_normalise,
        townships={text: one.code for one in places for text in (one.name, one.code)},
        villages=villages,
        categories=spellings(categories),
        township=township,
        unit=unit,
    )


def _normalise(text: str) -> str | tuple[str, str]:
    found = normalise(text)
    return (found.code, found.message) if isinstance(found, IdProblem) else found.number


def read_roster(data: bytes, reader: Reader, row_limit: int) -> ReadRoster:
    """Read and check. Raises Problem for the file as a whole: not xlsx, zip bomb, too large, headings."""
    wanted = [Column(name, (name,), required=name in REQUIRED) for name in COLUMNS]
    wanted.append(Column(TOWNSHIP_COLUMN, (TOWNSHIP_COLUMN, "所属乡镇"), required=reader.township is None))
    wanted.append(Column(QUANTITY, quantity_headings(reader.unit), required=counts_things(reader.unit)))
    wanted.extend(
        Column(name, (name,), required=False) for name in (HEAD_NAME, HEAD_ID, PAYEE_NAME, PAYEE_ID)
    )
    sheet = read_xlsx(data, wanted, Limits(rows=row_limit))
    spoiled = {error.row for error in sheet.errors}
    persons, wrong = read(((row.number, row.values) for row in sheet.rows), reader)
    cells = [Wrong(error.row, error.column, error.code, error.message) for error in sheet.errors]
    return ReadRoster(
        [one for one in persons if one.row not in spoiled], sorted([*cells, *wrong], key=lambda one: one.row)
    )

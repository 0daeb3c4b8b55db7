"""Looks into an uploaded xlsx before any spreadsheet library does: magic, entries, real sizes, ratio, extent,
DOCTYPE, formulas. What passes is handed on as a fresh archive of exactly the bytes looked at,
so that a header that lies about sizes lies to nobody.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lxml import etree

from kit.errors import Problem, bad_request, too_large

_CHUNK = 1 << 20
_RATIO_FLOOR = 5 << 20  # below this, a high ratio is a small table that repeats itself, and harmless
_WANTED = (".xml", ".rels")
_UNWANTED = ("docProps/", "customXml/", "xl/drawings/", "xl/charts/", "xl/media/", "xl/externalLinks/")
_SHEETS = "xl/worksheets/"

# An element or attribute may carry a namespace prefix and any white space; a reference in `r` is a trick.
_FORMULA = re.compile(rb"<(?:[\w.-]+:)?f[\s/>]")
_WIDE = re.compile(rb"\br\s*=\s*[\"']([A-Za-z]{2,9})[0-9]")
_DEEP = re.compile(rb"\br\s*=\s*[\"'][A-Za-z]{0,9}([0-9]{6,})[\"']")
_HIDDEN = re.compile(rb"\br\s*=\s*(?:\"[^\"<]*&|'[^'<]*&)")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of an upload; rows are data rows."""

    rows: int = 300_000
    columns: int = 64
    file_bytes: int = 64 << 20
    entries: int = 200
    total_bytes: int = 512 << 20
    ratio: int = 100


@dataclass(slots=True)
class Guarded:
    """A vetted workbook, and the cells with formulas as (sheet file, row, column letters)."""

    data: bytes = field(repr=False)
    formulas: list[tuple[str, int, str]] = field(default_factory=list)
    sheets: int = 0


def _not_xlsx(detail: str) -> Problem:
    return bad_request("not-xlsx", "不是有效的xlsx文件", "not a valid xlsx file", detail)


def _bomb(detail: str) -> Problem:
    return bad_request("zip-bomb", "压缩包异常", "suspicious archive", detail)


def guard(data: bytes, limits: Limits) -> Guarded:
    """The vetted workbook. Raises a Problem: 400 for what is no honest xlsx, 413 for what is too large."""
    if len(data) > limits.file_bytes:
        raise too_large("文件过大 (the file is too large)", limit_bytes=limits.file_bytes)
    if not data.startswith(b"PK\x03\x04"):
        raise _not_xlsx("文件头不符 (wrong magic)")
    guarded = Guarded(b"")
    clean = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(clean, "w") as copy:
            entries = archive.infolist()
            _check_directory(entries, len(data), limits)
            for entry in entries:
                if _is_wanted(entry):
                    _copy(archive, entry, copy, limits, guarded)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise _not_xlsx("压缩包损坏或加密 (the archive is damaged or encrypted)") from None
    if not guarded.sheets:
        raise _not_xlsx("没有工作表 (no worksheet)")
    guarded.data = clean.getvalue()
    return guarded


def _check_directory(entries: list[zipfile.ZipInfo], size: int, limits: Limits) -> None:
    names = [entry.filename for entry in entries]
    if len(entries) > limits.entries:
        raise _bomb("文件数过多 (too many entries)")
    if len(set(names)) != len(names):
        raise _bomb("文件重名 (two entries bear one name)")
    total = sum(entry.file_size for entry in entries)
    if total > limits.total_bytes or (total > _RATIO_FLOOR and total > limits.ratio * size):
        raise _bomb("解压后过大 (too large when unpacked)")
    if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
        raise _not_xlsx("缺少工作簿 (no workbook inside)")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise _not_xlsx("不接受带宏的文件 (files with macros are not accepted)")


def _is_wanted(entry: zipfile.ZipInfo) -> bool:
    name = entry.filename
    return name.endswith(_WANTED) and not name.startswith(_UNWANTED)


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The entry in pieces that never cut a tag in two."""
    rest = b""
    with archive.open(entry) as stream:
        while chunk := stream.read(_CHUNK):
            rest += chunk
            if len(rest) > 4 * _CHUNK:
                raise _not_xlsx("XML标签过长 (a tag without end)")
            cut = rest.rfind(b"<")
            if cut > 0:
                yield rest[:cut]
                rest = rest[cut:]
    yield rest


def _copy(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, copy: zipfile.ZipFile, limits: Limits, found: Guarded
) -> None:
    found.sheets += entry.filename.startswith(_SHEETS) and entry.filename.endswith(".xml")
    # Every part is looked at as if it were a sheet: the workbook may point anywhere.
    has_formulas, first, size = False, True, 0
    with copy.open(entry.filename, "w", force_zip64=True) as out:
        for piece in _pieces(archive, entry):
            size += len(piece)
            if first and piece[:2] in (b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00"):
                raise _not_xlsx("XML须为UTF-8 (the XML must be UTF-8)")
            first = False
            if b"<!DOCTYPE" in piece or b"<!ENTITY" in piece or b"UTF-16" in piece[:200].upper():
                raise _not_xlsx("XML含DOCTYPE或编码不符 (the XML has a DOCTYPE or a foreign encoding)")
            _check_extent(piece, limits)
            has_formulas = has_formulas or _FORMULA.search(piece) is not None
            out.write(piece)
    if size != entry.file_size:
        raise zipfile.BadZipFile
    if has_formulas:
        found.formulas += _formulas(archive, entry)


def _check_extent(piece: bytes, limits: Limits) -> None:
    """A single cell at XFD1048576 makes a reader allocate 17 thousand million cells."""
    if _HIDDEN.search(piece):
        raise _not_xlsx("单元格地址异常 (a cell address is written with references)")
    if any(_column_number(letters) > limits.columns for letters in set(_WIDE.findall(piece))):
        raise too_large("列数超过上限 (too many columns)", limit_columns=limits.columns)
    # Ten lines of room for titles and headings above the data.
    if any(int(row) > limits.rows + 10 for row in _DEEP.findall(piece)):
        raise too_large("行数超过上限 (too many rows)", limit_rows=limits.rows)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _formulas(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[tuple[str, int, str]]:
    """The slow, exact way, taken only where the fast one has seen a formula."""
    sheet = PurePosixPath(entry.filename).stem
    row = 0
    with archive.open(entry) as stream:
        parser = etree.iterparse(
            stream, events=("end",), resolve_entities=False, no_network=True, recover=True
        )
        for _, element in parser:
            name = etree.QName(element).localname
            if name == "c":
                match = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7})", element.get("r", ""))
                if any(etree.QName(child).localname == "f" for child in element):
                    yield sheet, int(match[2]) if match else row + 1, match[1] if match else "?"
                row = int(match[2]) - 1 if match else row
            elif name == "row":
                row += 1
                element.clear()

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
import xlsxwriter

from kit.errors import Problem
from kit.sheets import Column, Limits, letters, neutralise, read_xlsx, write_xlsx

COLUMNS = [
    Column("name", ("姓名",)),
    Column("id", ("身份证号", "公民身份号码")),
    Column("area", ("面积",), required=False),
]
HEAD = ["姓名", "身份证号", "面积"]


def book(*rows: Sequence[object], **options: object) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, **options}) as made:
        page = made.add_worksheet()
        day = made.add_format({"num_format": "yyyy-mm-dd"})
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, date):
                    page.write_datetime(number, column, value, day)
                else:
                    page.write(number, column, value)
    return out.getvalue()


def refused(data: bytes, limits: Limits = Limits()) -> Problem:
    with pytest.raises(Problem) as caught:
        read_xlsx(data, COLUMNS, limits)
    return caught.value


def rezip(data: bytes, change: Callable[[str, bytes], bytes], extra: dict[str, bytes] | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, content in (extra or {}).items():
            new.writestr(name, content)
    return out.getvalue()


def in_sheet(old: bytes, new: bytes) -> Callable[[str, bytes], bytes]:
    def change(name: str, content: bytes) -> bytes:
        if not name.startswith("xl/worksheets/"):
            return content
        assert old in content
        return content.replace(old, new)

    return change


GOOD = book(HEAD, ["张三", "53269919500101001X", 1.5])


def test_rows_keep_the_spreadsheets_numbers_and_become_text() -> None:
    data = book(
        ["甲县2023年5月名单"],
        [],
        ["序号", " 姓 名*", "公民身份号码", "面积"],
        [1, "张三", "53269919500101001X", 1.5],
        [],
        [2, "李四", "532699194305120029", 3],
        [3, "王五", "", date(2023, 5, 8)],
        [4, "赵六", True, 0.0000001],
    )
    reading = read_xlsx(data, COLUMNS)
    assert reading.errors == []
    assert reading.headings["id"] == "公民身份号码"
    assert [(row.number, *row.values.values()) for row in reading.rows] == [
        (4, "张三", "53269919500101001X", "1.5"),
        (6, "李四", "532699194305120029", "3"),
        (7, "王五", "", "2023-05-08"),
        (8, "赵六", "TRUE", "0.0000001"),
    ]


def test_a_sheet_that_begins_further_down_and_right() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as made:
        page = made.add_worksheet()
        page.write_row(4, 2, HEAD)
        page.write_row(5, 2, ["张三", "1", "=1+1"])
    reading = read_xlsx(out.getvalue(), COLUMNS)
    assert [row.number for row in reading.rows] == [6]
    assert [(e.row, e.column, e.code) for e in reading.errors] == [(6, "面积", "formula")]


def test_formulas_and_lost_digits_are_named_all_at_once() -> None:
    data = book(
        HEAD, ["张三", 532699195001010017, 1], ["李四", "x", "=1+1"], ["=A1", "y", 2], ["a", "b", "c"]
    )
    reading = read_xlsx(data, COLUMNS)
    assert len(reading.rows) == 4
    assert [(e.row, e.column, e.code) for e in reading.errors] == [
        (2, "身份证号", "number_not_text"),
        (3, "面积", "formula"),
        (4, "姓名", "formula"),
    ]


def test_a_formula_behind_a_namespace_prefix() -> None:
    data = rezip(GOOD, lambda name, text: text)
    prefixed = rezip(
        data,
        lambda name, text: (
            re.sub(rb"<(/?)(?=[a-z])", rb"<\1x:", text)
            .replace(b" xmlns=", b" xmlns:x=")
            .replace(b"<x:v>1.5", b"<x:f>1</x:f><x:v>1.5")
            if name.startswith("xl/worksheets/")
            else text
        ),
    )
    assert [(e.row, e.column) for e in read_xlsx(prefixed, COLUMNS).errors] == [(2, "面积")]


def test_headings() -> None:
    assert refused(book(["姓名", "电话"], ["张三", "1"])).members["missing"] == ["身份证号"]
    assert refused(book([])).members["missing"] == ["姓名", "身份证号"]
    assert refused(book(["姓名", "身份证号", "公民身份号码"])).members["headings"] == [
        "公民身份号码",
        "身份证号",
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK",
        b"\xd0\xcf\x11\xe0" + b"0" * 600,
        "姓名,身份证号\n".encode(),
        b"PK\x03\x04" + b"0" * 100,
        GOOD[:-60],
    ],
)
def test_not_an_xlsx(data: bytes) -> None:
    problem = refused(data)
    assert (problem.status, problem.slug) == (400, "not-xlsx")


def test_some_other_zip_and_a_damaged_sheet() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as other:
        other.writestr("a.txt", "x")
    assert refused(out.getvalue()).slug == "not-xlsx"
    assert refused(rezip(GOOD, in_sheet(b"</sheetData>", b"<c></row>"))).slug == "not-xlsx"
    assert refused(rezip(GOOD, lambda n, t: t, {"xl/vbaProject.bin": b"x"})).slug == "not-xlsx"


def test_doctypes_and_other_encodings() -> None:
    entity = b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet'
    assert refused(rezip(GOOD, in_sheet(b"<worksheet", entity))).slug == "not-xlsx"

    def utf16(name: str, text: bytes) -> bytes:
        return text.decode().encode("utf-16") if name.startswith("xl/worksheets/") else text

    assert refused(rezip(GOOD, utf16)).slug == "not-xlsx"


def test_bombs() -> None:
    zeros = {"xl/media/x.bin": b"0" * (20 << 20)}
    assert refused(rezip(GOOD, lambda n, t: t, zeros)).slug == "zip-bomb"
    many = {f"xl/{n}.xml": b"" for n in range(300)}
    assert refused(rezip(GOOD, lambda n, t: t, many)).slug == "zip-bomb"
    assert refused(GOOD, Limits(total_bytes=1000)).slug == "zip-bomb"


def test_a_directory_that_lies_about_sizes() -> None:
    # The sheet unpacks to more than its directory entry says.
    data = bytearray(rezip(GOOD, lambda n, t: t))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entry = archive.getinfo("xl/worksheets/sheet1.xml")
    at = data.find(b"PK\x01\x02")
    while data[at + 46 : at + 46 + len(entry.filename)] != entry.filename.encode():
        at = data.find(b"PK\x01\x02", at + 1)
    data[at + 24 : at + 28] = (entry.file_size - 200).to_bytes(4, "little")
    assert refused(bytes(data)).slug == "not-xlsx"


@pytest.mark.parametrize(
    "address",
    [b'r="XFD2"', b"r='XFD2'", b'r = "xfd2"', b'r="B1048576"', b'r="XFD1048576"', b'r="&#88;FD1048576"'],
)
def test_one_far_cell_does_not_fill_the_memory(address: bytes) -> None:
    assert refused(rezip(GOOD, in_sheet(b'r="B2"', address))).status in (400, 413)


def test_a_declared_extent_is_not_believed() -> None:
    data = rezip(GOOD, in_sheet(b'ref="A1:C2"', b'ref="A1:XFD1048576"'))
    assert len(read_xlsx(data, COLUMNS).rows) == 1


def test_a_far_cell_in_a_part_the_workbook_calls_its_sheet() -> None:
    def move(name: str, text: bytes) -> bytes:
        return (
            text.replace(b"worksheets/sheet1.xml", b"other.xml")
            if name.endswith("workbook.xml.rels")
            else text
        )

    with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
        far = archive.read("xl/worksheets/sheet1.xml").replace(b'r="B2"', b'r="XFD1048576"')
    assert refused(rezip(GOOD, move, {"xl/other.xml": far})).status == 413


def test_limits_of_rows_and_file() -> None:
    data = book(HEAD, *[[f"n{n}", str(n), n] for n in range(30)])
    assert len(read_xlsx(data, COLUMNS, Limits(rows=30)).rows) == 30
    for limits in (Limits(rows=29), Limits(rows=5), Limits(file_bytes=1000), Limits(columns=2)):
        assert refused(data, limits).status == 413


DANGEROUS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    " =1",
    "　=1",
    "|x",
    "%x",
]


@pytest.mark.parametrize("text", DANGEROUS)
def test_what_could_run_is_neutralised(text: str) -> None:
    assert neutralise(text) == f"'{text}"


def test_what_is_written_holds_no_formula_and_reads_back() -> None:
    rows: list[list[str | int | Decimal | None]] = [[text, "53269919500101001X", 5] for text in DANGEROUS]
    data = write_xlsx(
        HEAD, [*rows, ["张三", None, Decimal("1.25")], ["b", 10**17, -3]], sheet="名单", widths=(12, 22)
    )
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert b"<f" not in archive.read("xl/worksheets/sheet1.xml").replace(b"<formula", b"")
    page = openpyxl.load_workbook(io.BytesIO(data))["名单"]
    assert page.cell(2, 1).value == "'=1+1"
    assert all(cell.data_type != "f" for line in page.iter_rows() for cell in line)
    reading = read_xlsx(data, COLUMNS)
    assert reading.errors == []
    assert dict(reading.rows[-2].values) == {"name": "张三", "id": "", "area": "1.25"}
    assert dict(reading.rows[-1].values) == {"name": "b", "id": "1" + "0" * 17, "area": "-3"}


def test_letters() -> None:
    assert [letters(n) for n in (1, 26, 27, 702, 703)] == ["A", "Z", "AA", "ZZ", "AAA"]

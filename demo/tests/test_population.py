"""The invented people are valid in form, repeatable, and carry every fault at its rate."""

import csv
import json
import random
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from python_calamine import load_workbook
from xlsxwriter import Workbook

from demo import invented, regions
from demo.people import Person
from demo.population import RATES, Maker, generate, period_days
from demo.reference import HEADINGS, KINDS, rows, write_all
from demo.rosters import HEADINGS as ROSTER_HEADINGS
from demo.rosters import BadRoster, read_roster, write_rosters
from kit.checkdigits import cnaps_valid, luhn_valid
from kit.idnumber import IdFlag, IdNumber, IdProblem, normalise
from kit.regions import Level, RegionTable

PEOPLE = generate(3000, seed=5)


def test_the_city_has_three_counties_of_six_townships_and_loads_in_the_kit() -> None:
    table = RegionTable.load(regions.FILE)
    assert len(table) == len(regions.places()) == len(regions.as_rows())
    counties = table.at(Level.COUNTY)
    assert [one.code for one in counties] == ["539901", "539902", "539903"]
    for county in counties:
        townships = table.children(county.code)
        assert len(townships) == 6
        assert all(4 <= len(table.children(one.code)) <= 6 for one in townships)
    assert table.full_name("539901101201") == "云泠市霁川县鹭汀镇" + regions.name("539901101201")
    names = [one.name for one in regions.places()]
    assert len(set(names)) == len(names)


def test_the_same_seed_gives_the_same_people() -> None:
    assert generate(200, seed=5).people == generate(200, seed=5).people
    assert generate(200, seed=5).people != generate(200, seed=6).people


def test_everybody_is_valid_in_form_and_exists_once() -> None:
    originals = list(PEOPLE.originals())
    assert len({one.id_no for one in originals}) == len(originals)
    assert len({one.card.account_no for one in originals if one.card}) == sum(
        1 for one in originals if one.card
    )
    for one in PEOPLE.people:
        number = normalise(one.id_no)
        assert isinstance(number, IdNumber) and number.number == one.id_no
        assert (number.birth_date, number.gender) == (one.born, one.gender)
        assert one.id_no[:6] in invented.ID_PREFIXES
        assert len(one.name) >= 3
        assert one.name.encode("gbk"), "a bank file may be GBK"
        assert len(one.phone) == 11 and one.phone.startswith("154")
        assert regions.name(one.village) and regions.name(one.township)
        if one.card:
            assert luhn_valid(one.card.account_no) and len(one.card.account_no) in (16, 19)
            assert cnaps_valid(one.card.bank_code) and len(one.card.ssc_no) == 9


def test_spellings_and_bad_numbers_are_what_the_kit_says_they_are() -> None:
    flags: Counter[str] = Counter()
    for one in PEOPLE.people:
        typed = normalise(one.id_typed)
        if one.expect == "refused":
            assert isinstance(typed, IdProblem)
            flags[one.fault + ":" + typed.code] += 1
            continue
        assert isinstance(typed, IdNumber) and typed.number == one.id_no
        flags.update(typed.flags)
    assert flags["bad_check:id_wrong_check_digit"] == round(0.007 * 3000)
    assert flags["bad_date:id_impossible_date"] == round(0.007 * 3000)
    assert flags["full_width:id_full_width"] == round(0.007 * 3000)
    assert flags[IdFlag.FIFTEEN_DIGITS] > 15 and flags[IdFlag.LOWER_CASE_X] > 30


def test_every_fault_comes_at_its_rate_and_in_small_towns_at_least_once() -> None:
    assert len(PEOPLE.people) == 3000
    counts = Counter(one.fault for one in PEOPLE.people)
    assert {name: counts[name] for name in RATES} == {
        name: round(rate * 3000) for name, rate in RATES.items()
    }
    small = generate(500, seed=1).people
    assert {one.fault for one in small} == {"", *RATES}
    assert Counter(one.expect for one in small)["paid"] > 440
    assert 70 <= sum(one.channel != "roster" for one in small) <= 130
    assert {one.township for one in small} == {place.code for place in regions.at("township")}


def age(one: Person, on: date) -> int:
    return on.year - one.born.year - ((on.month, on.day) < (one.born.month, one.born.day))


def test_ages_and_deaths_stand_as_their_fault_says() -> None:
    first, last = period_days("202305")
    assert (first, last) == (date(2023, 5, 1), date(2023, 5, 31))
    for one in PEOPLE.people:
        assert age(one, last) < 60 if one.fault == "under_age" else age(one, first) >= 60
        if one.fault == "dead_before":
            assert one.died and one.died < first
        elif one.fault == "dead_within":
            assert one.died and first <= one.died <= last
        else:
            assert one.died is None


def test_duplicates_point_to_their_original() -> None:
    by_ref = {one.ref: one for one in PEOPLE.people}
    copies = [one for one in PEOPLE.people if one.duplicate_of]
    assert len(copies) == 36
    for one in copies:
        original = by_ref[one.duplicate_of or ""]
        assert (original.id_no, original.name, original.fault) == (one.id_no, one.name, "")
        assert one.channel == "roster" and one.expect == "duplicate"
        if one.fault == "duplicate_in_file":
            assert original.channel == "roster" and original.township == one.township
        else:
            assert original.channel != "roster"


def test_rosters_are_written_as_text_and_read_back(tmp_path: Path) -> None:
    files = write_rosters(PEOPLE, tmp_path)
    assert len(files) == 18
    for township, people in PEOPLE.rosters().items():
        head, *lines = load_workbook(str(files[township])).get_sheet_by_index(0).to_python()
        assert tuple(head) == ROSTER_HEADINGS
        assert [line[1] for line in lines] == [one.id_typed for one in people]
    township, people = next(iter(PEOPLE.rosters().items()))
    again = read_roster(files[township])
    assert [one.id_typed for one in again.people] == [one.id_typed for one in people]
    assert [one.village for one in again.people] == [one.village for one in people]
    assert Counter(one.expect == "refused" for one in again.people)[True] == sum(
        one.expect == "refused" for one in people
    )


def own_file(path: Path, *lines: tuple[object, ...]) -> Path:
    with Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, line in enumerate(lines):
            sheet.write_row(number, 0, line)
    return path


def test_a_users_own_roster(tmp_path: Path) -> None:
    one = PEOPLE.people[0]
    head = ("所属乡镇", "姓名", "身份证号码", "联系电话", "村（社区）", "补贴对象类别")
    row = ("桐笺镇", one.name, one.id_no.lower(), 13800000000, "没有的村", "特困")
    path = own_file(tmp_path / "own.xlsx", head, row, row)
    first, second = read_roster(path).people
    assert (first.id_no, first.phone, first.category) == (one.id_no, "13800000000", "destitute")
    assert first.township == "539903106" and first.card and first.card.account_name == one.name
    assert second.duplicate_of == first.ref
    assert len(list(read_roster(path).bank_world())) == 1


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([("姓名", "身份证号码")], "联系电话"),
        ([ROSTER_HEADINGS], "没有数据行"),
        ([ROSTER_HEADINGS, ("甲乙丙", "1", "1", "x", "别的", "")], "未知补贴对象类别"),
        ([(*ROSTER_HEADINGS[:5], "所属乡镇"), ("甲乙丙", "1", "1", "x", "低保", "天外镇")], "未知乡镇"),
    ],
)
def test_a_bad_own_roster_is_refused_in_words(
    tmp_path: Path, lines: list[tuple[str, ...]], says: str
) -> None:
    with pytest.raises(BadRoster, match=says):
        read_roster(own_file(tmp_path / "bad.xlsx", *lines))


def test_what_is_no_xlsx_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(b"not a workbook")
    with pytest.raises(BadRoster, match="xlsx"):
        read_roster(tmp_path / "x.xlsx")


def test_the_departments_know_the_truth_and_strangers_too(tmp_path: Path) -> None:
    found = {kind: {row[0] for row in rows(PEOPLE, kind)} for kind in KINDS}
    ours = {one.id_no for one in PEOPLE.people}
    for one in PEOPLE.originals():
        assert (one.id_no in found["deaths"]) == (one.died is not None)
        assert (one.id_no in found["membership"]) == (one.fault != "not_member")
        assert (one.id_no in found["prisoners"]) == (one.fault == "prisoner")
        assert (one.id_no in found["exclusive_subsidy"]) == (one.fault == "exclusive")
        assert (one.id_no in found["fiscal_payroll"]) == (one.fault == "payroll")
    assert all(numbers - ours for numbers in found.values()), "every file lists strangers as well"
    for form in ("csv", "xlsx"):
        files = write_all(PEOPLE, tmp_path, "csv" if form == "csv" else "xlsx")
        assert set(files) == set(KINDS)
    with (tmp_path / "deaths.csv").open(encoding="utf-8-sig") as file:
        as_csv = list(csv.reader(file))
    as_xlsx = load_workbook(str(tmp_path / "deaths.xlsx")).get_sheet_by_index(0).to_python()
    assert as_csv == as_xlsx and tuple(as_csv[0]) == HEADINGS["deaths"]


def test_the_worlds_agree_with_each_other() -> None:
    agency = {row["account_no"]: row for row in PEOPLE.agency_world()}
    bank = {row["account"]: row for row in PEOPLE.bank_world()}
    assert agency.keys() == bank.keys()
    assert all(agency[key]["account_name"] == bank[key]["name"] for key in agency)
    assert json.dumps(agency) and sum(row["status"] == "frozen" for row in bank.values()) == 9


def test_no_number_is_given_twice_even_when_the_birthdays_are_few() -> None:
    maker = Maker(random.Random(1), "202305")
    assert len({maker.identity(60, 62)[0] for _ in range(5000)}) == 5000

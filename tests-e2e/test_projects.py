"""The six projects of bpmn/projects, all on one system: each chain is walked to the bank's book, to the fen."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from projects import Six
from projects_chain import Chain, at_price, divided, refuses, returns
from projects_people import (
    AREAS,
    COUNTY,
    LATE,
    LATE_AREAS,
    POOL_FEN,
    RESERVED,
    TOWNSHIP,
    TYPED,
    Someone,
    Village,
    aged,
    children,
    elderly,
    farmland,
    households,
    machines,
)

from demo import checking
from demo.client import Portal
from demo.figures import Figures
from demo.journal import Journal
from demo.options import Options
from demo.people import Card, Person, Population
from demo.progress import Board
from demo.run import OPERATOR, Run
from stack.rooms import ROOMS, Stack
from stack.supervisor import ends_cleanly

pytestmark = pytest.mark.timeout(600)

POOL = "/api/payment/v1/pools"
WRONG_MACHINE = "机具铭牌与发票不符"
NO_BIRTH = "出生医学证明编号有误"
NOT_POOR = "家庭人均收入高于保障标准"


async def reserve(six: Six, item: dict[str, Any]) -> None:
    """等待或预留: the late township is not waited for."""
    handler = f"county_handler@{COUNTY}"
    (pool,) = await six.portal.get(handler, POOL, project=item["project"], county=COUNTY)
    body = {"township": LATE, "area": RESERVED, "reason": "尚未报送，按上年面积预留"}
    await six.portal.post(handler, f"{POOL}/{pool['pool_id']}/reservations", body)


async def visit(six: Six, item: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """入户调查: finds the car's owner entitled, and one household too well off."""
    chain = six.chains[item["project"]]
    (owner,) = (one for one in chain.people if "vehicle" in one.marks)
    if item["business_key"] == chain.applications[owner.id_no]:
        body = {
            "application_id": item["business_key"], "outcome": "eligible", "surveyed_on": "2023-04-20",
            "findings": "车辆为残疾人代步车。",
        }  # fmt: skip
        await six.portal.post(f"survey_worker@{TOWNSHIP}", "/api/verification/v1/surveys", body)
    return await refuses(NOT_POOR)(six, item)


def chains(make: Village) -> list[Chain]:
    """Each project with its people, prices, one refusal and one return."""
    return [
        Chain(
            "elderly-service-subsidy", "202305", elderly(make), {"destitute": "100", "minimum_living": "50"},
            {"township_review": returns},
        ),
        Chain(
            "rural-minimum-living", "202305", households(make),
            {"grade_a": "534", "grade_b": "400.50", "grade_c": "267.33"},
            {"household_survey": visit, "dynamic_check": returns},
        ),
        Chain(
            "farmland-fertility", "2023", farmland(make), {},
            {"wait_or_reserve": reserve, "area_check": returns},
            measured={wrong: right for right, wrong in TYPED.items()},
        ),
        Chain(
            "advanced-age-allowance", "202305", aged(make), {"age_80": "60", "age_90": "120", "age_100": "500"},
            {"department_review": returns},
        ),
        Chain(
            "childcare-subsidy", "2023", children(make), {"first_child": "300"},
            {"birth_check": refuses(NO_BIRTH), "finance_review": returns},
        ),
        Chain(
            "farm-machinery-purchase", "2023", machines(make),
            {"tractor": "12300", "tiller": "480.05", "harvester": "33999.99"},
            {"machine_inspection": refuses(WRONG_MACHINE), "inspection_confirm": returns},
        ),
    ]  # fmt: skip


@pytest.fixture(scope="module")
async def six(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Six]:
    """One system on which all six have been paid."""
    folder = tmp_path_factory.mktemp("projects")
    make = Village()
    todo = chains(make)
    options = Options(roster=folder, run_dir=folder / "run", data_dir=folder / "data")
    with ends_cleanly(), Stack(
        data_dir=options.data_dir, run_dir=options.run_dir, business_now=datetime(2023, 5, 8, 1, tzinfo=UTC),
        fast=True, restart_ended=True,
    ) as stack, Journal(options.run_dir) as journal, Board() as board:  # fmt: skip
        portal = Portal(stack.urls["portal"], journal, answers=options.run_dir / "answers" / "answers.txt")
        known = Population([_known(one) for one in make.everybody], "202305", 1)

        async def nothing(name: str) -> None:
            """No faults are planned here."""

        run = Run(options, stack, portal, known, board, nothing)
        all_six = Six(run, todo)
        try:
            await _live(all_six, make.everybody)
            yield all_six
        finally:
            await portal.close()


def _known(one: Someone) -> Person:
    """Somebody as the checker's search for leaks knows them."""
    card = Card(one.ssc_no, one.bank_code, one.account, one.name)
    return Person(
        one.ssc_no, one.name, one.id_no, one.id_no, date(1900, 1, 1), "male", one.phone, one.village,
        "minimum_living", "roster", card,
    )  # fmt: skip


async def _live(six: Six, everybody: list[Someone]) -> None:
    await six.prepare(everybody)
    farm = six.chains["21010"]
    finance, handler = f"finance_reviewer@{COUNTY}", f"county_handler@{COUNTY}"
    body = {
        "project": farm.code,
        "county": COUNTY,
        "year": 2023,
        "amount_fen": POOL_FEN,
        "document_no": "霁财农1号",
    }
    pool = await six.portal.post(finance, POOL, body)
    await six.portal.put(handler, f"{POOL}/{pool['pool_id']}/townships", {"townships": [TOWNSHIP, LATE]})
    await six.come_in()
    await _payees(six)
    for chain in six.chains.values():
        await six.send_lists(chain, TOWNSHIP)
    await six.work("settled")
    await six.upload(farm, LATE)
    await six.send_lists(farm, LATE)
    await six.work("late")
    await checking.quiet(six.run)


async def _payees(six: Six) -> None:
    """Children whose parent's card is to be paid: proposed by the township, approved by another official."""
    chain = six.chains["31010"]
    for one in chain.people:
        if one.payee is None:
            continue
        seen = await six.portal.get(
            f"county_handler@{COUNTY}", f"/api/application/v1/applications/{chain.applications[one.id_no]}"
        )
        parent = {"id_no": one.payee.id_no, "name": one.payee.name}
        body = {
            "kind": "payee", "subject_id": seen["subject_id"], "persons": [parent], "project": chain.code,
            "basis": "guardian", "valid_from": "2023-01-01", "reason": "guardian",
            "evidence": {"digest": f"sha256:{'5' * 64}"},
        }  # fmt: skip
        made = await six.portal.post(f"township_handler@{TOWNSHIP}", "/api/registry/v1/changes", body)
        path = f"/api/registry/v1/changes/{made['change_id']}:approve"
        await six.portal.post(f"county_reviewer@{COUNTY}", path, {})


async def paid_as_owed(six: Six, code: str) -> None:
    """The bank's own book, account by account: what the rules owe, and nothing to anybody else."""
    owed: dict[str, int] = {}
    for one in six.chains[code].people:
        owed[one.paid_to] = owed.get(one.paid_to, 0) + one.fen
    book = await six.credits()
    assert {account: book.get(account, 0) for account in owed} == owed
    await returned_and_paid(six, code)


async def returned_and_paid(six: Six, code: str) -> None:
    """The line that a desk returned was corrected in a slice of its own, and paid from there as corrected."""
    chain = six.chains[code]
    ((line, _),) = chain.returned.items()
    handler = f"county_handler@{COUNTY}"
    history = await six.portal.get(handler, f"/api/batch/v1/lines/{line}/history")
    home = await six.portal.get(handler, f"/api/batch/v1/slices/{history['slice_id']}")
    assert (history["state"], home["kind"]) == ("paid", "correction")
    (row,) = (
        one
        for one in await six.portal.get(handler, f"/api/batch/v1/slices/{home['slice_id']}/lines", limit=500)
        if one["line_id"] == line
    )
    assert chain.corrected[line].items() <= row.items()


async def reasons(six: Six, code: str) -> str:
    """Why the one application was refused, as its applicant reads it."""
    chain = six.chains[code]
    path = f"/api/application/v1/applications/{chain.applications[chain.refused().id_no]}"
    found = await six.portal.get(f"county_handler@{COUNTY}", path)
    assert found["state"] == "refused"
    return "；".join(found["reasons"])


async def confirmed(six: Six, code: str) -> list[tuple[str, str]]:
    """Rules and texts of the hits that two people confirmed."""
    found = await six.portal.get(
        f"county_handler@{COUNTY}", "/api/verification/v1/hits", project=code, state="confirmed", limit=100
    )
    return [(one["rule"], one["text"]) for one in found["items"]]


def went_through(six: Six, code: str, *nodes: str) -> None:
    assert set(nodes) <= six.chains[code].visited


async def rounds(six: Six, code: str) -> set[int]:
    """In which rounds the project had notices."""
    return {
        one["round"]
        async for one in six.run.pages(f"county_handler@{COUNTY}", "/api/publicity/v1/notices", limit=500)
        if one["project"] == code
    }


async def test_elderly_persons(six: Six) -> None:
    await paid_as_owed(six, "11810")
    assert "不在所申报类别" in await reasons(six, "11810")
    assert await rounds(six, "11810") == {1, 2}


async def test_households_of_three_grades(six: Six) -> None:
    await paid_as_owed(six, "11820")
    assert await reasons(six, "11820") == NOT_POOR
    went_through(six, "11820", "asset_check", "household_survey", "democratic_review", "dynamic_check")
    assert await rounds(six, "11820") == {1, 2}


async def test_a_pool_divided_by_area(six: Six) -> None:
    handler, chain = f"county_handler@{COUNTY}", six.chains["21010"]
    (pool,) = await six.portal.get(handler, POOL, project="21010", county=COUNTY)
    price = divided(POOL_FEN, AREAS, RESERVED)
    assert Decimal(pool["price"]) == price
    book = await six.credits()
    entitled = [one for one in chain.people if "refused" not in one.marks]
    assert [book.get(one.account, 0) for one in entitled] == [
        at_price(price, area) for area in (*AREAS, *LATE_AREAS)
    ]
    assert sum(book.get(one.account, 0) for one in chain.people) == pool["charged_fen"]
    (reservation,) = pool["reservations"]
    assert pool["charged_fen"] + reservation["held_fen"] + pool["remainder_fen"] == POOL_FEN
    assert book.get(chain.refused().account, 0) == 0
    assert [rule for rule, _ in await confirmed(six, "21010")] == ["R13"]
    await returned_and_paid(six, "21010")
    went_through(six, "21010", "area_check", "wait_or_reserve")
    assert await rounds(six, "21010") == {1, 2}


async def test_bands_of_age(six: Six) -> None:
    await paid_as_owed(six, "11830")
    ((rule, text),) = await confirmed(six, "11830")
    assert rule == "R03" and "未满80周岁" in text
    assert await rounds(six, "11830") == set()


async def test_children_by_months(six: Six) -> None:
    await paid_as_owed(six, "31010")
    assert await reasons(six, "31010") == NO_BIRTH
    went_through(six, "31010", "birth_check", "county_confirm")
    assert await rounds(six, "31010") == set()


async def test_machines(six: Six) -> None:
    await paid_as_owed(six, "21020")
    assert await reasons(six, "21020") == WRONG_MACHINE
    went_through(six, "21020", "invoice_check", "machine_inspection", "inspection_confirm")
    assert await rounds(six, "21020") == {2}


async def test_nothing_is_left_over_and_the_checker_agrees(six: Six) -> None:
    for room in (one for one in ROOMS if one != "portal"):
        assert (await six.portal.get(OPERATOR, f"/api/{room}/v1/parked"))["parked"] == [], room
    found = await six.portal.get(OPERATOR, "/api/orchestrator/v1/instances", limit=1000)
    assert {one["status"] for one in found["instances"]} == {"ended"}
    report = await checking.check(six.run, Figures())
    wrong = {name: one for name, one in report["invariants"].items() if one is not None and not one["ok"]}
    assert report["ok"] and not wrong, wrong
    assert (report["lost"], report["paid_twice"], report["open"]) == (0, 0, 0)

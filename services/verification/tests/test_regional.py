"""Lists, pairs of subsidies and the stop list count where they were loaded; surveys answer what tables ask."""

from datetime import date
from typing import Any

import pytest

from contracts.application import ApplicationSubmitted
from contracts.verification import EligibilityPassed, EligibilityRefused, SetRechecked
from kit.auth import Role
from kit.testing import RoomHarness, official, only
from services.verification.handlers.checking import check_applications, check_lines
from services.verification.tests.tables import SURVEYED, dmn
from services.verification.tests.test_checks import findings
from services.verification.tests.test_review import API, COUNTY, HANDLER, REVIEWER, SURVEYOR, call, look
from services.verification.tests.world import (
    PROJECT,
    TOWNSHIP,
    Registry,
    deployed,
    eligibility,
    enrolments,
    line,
    listed,
    recheck,
    stated,
    verify,
)

PROVINCE = official(Role.OPERATOR, TOWNSHIP[:2])
OPERATOR = official(Role.OPERATOR, TOWNSHIP[:6])
ALL_STAGES = [f"R{number:02d}" for number in range(1, 16)]
OLD = date(1950, 3, 7)


def table(version: str = "v1") -> Any:
    """A version with the rows of `SURVEYED`."""
    message = deployed(version, rules=dmn(SURVEYED), most_unit_fen=5000)
    stages = dict.fromkeys(("application", "alert_verification", "before_file"), ALL_STAGES)
    return message.model_copy(update={"manifest": {"rules": message.manifest["rules"] | {"stages": stages}}})


async def checked(room: RoomHarness, *lines: Any, revision: int = 1) -> dict[str, tuple[str, list[str]]]:
    await room.deliver(*stated(list(lines), revision), verify(revision))
    found = findings(await room.work(check_lines))
    return {key: (one.verdict, sorted(hit.rule for hit in one.hits)) for key, one in found.items()}


async def test_a_list_counts_in_its_own_region(room: RoomHarness, registry: Registry) -> None:
    subjects = ["S1", "S2", "S3"]
    registry.born |= dict.fromkeys(subjects, OLD)
    await listed(room, "membership", *((one, date(2022, 1, 1), "destitute") for one in subjects), region="53")
    await listed(room, "deaths", ("S1", date(2023, 1, 1), None), region=TOWNSHIP[:6])
    await listed(room, "deaths", ("S2", date(2023, 1, 1), None), region="539902")
    await room.deliver(deployed())
    found = await checked(room, *(line(one) for one in subjects))
    assert {key: one[0] for key, one in found.items()} == {"l-S1": "block", "l-S2": "pass", "l-S3": "pass"}


async def test_another_regions_register_is_no_register(room: RoomHarness, registry: Registry) -> None:
    registry.born["S1"] = OLD
    await listed(room, "membership", ("S9", date(2022, 1, 1), "destitute"), region="539902")
    await room.deliver(deployed())
    assert await checked(room, line("S1")) == {"l-S1": ("hold", ["R07"])}


async def test_lists_that_call_for_a_survey_and_second_looks(room: RoomHarness, registry: Registry) -> None:
    subjects = ["S1", "S2", "S3", "S4", "S5"]
    registry.born |= dict.fromkeys(subjects, OLD)
    await room.deliver(table())
    for subject, kind in (
        ("S1", "vehicles"),
        ("S2", "companies"),
        ("S3", "properties"),
        ("S4", "village_cadres"),
    ):
        await listed(room, kind, (subject, None, "某"))
    lines = [line(one, payee_id="S5") if one != "S1" else line(one) for one in subjects]
    assert await checked(room, *lines) == {
        "l-S1": ("hold", ["R11"]),
        "l-S2": ("warn", ["R11", "R15"]),
        "l-S3": ("warn", ["R11", "R15"]),
        "l-S4": ("warn", ["R14", "R15"]),
        "l-S5": ("warn", ["R15"]),
    }


async def test_held_until_a_survey_exists(room: RoomHarness, registry: Registry) -> None:
    registry.born["S1"] = OLD
    await room.deliver(table(), eligibility("S1"))
    await listed(room, "vehicles", ("S1", None, "货车"))
    assert await checked(room, line("S1")) == {"l-S1": ("hold", ["R11"])}
    (hit,) = (await look(room, HANDLER, "/hits?effect=hold"))["items"]
    body = {"hit_id": hit["hit_id"], "surveyed_on": "2023-05-20", "findings": "三轮车，用于送货"}
    await call(room, REVIEWER, "/surveys", body | {"outcome": "eligible"}, status=403)
    foreign = official(Role.SURVEY_WORKER, "539901102")
    await call(room, foreign, "/surveys", body | {"outcome": "eligible"}, status=404)
    await call(room, SURVEYOR, "/surveys", body | {"outcome": "eligible", "line_id": "l-S1"}, status=422)
    for number, (outcome, expected) in enumerate(
        (("unreachable", "hold"), ("eligible", "warn"), ("not_eligible", "block")), start=2
    ):
        made = await call(room, SURVEYOR, "/surveys", body | {"outcome": outcome}, status=201)
        assert (await checked(room, line("S1"), revision=number))["l-S1"][0] == expected
    read = await look(room, COUNTY, f"/surveys/{made['survey_id']}")
    assert (read["findings"], read["line_id"], read["application_id"]) == ("三轮车，用于送货", "l-S1", "a-S1")
    page = await look(room, COUNTY, f"/surveys?hit_id={hit['hit_id']}&limit=2")
    assert [one["outcome"] for one in page["items"]] == ["unreachable", "eligible"] and page["next"]
    shown = await look(room, COUNTY, f"/hits/{hit['hit_id']}")
    assert len(shown["survey_ids"]) == 3 and shown["state"] == "withdrawn"
    body = {"line_id": "l-S1", "outcome": "eligible", "surveyed_on": "2999-01-01", "findings": "x"}
    await call(room, SURVEYOR, "/surveys", body, status=422)
    await call(room, SURVEYOR, "/surveys", body | {"surveyed_on": "2021-01-01"}, status=201)
    await look(room, foreign, f"/surveys/{made['survey_id']}", status=404)


async def test_amount_within_the_standard_before_the_file(room: RoomHarness, registry: Registry) -> None:
    registry.born |= dict.fromkeys(["S1", "S2", "S3"], OLD)
    await room.deliver(table())
    lines = [
        line("S1", quantity="2.5", amount_fen=12500),
        line("S2", quantity="2.5", amount_fen=12501),
        line("S3", kind="deduction", quantity="1", amount_fen=-900_000),
    ]
    await room.deliver(*stated(lines), recheck(("slice-1", 1)))
    sent = await room.work(check_lines)
    assert {key: one.verdict for key, one in findings(sent).items()} == {
        "l-S1": "pass",
        "l-S2": "hold",
        "l-S3": "pass",
    }
    assert only(sent, SetRechecked)[0].intercepted == 1


RELATIONS: list[tuple[str, str, str, str, int | None]] = [
    ("53", "特困供养", "困难残疾人生活补贴", "exclusive", None),
    ("53", "困难残疾人生活补贴", "重度残疾人护理补贴", "both", None),
    ("53", "老年护理补贴", "重度残疾人护理补贴", "higher", None),
    ("53", "孤儿基本生活费", "困难残疾人生活补贴", "exclusive", None),
    ("53", "高龄津贴", "经济困难补贴", "both", None),
    ("5399", "高龄津贴", "经济困难补贴", "exclusive", 80),
    ("539902", "经济困难补贴", "特困供养", "exclusive", None),
    ("53", "农村低保", "困难残疾人生活补贴", "both", None),
]
"""The table of domain.md §2: by region, some pairs contrary to each other."""


@pytest.mark.parametrize(
    ("project", "received", "born", "rules"),
    [
        ("困难残疾人生活补贴", "特困供养", OLD, [("R06", "block")]),
        ("特困供养", "困难残疾人生活补贴", OLD, [("R06", "block")]),
        ("困难残疾人生活补贴", "重度残疾人护理补贴", OLD, []),
        ("重度残疾人护理补贴", "老年护理补贴", OLD, [("R06", "hold")]),
        ("困难残疾人生活补贴", "孤儿基本生活费", OLD, [("R06", "block")]),
        ("重度残疾人护理补贴", "孤儿基本生活费", OLD, []),
        ("高龄津贴", "经济困难补贴", date(1950, 1, 1), []),
        ("高龄津贴", "经济困难补贴", date(1940, 1, 1), [("R06", "block")]),
        ("经济困难补贴", "特困供养", OLD, []),
        ("困难残疾人生活补贴", "农村低保", OLD, []),
    ],
)
async def test_pairs_of_the_field(
    room: RoomHarness,
    registry: Registry,
    project: str,
    received: str,
    born: date,
    rules: list[tuple[str, str]],
) -> None:
    registry.born["S1"] = born
    for region, one, other, relation, age in RELATIONS:
        pair = {
            "project": one,
            "other": other,
            "relation": relation,
            "from_age": age,
            "valid_from": "2020-01-01",
        }
        body = {"document_no": "民发〔2020〕1号", "region": region, "pairs": [pair]}
        await call(room, PROVINCE, "/exclusions", body, status=201)
    await listed(room, "other_subsidy", ("S1", date(2022, 1, 1), received))
    ask = eligibility("S1").model_copy(update={"project": project})
    await room.deliver(table(), ask)
    sent = await room.work(check_applications)
    async with room.room.tx() as tx:
        hits = [(row["rule"], row["effect"]) for row in await tx.fetch("SELECT * FROM hit ORDER BY hit_id")]
    assert hits == rules
    blocked = any(effect == "block" for _, effect in rules)
    assert bool(only(sent, EligibilityRefused)) == blocked


async def test_the_later_of_two_exclusive_claims_is_stopped_and_freed(
    room: RoomHarness, registry: Registry
) -> None:
    registry.born["S1"] = OLD
    pair = {"project": "20779", "other": PROJECT, "relation": "exclusive", "valid_from": "2023-01-01"}
    (made,) = await call(room, OPERATOR, "/exclusions", {"document_no": "1号", "pairs": [pair]}, status=201)
    first = ApplicationSubmitted(
        application_id="a-S1", subject_id="S1", project="20779", township=TOWNSHIP, category="destitute",
        channel="mini_program", submitted_on="2023-05-01",
    )  # fmt: skip
    await room.deliver(table(), first, eligibility("S1", "later"))
    assert only(await room.work(check_applications), EligibilityRefused)[0].application_id == "later"
    await room.deliver(enrolments("S1", "stopped", rev=5), enrolments("S1", "active", rev=4))
    await room.deliver(eligibility("S1", "later"), id="again")
    assert only(await room.work(check_applications), EligibilityPassed)
    await room.deliver(enrolments("S1", "active", rev=6))
    await call(room, OPERATOR, f"/exclusions/{made['pair_id']}:end", None)
    await room.deliver(eligibility("S1", "later"), id="third")
    assert only(await room.work(check_applications), EligibilityPassed)
    assert (await look(room, HANDLER, "/exclusions"))["items"] == []


async def test_who_keeps_the_pairs(room: RoomHarness) -> None:
    pair = {"project": PROJECT, "other": "护理", "relation": "exclusive", "valid_from": "2023-01-01"}
    body = {"document_no": "1号", "pairs": [pair]}
    await call(room, HANDLER, "/exclusions", body, status=403)
    await call(room, OPERATOR, "/exclusions", body | {"region": "539902"}, status=404)
    await call(room, official(Role.OPERATOR, TOWNSHIP), "/exclusions", body, status=403)
    backwards = body | {"pairs": [pair | {"valid_to": "2022-01-01"}]}
    await call(room, OPERATOR, "/exclusions", backwards, status=422)
    (first,) = await call(room, OPERATOR, "/exclusions", body, status=201)
    (same,) = await call(room, OPERATOR, "/exclusions", body, status=201)
    assert same == first
    changed = {"document_no": "2号", "pairs": [pair | {"relation": "both"}]}
    await call(room, OPERATOR, "/exclusions", changed, status=201)
    assert [one["relation"] for one in (await look(room, HANDLER, "/exclusions"))["items"]] == ["both"]
    await call(room, PROVINCE, f"/exclusions/{first['pair_id']}:end", None)
    await call(
        room, official(Role.OPERATOR, "539902"), f"/exclusions/{first['pair_id']}:end", None, status=404
    )


async def test_lists_say_how_old_they_are(room: RoomHarness, registry: Registry) -> None:
    async with room.client(OPERATOR) as client:
        files = {"file": ("list", "身份证号码,车辆类型\r\nS1,货车\r\n".encode())}
        data = {"source": "车管", "as_of": "2020-01-01"}
        loaded = await client.post(f"{API}/reference/vehicles", files=files, data=data)
        shown = (await client.get(f"{API}/reference")).json()
    assert loaded.status_code == 201 and loaded.json()["age_days"] > 1000
    assert [(one["kind"], one["as_of"], one["region"]) for one in shown] == [
        ("vehicles", "2020-01-01", TOWNSHIP[:6])
    ]

"""Households as beneficiaries, and who is paid: approved by two, stated, in bulk for rooms, and never guessed."""

from typing import Any

import httpx
import pytest

from contracts.registry import HouseholdChanged
from kit.auth import Actor, Role
from kit.testing import RoomHarness, official, only, service
from services.registry.tests.conftest import TOWNSHIP, person

BASE = "/api/registry/v1"
MAKER = official(Role.TOWNSHIP_HANDLER, TOWNSHIP)
CHECKER = official(Role.TOWNSHIP_REVIEWER, TOWNSHIP)
COUNTY_MAKER = official(Role.COUNTY_HANDLER, "539901")
COUNTY = official(Role.COUNTY_REVIEWER, "539901")
PAPER = {"digest": "sha256:" + "a" * 64}


async def call(room: RoomHarness, actor: Actor, path: str, body: dict[str, Any]) -> httpx.Response:
    async with room.client(actor) as client:
        return await client.post(path, json=body)


async def people(registry: RoomHarness, *serials: int) -> list[str]:
    """Subject ids of invented people of the township."""
    body = {"persons": [person(serial, township=TOWNSHIP).model_dump() for serial in serials]}
    answer = await call(registry, service("batch"), "/internal/v1/persons:resolve", body)
    return [one["subject_id"] for one in answer.json()["persons"]]


async def resolve(registry: RoomHarness, *rows: tuple[str, list[str]]) -> list[dict[str, Any]]:
    asked = [
        {"ref": str(place), "head_id": head, "member_ids": members, "township": TOWNSHIP}
        for place, (head, members) in enumerate(rows)
    ]
    answer = await call(registry, service("batch"), "/internal/v1/households:resolve", {"households": asked})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["households"]
    return found


async def propose(registry: RoomHarness, actor: Actor = MAKER, **body: Any) -> httpx.Response:
    return await call(registry, actor, f"{BASE}/changes", {"reason": "request", "evidence": PAPER} | body)


async def change(registry: RoomHarness, checker: Actor = CHECKER, **body: Any) -> httpx.Response:
    made = await propose(registry, **body)
    assert made.status_code == 201, made.text
    return await call(registry, checker, f"{BASE}/changes/{made.json()['change_id']}:approve", {})


async def payee(registry: RoomHarness, subject_id: str, query: str = "") -> dict[str, Any]:
    async with registry.client(CHECKER) as client:
        answer = await client.get(f"{BASE}/persons/{subject_id}/payee{query}")
    found: dict[str, Any] = answer.json()
    return found


async def checked(registry: RoomHarness, *pairs: tuple[str, str], on: str = "2023-05-10") -> list[bool]:
    body = {"project": "11810", "on": on, "pairs": [{"subject_id": a, "payee_id": b} for a, b in pairs]}
    answer = await call(registry, service("card_matching"), "/internal/v1/payees:check", body)
    found: list[bool] = answer.json()["authorised"]
    return found


async def test_a_roster_forms_households_once_and_finds_them_again(registry: RoomHarness) -> None:
    a, b, c, d = await people(registry, 1, 2, 3, 4)
    first, second, inside, elsewhere, nobody = await resolve(
        registry, (a, [b]), (c, []), (b, []), (d, [a]), ("nobody", [])
    )
    assert (first["created"], first["head_id"], second["created"]) == (True, a, True)
    assert [one["problem"] for one in (inside, elsewhere, nobody)] == [
        "head_is_member",
        "member_elsewhere",
        "person_unknown",
    ]
    stated = only(await registry.emitted(), HouseholdChanged)
    assert [(one.change, one.head_id, one.rev) for one in stated] == [("formed", a, 1), ("formed", c, 1)]
    assert stated[0].subject_id == first["subject_id"] not in (a, b)
    [again, differs] = await resolve(registry, (a, [a, b]), (a, [b, d]))
    assert (again["subject_id"], again["created"], again["notices"]) == (first["subject_id"], False, [])
    assert differs["notices"] == ["members_differ"], "joining needs two people, a roster alone adds nobody"
    assert await registry.emitted() == []


async def test_a_households_profile_is_its_heads_with_all_members(registry: RoomHarness) -> None:
    a, b, single = await people(registry, 1, 2, 3)
    [home] = await resolve(registry, (a, [b]))
    asked = {"purpose": "verification", "subject_ids": [single, home["subject_id"]]}
    answer = await call(registry, service("verification"), "/internal/v1/subjects:profiles", asked)
    alone, whole = answer.json()["profiles"]
    assert (alone["head_id"], alone["members"]) == (None, [])
    assert (whole["subject_id"], whole["head_id"]) == (home["subject_id"], a)
    assert {one["subject_id"] for one in whole["members"]} == {a, b}
    named = {"purpose": "posted_notice", "subject_ids": [home["subject_id"]]}
    answer = await call(registry, service("publicity"), "/internal/v1/subjects:names", named)
    assert [one["name"] for one in answer.json()["names"]] == ["陶砚秋"]


async def test_change_of_head_split_join_and_leave_by_two_people(registry: RoomHarness) -> None:
    a, b, c, d, e = await people(registry, 1, 2, 3, 4, 5)
    [home] = await resolve(registry, (a, [b, c, d]))
    subject = home["subject_id"]
    await registry.emitted()

    async def next_change(**body: Any) -> list[tuple[str, str, list[str]]]:
        assert (await change(registry, subject_id=subject, **body)).status_code == 200
        found = only(await registry.emitted(), HouseholdChanged)
        return [(one.change, one.head_id, one.member_ids) for one in found]

    assert await next_change(kind="join", person_ids=[e]) == [("joined", a, sorted([a, b, c, d, e]))]
    assert await next_change(kind="leave", person_ids=[e]) == [("left", a, sorted([a, b, c, d]))]
    assert await next_change(kind="split", person_ids=[c, d]) == [
        ("split", a, sorted([a, b])),
        ("formed", c, sorted([c, d])),
    ]
    assert await next_change(kind="head", person_ids=[b], reason="death") == [("head_changed", b, [b])]
    assert (await payee(registry, subject))["payee_id"] == b
    async with registry.client(CHECKER) as client:
        shown = (await client.get(f"{BASE}/households/{home['household_id']}")).json()
    assert (shown["head_id"], shown["member_ids"], shown["rev"]) == (b, [b], 5)


async def test_what_does_not_fit_a_household_is_refused_with_its_code(registry: RoomHarness) -> None:
    a, b, c, d = await people(registry, 1, 2, 3, 4)
    home, other = await resolve(registry, (a, [b]), (c, []))
    subject = home["subject_id"]
    cases: dict[str, dict[str, Any]] = {
        "already_head": {"kind": "head", "person_ids": [a]},
        "no_member": {"kind": "head", "person_ids": [d]},
        "head_stays": {"kind": "leave", "person_ids": [a]},
        "already_member": {"kind": "join", "person_ids": [b]},
        "member_elsewhere": {"kind": "join", "person_ids": [c]},
        "nobody": {"kind": "split", "person_ids": []},
        "basis": {"kind": "payee", "person_ids": [b], "basis": "household_head", "valid_from": "2023-05-01"},
        "validity": {"kind": "payee", "person_ids": [d], "basis": "authorised", "valid_from": "2023-05-01"},
    }
    for code, body in cases.items():
        answer = await propose(registry, subject_id=subject, **body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    answer = await propose(registry, subject_id=a, kind="head", person_ids=[b])
    assert answer.json()["code"] == "not_a_household"
    assert other["created"]


async def test_who_lives_in_a_household_of_another_township_does_not_join(registry: RoomHarness) -> None:
    a, b = await people(registry, 1, 2)
    [home] = await resolve(registry, (a, []))
    there = {"ref": "x", "head_id": b, "township": "539901102"}
    await call(registry, service("batch"), "/internal/v1/households:resolve", {"households": [there]})
    answer = await propose(registry, kind="join", subject_id=home["subject_id"], person_ids=[b])
    assert (answer.status_code, answer.json()["code"]) == (422, "member_elsewhere")


async def test_an_approval_that_no_longer_fits_is_refused(registry: RoomHarness) -> None:
    a, b, c = await people(registry, 1, 2, 3)
    home, other = await resolve(registry, (a, [b]), (c, []))
    made = await propose(registry, kind="split", subject_id=home["subject_id"], person_ids=[b])
    assert (
        await change(registry, kind="head", subject_id=home["subject_id"], person_ids=[b])
    ).status_code == 200
    late = await call(registry, CHECKER, f"{BASE}/changes/{made.json()['change_id']}:approve", {})
    assert (late.status_code, late.json()["code"]) == (409, "head_stays")
    assert other["problem"] is None


@pytest.mark.parametrize(
    "evidence", [{}, {"content": "!!"}, {"content": ""}, {"digest": "x"}, PAPER | {"content": "YQ=="}]
)
async def test_nothing_is_proposed_without_evidence(registry: RoomHarness, evidence: dict[str, str]) -> None:
    [one] = await people(registry, 1)
    answer = await propose(registry, kind="erase", subject_id=one, evidence=evidence)
    assert answer.status_code == 422


async def test_a_stranger_is_nobodys_to_change(registry: RoomHarness) -> None:
    [one] = await people(registry, 1)
    elsewhere = official(Role.TOWNSHIP_HANDLER, "539901102")
    assert (await propose(registry, elsewhere, kind="erase", subject_id=one)).status_code == 404
    assert (await propose(registry, kind="erase", subject_id="nobody")).status_code == 404


async def test_the_countys_proposal_is_not_for_the_township_to_decide(registry: RoomHarness) -> None:
    [one] = await people(registry, 1)
    made = (await propose(registry, COUNTY_MAKER, kind="erase", subject_id=one)).json()
    path = f"{BASE}/changes/{made['change_id']}:approve"
    assert (await call(registry, CHECKER, path, {})).status_code == 403
    assert (await call(registry, COUNTY, path, {})).status_code == 200
    async with registry.room.tx() as tx:
        row = await tx.fetchrow("SELECT wrapped_key, sealed FROM subject WHERE subject_id = $1", one)
    assert row is not None and row["wrapped_key"] is None and row["sealed"] == b""


async def test_proposals_show_in_their_region_only_and_once(registry: RoomHarness) -> None:
    [one] = await people(registry, 1)
    await propose(registry, kind="erase", subject_id=one)
    assert (await propose(registry, kind="erase", subject_id=one)).status_code == 409
    for actor, shown in ((CHECKER, 1), (COUNTY, 1), (official(Role.COUNTY_REVIEWER, "539902"), 0)):
        async with registry.client(actor) as client:
            page = (await client.get(f"{BASE}/changes?state=proposed")).json()
        assert len(page["items"]) == shown


async def test_hundreds_of_households_in_one_call(registry: RoomHarness) -> None:
    found = await people(registry, *range(1, 801))
    heads, others = found[::2], found[1::2]
    resolved = await resolve(registry, *[(head, [other]) for head, other in zip(heads, others, strict=True)])
    assert all(one["created"] for one in resolved) and len({one["subject_id"] for one in resolved}) == 400
    stated = only(await registry.emitted(), HouseholdChanged)
    assert {tuple(one.member_ids) for one in stated} == {
        tuple(sorted(pair)) for pair in zip(heads, others, strict=True)
    }


async def test_a_proposal_still_open_in_another_township_is_found(registry: RoomHarness) -> None:
    """Who moved has to do with two townships; the wall between them hides no open proposal (kit.rows)."""
    [one] = await people(registry, 1)
    moved = {"persons": [person(1, township="539901102").model_dump()]}
    await call(registry, service("batch"), "/internal/v1/persons:resolve", moved)
    asked: dict[str, Any] = {
        "kind": "payee",
        "subject_id": one,
        "basis": "self",
        "valid_from": "2023-05-01",
    }
    assert (await propose(registry, **asked)).status_code == 201
    again = await propose(registry, official(Role.TOWNSHIP_HANDLER, "539901102"), **asked)
    assert (again.status_code, again.json()["type"].rpartition(":")[2].rpartition("/")[2]) == (
        409,
        "change-open",
    )

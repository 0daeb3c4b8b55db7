"""Who sees whom: the complainant is known to the desk and discipline alone, and texts are sealed."""

from dataclasses import replace

import pytest

from kit.auth import Actor, Role
from kit.testing import RoomHarness, official
from services.grievance.tests.conftest import (
    API,
    COUNTY,
    DESK,
    DISCIPLINE,
    NEIGHBOUR,
    OTHER,
    SURVEY,
    SURVEYOR,
    TOWNSHIP,
    filed,
    step,
)

WORDS = "举报邻居陶砚秋，电话13900001234，身份证53990119500307003X"


async def _view(room: RoomHarness, objection_id: str, who: Actor) -> dict[str, object]:
    async with room.client(who) as client:
        answer = await client.get(f"{API}/objections/{objection_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


async def test_only_the_desk_and_discipline_see_who_complained(room: RoomHarness) -> None:
    objection_id = await filed(room, text=WORDS)
    for who, complainant, text in (
        (DESK, "subject-neighbour", WORDS),
        (DISCIPLINE, "subject-neighbour", None),
        (SURVEYOR, None, None),
        (NEIGHBOUR, None, WORDS),
    ):
        shown = await _view(room, objection_id, who)
        assert (shown["complainant"], shown["text"]) == (complainant, text), who.sub


async def test_the_complainant_follows_progress_and_reads_the_opinion(room: RoomHarness) -> None:
    objection_id = await filed(room)
    await step(room, objection_id, "accept")
    await step(room, objection_id, "survey", SURVEY)
    await step(room, objection_id, "conclude", {"upheld": True, "opinion": "属实，已取消"})
    shown = await _view(room, objection_id, NEIGHBOUR)
    assert (shown["state_label"], shown["opinion"], shown["upheld"]) == ("结论", "属实，已取消", True)
    assert (shown["survey"], shown["findings"]) == (None, None)


async def test_others_find_nothing(room: RoomHarness) -> None:
    objection_id = await filed(room)
    elsewhere = official(Role.COMPLAINTS_DESK, "539902")
    foreign = official(Role.COMPLAINTS_DESK, COUNTY, projects=frozenset({"20779"}))
    for who in (OTHER, elsewhere, foreign):
        async with room.client(who) as client:
            assert (await client.get(f"{API}/objections/{objection_id}")).status_code == 404
            assert (await client.get(f"{API}/objections")).json()["items"] == []
    await step(room, objection_id, "accept", who=elsewhere, status=404)


@pytest.mark.parametrize("role", [Role.TOWNSHIP_HANDLER, Role.COUNTY_HANDLER, Role.OPERATOR])
async def test_roles_that_have_no_part_in_it_are_refused(room: RoomHarness, role: Role) -> None:
    objection_id = await filed(room)
    async with room.client(official(role, TOWNSHIP)) as client:
        assert (await client.get(f"{API}/objections/{objection_id}")).status_code == 403
    await step(room, objection_id, "accept", who=official(role, COUNTY), status=403)


@pytest.mark.parametrize("subject", ["subject-1", "subject-neighbour"])
async def test_a_person_concerned_never_handles_it(room: RoomHarness, subject: str) -> None:
    objection_id = await filed(room)
    await step(room, objection_id, "accept", who=replace(DESK, subject_id=subject), status=403)
    await step(room, objection_id, "accept", who=replace(DESK, subject_id="subject-uninvolved"))


async def test_every_look_is_audited(room: RoomHarness) -> None:
    objection_id = await filed(room)
    await _view(room, objection_id, DESK)
    async with room.client(DISCIPLINE) as client:
        await client.get(f"{API}/objections")
    async with room.room.tx() as tx:
        rows = await tx.fetch("SELECT actor, action FROM audit ORDER BY 1, 2")
    seen = {(row["actor"], row["action"]) for row in rows}
    assert {(DESK.sub, "grievance.view"), (DISCIPLINE.sub, "grievance.list")} <= seen


async def test_no_word_of_a_citizen_stands_in_the_database(room: RoomHarness) -> None:
    objection_id = await filed(room, text=WORDS)
    await step(room, objection_id, "accept")
    await step(room, objection_id, "survey", {"findings": ["confirmed"], "text": WORDS})
    await step(room, objection_id, "conclude", {"upheld": True, "opinion": WORDS})
    async with room.room.tx() as tx:
        tables = await tx.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        dump = ""
        for row in tables:
            found = await tx.fetch(f'SELECT t::text AS text FROM "{row["tablename"]}" AS t')
            dump += "\n".join(one["text"] for one in found)
    assert objection_id in dump, "the dump does hold the rows"
    for canary in ("陶砚秋", "13900001234", "53990119500307003X", "举报"):
        assert canary not in dump
        assert canary.encode().hex() not in dump

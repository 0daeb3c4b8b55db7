"""Who sees which applications and enrolments: one's own, one's region and projects; the rest is not there."""

import pytest

from contracts.batch import LineState
from kit.auth import Actor, Role
from kit.testing import RoomHarness, citizen, official, service
from services.application.tests.conftest import (
    HELPER,
    OTHER_TOWNSHIP,
    TOWNSHIP,
    count,
    roster,
    stated,
    submit,
)

BASE = "/api/application/v1"


async def subject_of(room: RoomHarness, application_id: str) -> str:
    async with room.room.tx() as tx:
        found = await tx.fetchval(
            "SELECT subject_id FROM application WHERE application_id = $1", application_id
        )
    return str(found)


async def get(room: RoomHarness, actor: Actor | None, path: str) -> tuple[int, dict[str, object]]:
    async with room.client(actor) as client:
        answer = await client.get(BASE + path)
        return answer.status_code, answer.json()


async def ids(room: RoomHarness, actor: Actor, path: str = "/applications") -> list[str]:
    status, page = await get(room, actor, path)
    assert status == 200
    items = page["items"]
    assert isinstance(items, list)
    return [item["application_id"] for item in items]


@pytest.mark.parametrize(
    ("actor", "sees"),
    [
        (HELPER, True),
        (official(Role.TOWNSHIP_HANDLER, TOWNSHIP), True),
        (official(Role.TOWNSHIP_REVIEWER, TOWNSHIP), True),
        (official(Role.COUNTY_HANDLER, "539901"), True),
        (official(Role.DISCIPLINE, "5399"), True),
        (official(Role.HELPER, TOWNSHIP, sub="helper-2"), False),
        (official(Role.TOWNSHIP_HANDLER, OTHER_TOWNSHIP), False),
        (official(Role.TOWNSHIP_HANDLER, "539901101201"), False),
        (official(Role.COUNTY_HANDLER, "539902"), False),
        (official(Role.COUNTY_HANDLER, "539901", projects=frozenset({"10001"})), False),
        (official(Role.COUNTY_HANDLER, "539901", projects=frozenset()), False),
        (citizen("somebody-else"), False),
    ],
)
async def test_one_and_the_list_agree_on_who_sees(desk: RoomHarness, actor: Actor, sees: bool) -> None:
    application_id = (await submit(desk)).json()["application_id"]
    status, body = await get(desk, actor, f"/applications/{application_id}")
    assert status == (200 if sees else 404)
    assert await ids(desk, actor) == ([application_id] if sees else [])
    missing, nothing = await get(desk, actor, "/applications/none")
    assert missing == 404 and (sees or body == nothing)
    if sees:
        assert (body["state"], body["channel_label"]) == ("submitted", "代办申报")


@pytest.mark.parametrize("actor", [official(Role.OPERATOR, "5399"), service("batch")])
async def test_others_have_no_business_here(desk: RoomHarness, actor: Actor) -> None:
    for path in ("/applications", "/applications/x", "/enrolments"):
        assert (await get(desk, actor, path))[0] == 403
    assert (await get(desk, None, "/applications"))[0] == 401


async def test_the_person_sees_what_a_helper_entered_for_them(desk: RoomHarness) -> None:
    application_id = (await submit(desk)).json()["application_id"]
    me = citizen(await subject_of(desk, application_id))
    assert (await get(desk, me, f"/applications/{application_id}"))[0] == 200
    assert await ids(desk, me) == [application_id]


async def test_lists_filter_and_go_on_page_by_page(room: RoomHarness) -> None:
    await room.deliver(roster(*[f"s{place}" for place in range(5)]))
    actor = official(Role.COUNTY_HANDLER, "539901")
    everything = await ids(room, actor)
    assert everything == sorted(everything) and len(everything) == 5
    seen: list[str] = []
    after: object = ""
    while after is not None:
        _, page = await get(room, actor, f"/applications?limit=2&after={after}")
        items = page["items"]
        assert isinstance(items, list)
        seen += [item["application_id"] for item in items]
        after = page["next"]
    assert seen == everything
    assert await ids(room, actor, "/applications?state=submitted") == []
    assert await ids(room, actor, f"/applications?township={OTHER_TOWNSHIP}") == []
    assert len(await ids(room, actor, f"/applications?township={TOWNSHIP}&project=11810&state=listed")) == 5
    assert len(await ids(room, actor, "/applications?subject_id=s3")) == 1
    assert (await get(room, actor, "/applications?limit=0"))[0] == 422


async def test_enrolments_show_to_the_person_and_the_region(room: RoomHarness) -> None:
    await room.deliver(roster("s1"))
    [application_id] = await ids(room, citizen("s1"))
    await room.deliver(stated("sl", 1, {application_id: LineState.NORMAL}))
    assert await count(room, "enrolment") == 1
    for actor in (
        citizen("s1"),
        official(Role.TOWNSHIP_HANDLER, TOWNSHIP),
        official(Role.COUNTY_REVIEWER, "539901"),
    ):
        assert await ids(room, actor, "/enrolments?state=proposed") == [application_id]
        assert await ids(room, actor, "/enrolments?state=active") == []
    for actor in (citizen("s2"), official(Role.TOWNSHIP_HANDLER, OTHER_TOWNSHIP)):
        assert await ids(room, actor, "/enrolments") == []

"""Who sees a slice's card results."""

from kit.auth import Role, undeclared
from kit.testing import RoomHarness, citizen, official
from services.card_matching.handlers.asking import ask_agency
from services.card_matching.tests.world import SLICE, TOWNSHIP, Agency, card, line, match, stated

URL = f"/api/card_matching/v1/results?slice_id={SLICE}"


async def test_results_in_pages_and_by_status(room: RoomHarness, agency: Agency) -> None:
    agency.world(card(1), card(2), card(3, card_status="lost"))
    async with room.client(official(Role.TOWNSHIP_HANDLER, TOWNSHIP)) as client:
        assert (await client.get(URL)).status_code == 404
        await room.deliver(*stated([line(n) for n in range(1, 4)]))
        assert (await client.get(URL)).status_code == 404
        await room.deliver(match())
        before = (await client.get(URL)).json()
        await room.work(ask_agency)
        after = (await client.get(URL + "&limit=2")).json()
        rest = (await client.get(URL + f"&limit=2&after={after['next']}")).json()
        bad = (await client.get(URL + "&status=abnormal")).json()
    assert (before["processing"], {one["status"] for one in before["items"]}) == (3, {"processing"})
    assert (after["normal"], after["abnormal"], after["processing"]) == (2, 1, 0)
    assert [one["subject_id"] for one in (*after["items"], *rest["items"])] == ["p1", "p2", "p3"]
    assert [one["subject_id"] for one in bad["items"]] == ["p3"] and rest["next"] is None


async def test_others_see_nothing(room: RoomHarness) -> None:
    await room.deliver(*stated([line(1)]), match())
    expected = {
        official(Role.COUNTY_HANDLER, TOWNSHIP[:6]): 200,
        official(Role.TOWNSHIP_REVIEWER, "539901102"): 404,
        official(Role.COUNTY_HANDLER, "539902"): 404,
        official(Role.COUNTY_HANDLER, TOWNSHIP[:6], projects=frozenset({"other"})): 404,
        official(Role.FINANCE_PAYER, TOWNSHIP[:6]): 403,
        citizen("s1"): 403,
    }
    for actor, status in expected.items():
        async with room.client(actor) as client:
            assert (await client.get(URL)).status_code == status, actor.sub
    assert room.app is not None and undeclared(room.app.openapi()) == []

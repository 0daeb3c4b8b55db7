"""Every operation by role, region, project and state; denied changes nothing, and 404 hides the rest."""

import asyncio
from typing import Any

import pytest

from kit.auth import Actor, Role, undeclared
from kit.testing import citizen, official
from services.batch.app import service
from services.batch.tests.county import (
    COUNTY,
    COUNTY_HANDLER,
    HANDLER,
    OTHER_TOWN,
    PERIOD,
    PROJECT,
    REVIEWER,
    TOWN,
    VILLAGE,
    County,
)

FOREIGN_COUNTY = official(Role.COUNTY_HANDLER, "539902")
FOREIGN_TOWN = official(Role.TOWNSHIP_HANDLER, OTHER_TOWN)
OTHER_PROJECT = official(Role.COUNTY_HANDLER, COUNTY, sub="x", projects=frozenset({"20779"}))


def test_every_operation_says_who_may_call_it() -> None:
    assert undeclared(service.app.openapi()) == []


async def status(county: County, actor: Actor | None, method: str, path: str, **options: Any) -> int:
    answer = await county.call(actor, method, path, **options)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
    return int(answer.status_code)


async def test_reading_by_region_and_project(county: County) -> None:
    slice_id, lines = await county.verified(1)
    paths = [
        f"/slices/{slice_id}",
        f"/slices/{slice_id}/lines",
        f"/slices/{slice_id}/manifest",
        f"/lines/{lines[0].line_id}/history",
    ]
    for path in paths:
        assert await status(county, HANDLER, "GET", path) == 200
        assert await status(county, COUNTY_HANDLER, "GET", path) == 200
        for foreign in (FOREIGN_COUNTY, FOREIGN_TOWN, OTHER_PROJECT):
            assert await status(county, foreign, "GET", path) == 404
        assert await status(county, citizen("s1"), "GET", path) == 403
        assert await status(county, None, "GET", path) == 401
    assert await status(county, HANDLER, "GET", "/slices/unknown") == 404
    assert await county.get(FOREIGN_TOWN, "/slices") == []
    assert len(await county.get(HANDLER, "/slices?tab=待送审")) == 1
    assert await county.get(HANDLER, "/slices?tab=已办结") == []
    found = await county.get(HANDLER, f"/lines?application_id={lines[0].application_id}")
    assert [one["line_id"] for one in found] == [lines[0].line_id]
    assert await county.get(FOREIGN_TOWN, f"/lines?application_id={lines[0].application_id}") == []
    assert await status(county, HANDLER, "GET", "/lines") == 422


@pytest.mark.parametrize(
    ("actor", "changes", "expected"),
    [
        (COUNTY_HANDLER, {}, 409),
        (COUNTY_HANDLER, {"project": "00000"}, 422),
        (COUNTY_HANDLER, {"period": "202313"}, 422),
        (COUNTY_HANDLER, {"county": "539902"}, 404),
        (official(Role.COUNTY_HANDLER, "5399"), {"county": "539999"}, 422),
        (HANDLER, {}, 403),
        (OTHER_PROJECT, {}, 404),
    ],
)
async def test_batches_open_once(
    county: County, actor: Actor, changes: dict[str, str], expected: int
) -> None:
    body = {"project": PROJECT, "period": PERIOD, "county": COUNTY} | changes
    assert await status(county, actor, "POST", "/batches", json=body) == expected
    assert len(await county.get(COUNTY_HANDLER, "/batches")) == 1


async def test_batches_show_counters_of_ones_own_region(county: County) -> None:
    await county.verified(2)
    await county.verified(1, township=OTHER_TOWN)
    for actor, lines in ((COUNTY_HANDLER, 3), (HANDLER, 2), (FOREIGN_TOWN, 1)):
        (batch,) = await county.get(actor, "/batches")
        assert (batch["lines"], batch["normal"], batch["total_fen"]) == (lines, lines, None)
    assert await county.get(FOREIGN_COUNTY, "/batches") == []


async def test_submitting_is_refused(county: County) -> None:
    (application,) = await county.list_applications(1)
    path = f"/batches/{county.batch_id}/slices"

    async def submit(actor: Actor, **body: Any) -> int:
        return await status(county, actor, "POST", path, json={"township": TOWN} | body)

    assert await submit(FOREIGN_TOWN) == 404
    assert await submit(REVIEWER) == 403
    assert await submit(COUNTY_HANDLER) == 403
    assert await submit(HANDLER, township="123") == 422
    assert await submit(HANDLER, application_ids=["unknown"]) == 409
    assert await submit(HANDLER, application_ids=[application, "unknown"]) == 409
    assert await submit(HANDLER, surprise=1) == 422
    away = official(Role.TOWNSHIP_HANDLER, "539902101")
    assert await submit(away, township="539902101") == 404  # of another county: nothing to see here
    assert await county.get(HANDLER, "/slices") == []
    assert await submit(HANDLER, application_ids=[application]) == 201
    assert await submit(HANDLER) == 409


async def test_two_identical_submissions_at_once_make_one_slice(county: County) -> None:
    await county.list_applications(5)
    body = {"township": TOWN}
    path = f"/batches/{county.batch_id}/slices"
    found = await asyncio.gather(*(status(county, HANDLER, "POST", path, json=body) for _ in range(2)))
    assert sorted(found) == [201, 409]
    (one,) = await county.get(HANDLER, "/slices")
    assert (one["counters"]["lines"], one["number"]) == (5, 1)


async def test_one_slice_per_category(county: County) -> None:
    await county.list_applications(2)
    await county.list_applications(1, category="poor")
    made = await county.post(HANDLER, f"/batches/{county.batch_id}/slices", {"township": TOWN})
    assert sorted((one["category"], one["counters"]["lines"]) for one in made) == [
        ("destitute", 2),
        ("poor", 1),
    ]


async def test_sets_are_refused(county: County) -> None:
    slice_id, _ = await county.verified(1)
    body = {"batch_id": county.batch_id}
    assert await status(county, COUNTY_HANDLER, "POST", "/sets", json=body) == 409
    await county.sign_slice(slice_id)
    await county.hand_over(slice_id)
    assert await status(county, HANDLER, "POST", "/sets", json=body) == 403
    assert await status(county, FOREIGN_COUNTY, "POST", "/sets", json=body) == 404
    assert await status(county, COUNTY_HANDLER, "POST", "/sets", json=body | {"slice_ids": ["x"]}) == 409
    set_id = await county.open_set([slice_id])
    assert await status(county, COUNTY_HANDLER, "POST", "/sets", json=body) == 409
    for path in (f"/sets/{set_id}", f"/sets/{set_id}/manifest"):
        assert await status(county, COUNTY_HANDLER, "GET", path) == 200
        assert await status(county, FOREIGN_COUNTY, "GET", path) == 404
        assert await status(county, HANDLER, "GET", path) == 403
    assert len(await county.get(COUNTY_HANDLER, "/sets?tab=待送审")) == 1
    assert await county.get(FOREIGN_COUNTY, "/sets") == []


async def test_corrections_are_refused(county: County) -> None:
    _, lines = await county.verified(1)
    path = f"/lines/{lines[0].line_id}:correct"
    assert await status(county, HANDLER, "POST", path, json={"village": VILLAGE}) == 409
    assert await status(county, FOREIGN_TOWN, "POST", path, json={"village": VILLAGE}) == 404
    assert await status(county, COUNTY_HANDLER, "POST", path, json={"village": VILLAGE}) == 403
    _, (odd,) = await county.submit(1, village="天上村")
    bad = {"village": "539901102201"}
    assert await status(county, HANDLER, "POST", f"/lines/{odd.line_id}:correct", json=bad) == 422
    history = await county.get(HANDLER, f"/lines/{odd.line_id}/history")
    assert len(history["changes"]) == 1


async def test_candidates_by_region(county: County) -> None:
    await county.list_applications(2)
    await county.list_applications(1, township=OTHER_TOWN)
    path = f"/batches/{county.batch_id}/candidates"
    assert (await county.get(HANDLER, path))["counts"] == {"open": 2}
    assert (await county.get(COUNTY_HANDLER, path))["counts"] == {"open": 3}
    assert (await county.get(COUNTY_HANDLER, f"{path}?township={OTHER_TOWN}"))["counts"] == {"open": 1}
    assert await status(county, HANDLER, "GET", f"{path}?township={OTHER_TOWN}") == 404
    assert await status(county, FOREIGN_COUNTY, "GET", path) == 404

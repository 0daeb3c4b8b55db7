"""A grievance room on a database of its own, with one slice of invented lines in it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from contracts.base import rows_digest
from contracts.batch import Line, LinesStated, LineState
from kit.auth import Actor, Role
from kit.testing import RoomHarness, citizen, official
from services.grievance.app import service
from services.grievance.ports import open_vault

COUNTY, TOWNSHIP = "539901", "539901101"
API = "/api/grievance/v1"
DESK = official(Role.COMPLAINTS_DESK, COUNTY)
SURVEYOR = official(Role.SURVEY_WORKER, TOWNSHIP)
DISCIPLINE = official(Role.DISCIPLINE, "5399")
NEIGHBOUR, OTHER = citizen("subject-neighbour"), citizen("subject-other")


def line(number: int, *, rev: int = 1) -> Line:
    """An invented line."""
    return Line(
        line_id=f"line-{number}",
        rev=rev,
        application_id=f"application-{number}",
        subject_id=f"subject-{number}",
        payee_id=f"subject-{number}",
        village="539901101201",
        state=LineState.NORMAL,
        entitlement_period="202305",
    )


def stated(slice_id: str = "slice-1", revision: int = 1, count: int = 3, rev: int = 1) -> LinesStated:
    """A whole revision in one part."""
    rows = [line(number, rev=rev) for number in range(1, count + 1)]
    return LinesStated(
        stream_id=slice_id,
        revision=revision,
        index=0,
        count=1,
        digest=rows_digest(rows),
        batch_id="batch-1",
        project="11810",
        period="202305",
        county=COUNTY,
        township=TOWNSHIP,
        category="elderly",
        rows=rows,
    )


@pytest.fixture
async def room(
    postgres_dsn_factory: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RoomHarness]:
    """The room, knowing three lines."""
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    harness = await RoomHarness.create(
        "grievance", "services.grievance", service.handlers, service.app, postgres_dsn_factory(), tmp_path
    )
    await open_vault(harness.room)
    await harness.deliver(stated())
    yield harness
    await harness.close()


async def filed(
    room: RoomHarness, who: Actor = NEIGHBOUR, line_id: str = "line-1", text: str = "他已去世"
) -> str:
    """A registered objection; its id."""
    body = {"notice_id": "notice-1", "line_id": line_id, "topic": "deceased", "text": text}
    async with room.client(who) as client:
        answer = await client.post(f"{API}/objections", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["objection_id"])


async def step(
    room: RoomHarness, objection_id: str, name: str, body: object = None, who: Actor = DESK, status: int = 200
) -> dict[str, object]:
    """Take a step and expect its status."""
    async with room.client(who) as client:
        answer = await client.post(f"{API}/objections/{objection_id}:{name}", json=body)
    assert answer.status_code == status, answer.text
    found: dict[str, object] = answer.json()
    return found


SURVEY = {"findings": ["confirmed"], "text": "入户查实，已故"}


async def surveyed(room: RoomHarness, who: Actor = NEIGHBOUR) -> str:
    """An accepted and surveyed objection against line-1; its id."""
    objection_id = await filed(room, who)
    await step(room, objection_id, "accept")
    await step(room, objection_id, "survey", SURVEY, who=SURVEYOR)
    return objection_id

"""A supervision room on a database of its own, with invented slices, lines and work items."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts.base import rows_digest
from contracts.batch import Line, LinesStated, LineState, SetOpened, SliceOpened, SliceRevision
from contracts.orchestrator import ProjectDeployed, WorkItemClosed, WorkItemOpened
from kit.auth import Actor, Role
from kit.testing import RoomHarness, official
from services.supervision.app import service
from services.supervision.ports import open_vault

API = "/api/supervision/v1"
COUNTY, TOWNSHIP, OTHER_TOWNSHIP, OTHER_COUNTY = "539901", "539901101", "539901102", "539902"
PROJECT = "11810"
DISCIPLINE, LEADER = official(Role.DISCIPLINE, "5399"), official(Role.LEADER, "5399")
REVIEWER = official(Role.COUNTY_REVIEWER, COUNTY)
HANDLER = official(Role.TOWNSHIP_HANDLER, TOWNSHIP)
ELSEWHERE = official(Role.DISCIPLINE, OTHER_COUNTY)
LONG_AGO = datetime(2023, 5, 8, 9, 30, tzinfo=UTC)
AHEAD = datetime(2099, 1, 5, 9, 30, tzinfo=UTC)


def work_item(
    number: int,
    *,
    region: str = TOWNSHIP,
    node: str = "township_confirm",
    due: datetime = LONG_AGO,
    **more: Any,
) -> WorkItemOpened:
    """An opened work item, late unless told otherwise."""
    fields = {
        "business_key": f"slice-{number}",
        "project": PROJECT,
        "role": "township_handler",
        "instance_id": f"instance-{number}",
        "work_item_id": f"item-{number}",
    }
    return WorkItemOpened(region=region, node=node, due_at=due.isoformat(), **{**fields, **more})


def closed(number: int, actor: str | None = "township_handler@539901101") -> WorkItemClosed:
    """Its completion."""
    return WorkItemClosed(
        business_key=f"slice-{number}",
        instance_id=f"instance-{number}",
        work_item_id=f"item-{number}",
        node="",
        decision="approve",
        actor=actor,
    )


def slice_opened(slice_id: str, township: str = TOWNSHIP, kind: str = "first") -> SliceOpened:
    return SliceOpened(
        slice_id=slice_id, batch_id="batch-1", project=PROJECT, period="202305", county=township[:6],
        township=township, category="elderly", number=1, kind=kind, publicity_done=False, revision=1, lines=2,
    )  # fmt: skip


def stated(slice_id: str, lines: list[int], *, revision: int = 1, rev: int = 1) -> LinesStated:
    """A whole revision of a slice in one part."""
    rows = [
        Line(
            line_id=f"line-{number}", rev=rev, application_id=f"application-{number}",
            subject_id=f"subject-{number}", payee_id=f"subject-{number}", village="539901101201",
            state=LineState.NORMAL, entitlement_period="202305",
        )
        for number in lines
    ]  # fmt: skip
    return LinesStated(
        stream_id=slice_id, revision=revision, index=0, count=1, digest=rows_digest(rows), batch_id="batch-1",
        project=PROJECT, period="202305", county=COUNTY, township=TOWNSHIP, category="elderly", rows=rows,
    )  # fmt: skip


def set_opened(set_id: str, *slice_ids: str) -> SetOpened:
    parts = [SliceRevision(slice_id=one, revision=1) for one in slice_ids]
    return SetOpened(
        set_id=set_id,
        batch_id="batch-1",
        project=PROJECT,
        period="202305",
        county=COUNTY,
        slices=parts,
        lines=2,
    )


DEPLOYED = ProjectDeployed(
    project=PROJECT,
    version="v1",
    manifest={
        "name": "经济困难老年人服务补贴",
        "nodes": {"township_confirm": {"name": "乡镇确认"}, "county_submit": {"name": "项目测算"}},
    },
    rules={},
    form_schema={},
)


@pytest.fixture
async def room(
    postgres_dsn_factory: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RoomHarness]:
    """The room, knowing the project's names."""
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    harness = await RoomHarness.create(
        "supervision", "services.supervision", service.handlers, service.app, postgres_dsn_factory(), tmp_path
    )
    await open_vault(harness.room)
    await harness.deliver(DEPLOYED)
    yield harness
    await harness.close()


async def get(room: RoomHarness, path: str, who: Actor = DISCIPLINE, status: int = 200, **params: Any) -> Any:
    """Read something and expect its status."""
    async with room.client(who) as client:
        answer = await client.get(f"{API}/{path}", params=params)
    assert answer.status_code == status, answer.text
    return answer.json()


async def post(
    room: RoomHarness, path: str, body: object, who: Actor = DISCIPLINE, status: int = 201
) -> dict[str, Any]:
    """Do something and expect its status."""
    async with room.client(who) as client:
        answer = await client.post(f"{API}/{path}", json=body)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found

"""The room on a database of its own, beside a real registry that can be made to fail."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.application import RecordOffline
from contracts.base import rows_digest
from contracts.batch import Line, LinesStated, LineState
from contracts.orchestrator import ProjectDeployed
from kit.auth import Actor, Role
from kit.idnumber import check_character
from kit.peers import Peers
from kit.testing import RoomHarness, official
from services.application.app import service

PROJECT = "11810"
TOWNSHIP = "539901101"
OTHER_TOWNSHIP = "539901102"
VILLAGE = "539901101201"
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "living": {"enum": ["alone", "with_family"]},
        "remark": {"type": "string", "maxLength": 80},
    },
    "required": ["living"],
    "additionalProperties": False,
}
DEPLOYED = ProjectDeployed(
    project=PROJECT,
    version="v1",
    manifest={"categories": {"minimum_living": "最低生活保障", "destitute": "特困"}},
    rules={},
    form_schema=SCHEMA,
)
HELPER = official(Role.HELPER, TOWNSHIP, sub="helper-1")


def number(serial: int) -> str:
    """A valid number of nobody (unassigned region code), another one per serial below 900."""
    body = f"53980119500307{serial:03d}"
    return body + check_character(body)


def submission(serial: int = 1, **changes: Any) -> dict[str, Any]:
    """A good application."""
    return {
        "project": PROJECT,
        "id_no": number(serial),
        "name": "陶砚秋",
        "phone": "15400000001",
        "township": TOWNSHIP,
        "village": "絮樵村",
        "category": "minimum_living",
        "form": {"living": "alone"},
        "consent": {"version": "1", "signature": "陶砚秋"},
    } | changes


@dataclass
class Registry:
    """The registry beside the room, and what happens to calls on their way."""

    harness: RoomHarness
    down: bool = False
    status: int | None = None
    calls: int = 0

    async def carry(self, request: httpx.Request) -> httpx.Response:
        """Bring a request into the registry's application."""
        self.calls += 1
        if self.down:
            raise httpx.ConnectError("connection refused")
        if self.status is not None:
            return httpx.Response(self.status)
        assert self.harness.app is not None
        transport = httpx.ASGITransport(app=self.harness.app, raise_app_exceptions=False)
        answer = await transport.handle_async_request(request)
        return httpx.Response(answer.status_code, content=await answer.aread())


@pytest.fixture
async def registry(
    postgres_dsn_factory: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Registry]:
    """A running registry."""
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    # A test may join two rooms; the rooms themselves may not import each other.
    app, ports = (import_module(f"services.registry.{name}") for name in ("app", "ports"))
    harness = await RoomHarness.create(
        "registry",
        "services.registry",
        app.service.handlers,
        app.service.app,
        postgres_dsn_factory(),
        tmp_path,
    )
    await ports.open_vault(harness.room)
    yield Registry(harness)
    await harness.close()


@pytest.fixture
async def room(
    postgres_dsn_factory: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RoomHarness]:
    """The room with the project deployed, without a registry."""
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    harness = await RoomHarness.create(
        "application",
        "services.application",
        service.handlers,
        service.app,
        postgres_dsn_factory(),
        tmp_path,
        room_urls={"registry": "http://registry"},
    )
    await harness.deliver(DEPLOYED)
    yield harness
    await harness.close()


@pytest.fixture
async def desk(room: RoomHarness, registry: Registry) -> AsyncIterator[RoomHarness]:
    """The room with its registry."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(registry.carry)) as http:
        room.room.peers = Peers(room.room.settings, room.room.tokens, http)
        yield room


async def submit(
    room: RoomHarness, actor: Actor = HELPER, key: str | None = None, serial: int = 1, **changes: Any
) -> httpx.Response:
    """POST an application."""
    headers = {} if key is None else {"Idempotency-Key": key}
    async with room.client(actor) as client:
        return await client.post(
            "/api/application/v1/applications", json=submission(serial, **changes), headers=headers
        )


async def count(room: RoomHarness, table: str) -> int:
    """Rows in a table."""
    async with room.room.tx() as tx:
        return int(await tx.fetchval(f"SELECT count(*) FROM {table}"))


def roster(*subjects: str, roster_id: str = "r1", project: str = PROJECT) -> RecordOffline:
    """One part of a roster."""
    rows = [
        {
            "row_id": f"row-{place}",
            "subject_id": subject,
            "township": TOWNSHIP,
            "village": VILLAGE,
            "category": "minimum_living",
        }
        for place, subject in enumerate(subjects, 1)
    ]
    return RecordOffline.model_validate(
        {"roster_id": roster_id, "project": project, "batch_id": "b1", "index": 0, "count": 1, "rows": rows}
    )


def stated(slice_id: str, revision: int, lines: dict[str, LineState]) -> LinesStated:
    """A revision of a slice with one line per application id."""
    rows = [
        Line(
            line_id=f"{slice_id}-{application_id}",
            rev=revision,
            application_id=application_id,
            subject_id=f"s-{application_id}",
            payee_id=f"s-{application_id}",
            village=VILLAGE,
            state=state,
            entitlement_period="202305",
        )
        for application_id, state in lines.items()
    ]
    return LinesStated(
        stream_id=slice_id,
        revision=revision,
        index=0,
        count=1,
        digest=rows_digest(rows),
        batch_id="b1",
        project=PROJECT,
        period="202305",
        county="539901",
        township=TOWNSHIP,
        category="minimum_living",
        rows=rows,
    )

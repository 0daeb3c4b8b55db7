"""The room with an empty database, and a county to play in."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from contracts.registry import (
    HouseholdResolved,
    HouseholdsReply,
    HouseholdsResolve,
    Resolved,
    ResolveReply,
    ResolveRequest,
)
from kit.peers import Peers
from kit.testing import RoomHarness
from services.batch.app import service
from services.batch.tests.county import County


class FakeRegistry:
    """Resolves every person to `s-<number>`, except those told to be a problem; may be down."""

    def __init__(self) -> None:
        self.down = False
        self.problems: dict[str, str] = {}
        self.calls: list[int] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            return httpx.Response(503)
        if request.url.path.endswith("/households:resolve"):
            return self.answer_households(request)
        asked = ResolveRequest.model_validate_json(request.content).persons
        self.calls.append(len(asked))
        found = [
            Resolved(ref=one.ref, problem=self.problems[one.id_no], message="姓名不一致 (name differs)")
            if one.id_no in self.problems
            else Resolved(ref=one.ref, subject_id=f"s-{one.id_no}")
            for one in asked
        ]
        return httpx.Response(200, text=ResolveReply(persons=found).model_dump_json())

    def answer_households(self, request: httpx.Request) -> httpx.Response:
        """Household `h-<head>`; a head told to be a problem is one."""
        found = [
            HouseholdResolved(ref=one.ref, problem="member_elsewhere", message="户籍不符 (lives elsewhere)")
            if one.head_id in self.problems
            else HouseholdResolved(ref=one.ref, subject_id=f"h-{one.head_id}", head_id=one.head_id)
            for one in HouseholdsResolve.model_validate_json(request.content).households
        ]
        return httpx.Response(200, text=HouseholdsReply(households=found).model_dump_json())


@pytest.fixture
async def room(
    postgres_dsn_factory: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RoomHarness]:
    """The room."""
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    monkeypatch.setenv("DAOHU_KEY_DIR", str(tmp_path))
    harness = await RoomHarness.create(
        "batch",
        "services.batch",
        service.handlers,
        service.app,
        postgres_dsn_factory(),
        tmp_path,
        room_urls={"registry": "http://registry"},
    )
    yield harness
    await harness.close()


@pytest.fixture
def registry(room: RoomHarness) -> FakeRegistry:
    """Stands for the registry."""
    fake = FakeRegistry()
    http = httpx.AsyncClient(transport=httpx.MockTransport(fake.answer))
    room.room.peers = Peers(room.room.settings, room.room.tokens, http)
    return fake


@pytest.fixture
async def county(room: RoomHarness) -> County:
    """A county with an open batch of a deployed project."""
    one = County(room)
    await one.open()
    return one

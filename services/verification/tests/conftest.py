"""The room on a database of its own, with a registry that a test can fill and put out."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from kit.testing import RoomHarness
from services.verification.app import service
from services.verification.ports import open_vault
from services.verification.tests.world import Registry


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
async def room(
    postgres_dsn_factory: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    registry: Registry,
) -> AsyncIterator[RoomHarness]:
    """Verification with an empty database."""
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    harness = await RoomHarness.create(
        "verification",
        "services.verification",
        service.handlers,
        service.app,
        postgres_dsn_factory(),
        tmp_path,
        room_urls={"registry": "http://registry"},
    )
    await harness.room.http.aclose()
    harness.room.http = httpx.AsyncClient(transport=httpx.MockTransport(registry))
    harness.room.peers._http = harness.room.http
    await open_vault(harness.room)
    yield harness
    await harness.close()

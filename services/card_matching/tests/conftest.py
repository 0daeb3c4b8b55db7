"""The room on a database of its own, with the agency simulator and a registry that a test can put out."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from kit.testing import RoomHarness
from services.card_matching.app import service
from services.card_matching.tests.world import Agency, Registry
from simulators.agency.app import create_app
from simulators.common import Settings
from simulators.tests.process import in_thread


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def agency(tmp_path: Path) -> Iterator[Agency]:
    """The real simulator, on its good behaviour."""
    with in_thread(create_app(Settings("127.0.0.1", 0, tmp_path / "agency", 7, "development"))) as client:
        one = Agency(client)
        one.behaviour()
        yield one


@pytest.fixture
async def room(
    postgres_dsn_factory: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    registry: Registry,
    agency: Agency,
) -> AsyncIterator[RoomHarness]:
    """Card matching with an empty database."""
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    harness = await RoomHarness.create(
        "card_matching",
        "services.card_matching",
        service.handlers,
        service.app,
        postgres_dsn_factory(),
        tmp_path,
        room_urls={"registry": "http://registry"},
        agency_url=agency.url,
    )
    await harness.room.http.aclose()
    mounts = {"http://registry": httpx.MockTransport(registry)}
    harness.room.http = httpx.AsyncClient(mounts=mounts, trust_env=False)
    harness.room.peers._http = harness.room.http
    yield harness
    await harness.close()

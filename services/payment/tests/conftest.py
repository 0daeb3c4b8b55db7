"""The room on a database of its own, with the bank simulator itself and a registry that answers."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from kit.testing import RoomHarness
from services.payment.app import service
from services.payment.tests.world import World
from simulators.bank.app import create_app
from simulators.common import Settings as BankSettings


@pytest.fixture
async def world(
    postgres_dsn_factory: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    """An empty room and a bank that pays everything, until told otherwise."""
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    dsn = postgres_dsn_factory()
    harness = await RoomHarness.create(
        "payment", "services.payment", service.handlers, service.app, dsn, tmp_path, bank_url="http://bank"
    )
    bank = create_app(BankSettings("127.0.0.1", 0, tmp_path / "bank", 1, "development"))
    await harness.room.http.aclose()
    harness.room.http = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=bank, raise_app_exceptions=False), base_url="http://bank"
    )
    world = World(harness)
    await world.behave(fail_rate=0, unknown_rate=0)
    yield world
    await harness.close()

"""The room under test, on its own database."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from kit.testing import RoomHarness
from services.orchestrator.app import app
from services.orchestrator.handlers import on


@pytest.fixture
async def room(
    postgres_dsn_factory: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RoomHarness]:
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    harness = await RoomHarness.create(
        "orchestrator", "services.orchestrator", on, app, postgres_dsn_factory(), tmp_path
    )
    yield harness
    await harness.close()

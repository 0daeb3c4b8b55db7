"""A registry on a database of its own, and people that nobody is (unassigned region code 539801)."""

from collections.abc import AsyncIterator, Callable
from datetime import date
from pathlib import Path

import pytest

from contracts.registry import PersonIn
from kit.idnumber import check_character
from kit.testing import RoomHarness
from services.registry.app import service
from services.registry.ports import Vault, open_vault, vault_of

TOWNSHIP = "539901101"


def number(serial: int, born: date = date(1950, 3, 7)) -> str:
    """A valid number, another one per serial (below 900)."""
    body = f"539801{born:%Y%m%d}{serial:03d}"
    return body + check_character(body)


def person(serial: int, name: str = "陶砚秋", **more: str) -> PersonIn:
    """A person as entered."""
    return PersonIn(**{"ref": str(serial), "id_no": number(serial), "name": name} | more)


@pytest.fixture
async def registry(
    postgres_dsn_factory: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RoomHarness]:
    """The room with an empty database."""
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    harness = await RoomHarness.create(
        "registry", "services.registry", service.handlers, service.app, postgres_dsn_factory(), tmp_path
    )
    await open_vault(harness.room)
    yield harness
    await harness.close()


@pytest.fixture
def vault(registry: RoomHarness) -> Vault:
    """The room's vault."""
    return vault_of(registry.room)

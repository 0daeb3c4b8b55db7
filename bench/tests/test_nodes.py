"""A tiny slice through every node of each measured room: the bench does real work and names all its nodes."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.nodes.__main__ import beside
from bench.nodes.room import ROOMS, measure

LINES = 40
NODES = {"card_matching": 3, "verification": 3, "batch": 13, "payment": 7, "publicity": 3}


@pytest.fixture
def around() -> Iterator[ExitStack]:
    """Ends the simulators that a room needs."""
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize("room", ROOMS)
async def test_a_tiny_slice_goes_through_every_node(
    room: str,
    postgres_dsn_factory: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    around: ExitStack,
) -> None:
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    monkeypatch.setenv("DAOHU_KEY_DIR", str(tmp_path))
    agency, bank = beside(room, LINES, tmp_path, around)
    found = [
        json.loads(one) for one in await measure(room, LINES, postgres_dsn_factory(), tmp_path, agency, bank)
    ]
    assert len({one["node"] for one in found}) == len(found) == NODES[room]
    assert all(one["room"] == room and one["peak_mib"] > 0 for one in found)

"""Every handler of every room gets its golden message, again, and late: the second time changes nothing at all."""

from collections.abc import Callable
from pathlib import Path

import pytest
import rooms

from contracts.base import REGISTRY
from kit.testing import RoomHarness
from stack.rooms import ROOMS


async def contents(harness: RoomHarness) -> dict[str, str]:
    """A digest of every table's rows."""
    async with harness.room.tx() as tx:
        tables = await tx.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return {
            row["tablename"]: await tx.fetchval(
                f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM \"{row['tablename']}\" t"
            )
            for row in tables
        }


@pytest.mark.parametrize("room", ROOMS)
def test_every_handled_message_has_its_example(room: str) -> None:
    missing = rooms.without_example(rooms.composed(room).handlers.types(), rooms.golden(room).GOLDEN)
    assert missing == []


def test_a_handler_without_an_example_is_noticed() -> None:
    handled = set(rooms.composed("batch").handlers.types())
    examples = dict(rooms.golden("batch").GOLDEN)
    gone = next(iter(examples))
    del examples[gone]
    assert rooms.without_example(handled, examples) == [gone.TYPE]


def test_every_command_is_handled_by_its_room_and_every_event_by_somebody() -> None:
    handled = {one for room in ROOMS for one in rooms.composed(room).handlers.types()}
    own = {room: rooms.composed(room).handlers.types() for room in ROOMS}
    for name, message in REGISTRY.items():
        if message.KIND == "commands":
            assert message in own[message.ROOM], f"{name} is accepted by nobody"
    assert len(handled) > 40


@pytest.mark.parametrize("room", ROOMS)
async def test_twice_and_late_is_as_once(
    room: str, postgres_dsn_factory: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    monkeypatch.setenv("DAOHU_KEY_DIR", str(tmp_path))
    service, examples = rooms.composed(room), rooms.golden(room)
    harness = await RoomHarness.create(
        room, f"services.{room}", service.handlers, service.app, postgres_dsn_factory(), tmp_path,
        room_urls={name: f"http://{name}" for name in ROOMS}, agency_url="http://agency", bank_url="http://bank",
    )  # fmt: skip
    try:
        async with harness.room.tx() as tx:
            await examples.prepare(tx)
        records = [harness.raw(message) for message in examples.GOLDEN.values()]
        for record in records:
            await harness.dispatcher.handle([record])
        async with harness.room.tx() as tx:
            parked = await tx.fetch("SELECT envelope->>'type' AS type, reason FROM parked")
            waiting = await tx.fetch("SELECT envelope->>'type' AS type FROM waiting")
        assert [tuple(row) for row in parked] == []
        assert [tuple(row) for row in waiting] == []
        once = await contents(harness)
        for record in records:
            await harness.dispatcher.handle([record])
        assert await contents(harness) == once, "a duplicate changed something"
        await harness.dispatcher.handle([*reversed(records), *records])
        assert await contents(harness) == once, "a late group of duplicates changed something"
    finally:
        await harness.close()

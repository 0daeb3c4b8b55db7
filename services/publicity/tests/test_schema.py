"""The table classes are what the migrations make; every message has its golden example."""

import pytest

from kit.testing import RoomHarness, check_columns
from services.publicity.app import service
from services.publicity.store.tables import Base
from services.publicity.tests.golden import GOLDEN, prepare

TABLES = Base.metadata.tables


@pytest.mark.parametrize("name", sorted(TABLES))
async def test_a_class_has_the_columns_of_its_table(room: RoomHarness, name: str) -> None:
    await check_columns(room.room, TABLES[name])


async def test_every_handled_message_has_an_example_and_is_handled_once(room: RoomHarness) -> None:
    assert set(GOLDEN) == service.handlers.types()
    async with room.room.tx() as tx:
        await prepare(tx)
    for message in GOLDEN.values():
        await room.deliver(message, twice=True)
    async with room.room.tx() as tx:
        assert await tx.fetchval("SELECT count(*) FROM notice") == 2

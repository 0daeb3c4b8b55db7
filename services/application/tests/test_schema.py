"""The table classes are what the migrations make."""

import pytest

from kit.testing import RoomHarness, check_columns
from services.application.store.tables import Base

TABLES = Base.metadata.tables


@pytest.mark.parametrize("name", sorted(TABLES))
async def test_a_class_has_the_columns_of_its_table(room: RoomHarness, name: str) -> None:
    await check_columns(room.room, TABLES[name])


async def test_every_table_of_the_room_has_its_class(room: RoomHarness) -> None:
    async with room.room.tx() as tx:
        before = await tx.fetchval(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename = ANY($1::text[])",
            list(TABLES),
        )
    assert before == len(TABLES) > 7

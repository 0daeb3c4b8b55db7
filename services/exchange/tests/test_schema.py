"""The table classes are what the migrations make."""

import pytest

from kit.testing import RoomHarness
from services.exchange.store.tables import Base

TABLES = Base.metadata.tables


@pytest.mark.parametrize("name", sorted(TABLES))
async def test_a_class_has_the_columns_of_its_table(room: RoomHarness, name: str) -> None:
    async with room.room.tx() as tx:
        rows = await tx.fetch(
            "SELECT column_name AS name, is_nullable = 'YES' AS nullable "
            "FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1",
            name,
        )
    assert {(one.name, one.nullable) for one in TABLES[name].columns} == {
        (row["name"], row["nullable"]) for row in rows
    }

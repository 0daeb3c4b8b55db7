"""The table classes are what the migrations make."""

import pytest

from kit.testing import check_columns
from services.payment.store import order_tables, recovery_tables, statement_tables
from services.payment.store.tables import Base
from services.payment.tests.world import World

TABLES = Base.metadata.tables


@pytest.mark.parametrize("name", sorted(TABLES))
async def test_a_class_has_the_columns_of_its_table(world: World, name: str) -> None:
    await check_columns(world.harness.room, TABLES[name])


async def test_every_table_of_the_room_has_its_class(world: World) -> None:
    kit = await world.value("SELECT name FROM migration WHERE owner = 'kit' LIMIT 1")
    made = await world.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for one in (order_tables.Payment, recovery_tables.Recovery, statement_tables.StatementEntry):
        assert one.__tablename__ in TABLES
    assert kit
    assert set(TABLES) <= {row["tablename"] for row in made}

"""The table classes are what the migrations make."""

import pytest

from kit.testing import RoomHarness, check_columns
from services.grievance.store.tables import Base

TABLES = Base.metadata.tables


@pytest.mark.parametrize("name", sorted(TABLES))
async def test_a_class_has_the_columns_of_its_table(room: RoomHarness, name: str) -> None:
    await check_columns(room.room, TABLES[name])

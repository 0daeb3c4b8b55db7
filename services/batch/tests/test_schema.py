"""The table classes are what the migration makes."""

import asyncpg
import pytest

from kit.testing import RoomHarness, check_columns
from services.batch.store import year
from services.batch.store.tables import BatchTable

TABLES = BatchTable.metadata.tables
assert year.Enrolment.__tablename__ in TABLES, "the year's tables are registered"


@pytest.mark.parametrize("name", sorted(TABLES))
async def test_a_class_has_the_columns_of_its_table(room: RoomHarness, name: str) -> None:
    await check_columns(room.room, TABLES[name])


@pytest.mark.parametrize("name", ["line_change", "exclusion", "manifest_leaf"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET line_id = 'x'", "TRUNCATE {}"])
async def test_history_cannot_be_rewritten(room: RoomHarness, name: str, change: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with room.room.tx() as tx:
            await tx.execute(change.format(name))

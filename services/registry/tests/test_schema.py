"""The table classes are what the migrations make."""

from kit.testing import RoomHarness
from services.registry.store import tables


async def test_classes_equal_columns(registry: RoomHarness) -> None:
    for cls in (tables.Subject, tables.SubjectRegion, tables.AccountRow):
        table = cls.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table classes
        async with registry.room.tx() as tx:
            rows = await tx.fetch(
                "SELECT column_name AS name, is_nullable = 'YES' AS nullable FROM information_schema.columns "
                "WHERE table_schema = 'public' AND table_name = $1",
                table.name,
            )
        assert rows
        assert {(column.name, column.nullable) for column in table.columns} == {
            (row["name"], row["nullable"]) for row in rows
        }

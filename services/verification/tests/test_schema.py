"""The table classes are what the migrations make."""

import pytest
from sqlmodel import SQLModel

from kit.testing import RoomHarness
from services.verification.store import review_tables, tables


@pytest.mark.parametrize(
    "cls",
    [
        tables.ProjectVersion, tables.ReferenceFile, tables.ReferenceRow, tables.Claim, tables.LineClaim,
        tables.SliceHead, tables.ApplicationCheck, tables.LineCheck, tables.LineCheckSlice, tables.HitRow,
        review_tables.HitProposal, review_tables.Evidence, review_tables.Override, review_tables.Review,
        review_tables.Survey, review_tables.Pair, review_tables.StopEntry,
    ],
)  # fmt: skip
async def test_classes_equal_columns(room: RoomHarness, cls: type[SQLModel]) -> None:
    table = cls.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table classes
    async with room.room.tx() as tx:
        rows = await tx.fetch(
            "SELECT column_name AS name, is_nullable = 'YES' AS nullable FROM information_schema.columns "
            "WHERE table_schema = 'public' AND table_name = $1",
            table.name,
        )
    assert rows
    assert {(column.name, column.nullable) for column in table.columns} == {
        (row["name"], row["nullable"]) for row in rows
    }

"""The table classes are what the migrations make."""

import pytest
from sqlmodel import SQLModel

from kit.testing import RoomHarness
from services.card_matching.store import tables


@pytest.mark.parametrize(
    "cls",
    [
        tables.ProjectTerms, tables.SliceHead, tables.CardMatch, tables.MatchPart, tables.PartPerson,
        tables.MatchPerson, tables.Recheck, tables.Unauthorised, tables.Distrusted,
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

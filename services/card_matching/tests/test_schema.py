"""The table classes are what the migrations make."""

import pytest
from sqlmodel import SQLModel

from kit.testing import RoomHarness, check_columns
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
    await check_columns(room.room, table)

"""The table classes are what the migrations make."""

import pytest
from sqlmodel import SQLModel

from kit.testing import RoomHarness, check_columns
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
    await check_columns(room.room, table)

"""A revision stated page by page is the same as one stated at once."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.base import CHUNK_ROWS
from contracts.batch import Line, LinesStated, LineState
from kit import chunks
from kit.db import Database, migrate
from kit.stating import Statement

WHERE: dict[str, Any] = {
    "batch_id": "b", "project": "11810", "period": "202305", "county": "539901", "township": "539901101",
    "category": "destitute",
}  # fmt: skip


@pytest.fixture
async def database(postgres_dsn_factory: Callable[[], str]) -> AsyncIterator[Database]:
    one = Database(postgres_dsn_factory())
    await one.open()
    await migrate(one, [("kit", Path(__file__).parent.parent / "migrations")])
    yield one
    await one.close()


def lines(count: int) -> list[Line]:
    return [
        Line(
            line_id=f"l{number:05d}", rev=1, application_id=f"a{number}", subject_id="s", payee_id="s",
            village="539901101201", state=LineState.NORMAL, entitlement_period="202305", amount_fen=number,
        )
        for number in range(count)
    ]  # fmt: skip


async def bodies(database: Database) -> list[bytes]:
    async with database.tx() as tx:
        return [row["body"] for row in await tx.fetch("SELECT body FROM outbox ORDER BY seq")]


@pytest.mark.parametrize("count", [0, 1, CHUNK_ROWS, CHUNK_ROWS + 1])
async def test_pages_make_the_same_parts_as_one_list(database: Database, count: int) -> None:
    rows = lines(count)
    async with database.tx() as tx:
        await chunks.state(tx, LinesStated, rows, stream_id="s", revision=1, **WHERE)
    at_once = await bodies(database)
    async with database.tx() as tx:
        statement = Statement(LinesStated)
        for at in range(0, count, 300):
            statement.add(rows[at : at + 300])
        await statement.state(tx, stream_id="t", revision=1, **WHERE)
        assert tx.completed == [("t", 1)] and statement.rows == count
    by_pages = (await bodies(database))[len(at_once) :]
    assert [one.replace(b'"stream_id":"t"', b'"stream_id":"s"') for one in by_pages] == at_once
    async with database.tx() as tx:
        for body in by_pages:
            message = await chunks.collect(tx, LinesStated, body.replace(b'"t"', b'"u"', 1))
        assert message is not None

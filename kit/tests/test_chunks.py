"""Revisions in parts: complete once, whole only, unreadable rows set apart, mixed statements refused."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import orjson
import pytest

from contracts.base import rows_digest
from contracts.batch import Line, LinesStated, LineState
from kit import chunks
from kit.db import Database, migrate
from kit.errors import NonRetryableError

WHERE = {
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


def line(number: int) -> Line:
    return Line(
        line_id=f"l{number}", rev=1, application_id=f"a{number}", subject_id=f"s{number}", payee_id=f"s{number}",
        village="539901101201", state=LineState.NORMAL, entitlement_period="202305",
    )  # fmt: skip


def parts(count: int, digest: str | None = None) -> list[bytes]:
    """`count` parts of one row each."""
    rows = [line(number) for number in range(count)]
    whole = digest or rows_digest(rows)
    return [
        LinesStated(
            stream_id="s", revision=1, index=index, count=count, digest=whole, rows=[row], **WHERE
        ).model_dump_json().encode()
        for index, row in enumerate(rows)
    ]  # fmt: skip


async def test_a_revision_is_complete_with_its_last_part_and_once(database: Database) -> None:
    first, second, third = parts(3)
    async with database.tx() as tx:
        assert await chunks.missing(tx, [("s", 1)]) == [("s", 1)]
        assert await chunks.collect(tx, LinesStated, third) is None
        assert await chunks.collect(tx, LinesStated, first) is None
        whole = await chunks.collect(tx, LinesStated, second)
        assert whole is not None
        assert tx.completed == [("s", 1)]
        assert await chunks.collect(tx, LinesStated, second) is None
        assert await chunks.missing(tx, [("s", 1)]) == []
        assert [row["line_id"] for row in await chunks.rows(tx, "s", 1)] == ["l0", "l1", "l2"]


async def test_a_mixed_revision_is_refused(database: Database) -> None:
    first, second = parts(2, digest="0" * 64)
    async with database.tx() as tx:
        await chunks.collect(tx, LinesStated, first)
        with pytest.raises(NonRetryableError, match="not one statement"):
            await chunks.collect(tx, LinesStated, second)
        assert await chunks.missing(tx, [("s", 1)]) == [("s", 1)]


async def test_an_unreadable_row_is_set_apart_and_the_others_go_on(database: Database) -> None:
    first, second = parts(2)
    broken = orjson.loads(second)
    broken["rows"][0]["state"] = "unheard-of"
    async with database.tx() as tx:
        await chunks.collect(tx, LinesStated, first)
        assert await chunks.collect(tx, LinesStated, orjson.dumps(broken)) is not None
        assert [row["line_id"] for row in await chunks.rows(tx, "s", 1)] == ["l0"]
        apart = await tx.fetch("SELECT row FROM bad_row")
    assert [one["row"]["line_id"] for one in apart] == ["l1"]

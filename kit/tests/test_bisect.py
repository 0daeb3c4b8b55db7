"""One line that a handler cannot take does not stop the thousand others; what no line explains is parked."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from contracts.base import rows_digest
from contracts.batch import LinesStated
from kit import bisect
from kit.clock import wall_now
from kit.db import Database, Tx, migrate
from kit.dispatch import Dispatcher
from kit.envelope import Envelope
from kit.handlers import Handlers
from kit.inbox import Raw
from kit.tests.test_chunks import WHERE, line

SIZE = 40


@pytest.fixture
async def database(postgres_dsn_factory: Callable[[], str]) -> AsyncIterator[Database]:
    one = Database(postgres_dsn_factory())
    await one.open()
    await migrate(one, [("kit", Path(__file__).parent.parent / "migrations")])
    await one.pool.execute("CREATE TABLE taken (line_id text PRIMARY KEY, quantity numeric)")
    yield one
    await one.close()


def taking(always_fails: bool = False) -> Handlers:
    on = Handlers()

    @on.complete(LinesStated)
    async def lines_stated(message: LinesStated, tx: Tx) -> None:
        if always_fails:
            raise ValueError("not because of any row")
        await tx.execute(
            "INSERT INTO taken SELECT row->>'line_id', (row->>'quantity')::numeric FROM chunk_rows($1, $2) AS row",
            message.stream_id,
            message.revision,
        )

    return on


def records(bad: set[int]) -> list[Raw]:
    """A revision in two parts; the quantity of the bad rows is no number."""
    rows = [
        line(number).model_copy(update={"quantity": "many" if number in bad else "1"})
        for number in range(SIZE)
    ]
    parts = [rows[: SIZE // 2], rows[SIZE // 2 :]]
    found = []
    for index, part in enumerate(parts):
        message = LinesStated(
            stream_id="s", revision=1, index=index, count=2, digest=rows_digest(rows), rows=part, **WHERE
        )
        envelope = Envelope(
            id=f"m{index}", type=message.TYPE, sender="batch", topic=message.topic, key="s", sequence=index + 1,
            generation=1, causation_id=None, traceparent=None, time=wall_now().isoformat(),
        )  # fmt: skip
        found.append(Raw(envelope, message.model_dump_json().encode(), 0, index))
    return found


async def parked(database: Database) -> int:
    return int(await database.pool.fetchval("SELECT count(*) FROM parked"))


@pytest.mark.parametrize("bad", [{0}, {39}, {7, 8, 30}])
async def test_bad_rows_are_set_apart_and_the_others_are_handled(database: Database, bad: set[int]) -> None:
    await Dispatcher("grievance", database, taking()).handle(records(bad))
    assert await parked(database) == 0
    assert await database.pool.fetchval("SELECT count(*) FROM taken") == SIZE - len(bad)
    apart = await database.pool.fetch("SELECT row FROM bad_row")
    assert {row["row"]["line_id"] for row in apart} == {f"l{number}" for number in bad}
    await Dispatcher("grievance", database, taking()).handle(records(bad))
    assert await database.pool.fetchval("SELECT count(*) FROM bad_row") == len(bad)


async def test_what_no_row_explains_is_parked_whole(database: Database) -> None:
    await Dispatcher("grievance", database, taking(always_fails=True)).handle(records(set()))
    assert await parked(database) == 1
    assert await database.pool.fetchval("SELECT count(*) FROM bad_row") == 0


async def test_too_many_attempts_end_it() -> None:
    async def never(apart: frozenset[int]) -> bool:
        return False

    with pytest.raises(bisect.NotByRows):
        await bisect.bad_rows(10_000, never)

"""The second wall: what a route can read and change when no check of its own stops it."""

import asyncio
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest

from kit import rows
from kit.auth import Actor, Role
from kit.db import Database
from kit.testing import citizen, official

TABLES = """
CREATE TABLE thing (name text PRIMARY KEY, county text NOT NULL, township text, subject_id text);
CREATE TABLE mine (name text PRIMARY KEY, county text NOT NULL, subject_id text);
COMMENT ON TABLE mine IS 'rows: own';
CREATE TABLE terms (name text PRIMARY KEY, county text NOT NULL);
COMMENT ON TABLE terms IS 'rows: shared, because every county may read them';
CREATE TABLE migration (owner text, name text, sha256 text NOT NULL, at timestamptz, PRIMARY KEY (owner, name));
INSERT INTO thing VALUES ('a', '539901', '539901101', 's1'), ('b', '539901', '539901102', 's2'),
                         ('county', '539901', NULL, NULL), ('c', '539902', '539902101', 's3');
INSERT INTO mine VALUES ('a', '539901', 's1'), ('b', '539901', 's2');
INSERT INTO terms VALUES ('t', '539902');
"""


@pytest.fixture
async def database(postgres_dsn_factory: Callable[[], str]) -> AsyncIterator[Database]:
    database = Database(postgres_dsn_factory())
    await database.open()
    async with database.pool.acquire() as connection, connection.transaction():
        await connection.execute(TABLES)
        await rows.put_up(connection)
    yield database
    await database.close()


async def names(database: Database, actor: Actor | None, table: str = "thing") -> str:
    """What the actor sees, as one word."""
    mark = rows.acting.set(actor)
    try:
        async with database.tx() as tx:
            return " ".join(row["name"] for row in await tx.fetch(f"SELECT name FROM {table} ORDER BY name"))
    finally:
        rows.acting.reset(mark)


async def change(database: Database, actor: Actor, sql: str) -> int:
    mark = rows.acting.set(actor)
    try:
        async with database.tx() as tx:
            return await tx.execute(sql)
    finally:
        rows.acting.reset(mark)


HANDLER = official(Role.TOWNSHIP_HANDLER, "539901101")
COUNTY = official(Role.COUNTY_HANDLER, "539901")


@pytest.mark.parametrize(
    ("actor", "seen"),
    [
        (None, "a b c county"),
        (HANDLER, "a county"),
        (official(Role.TOWNSHIP_HANDLER, "539901101201"), "a county"),
        (COUNTY, "a b county"),
        (official(Role.COUNTY_HANDLER, "539902"), "c"),
        (official(Role.DISCIPLINE, "5399"), "a b c county"),
        (official(Role.DISCIPLINE, "54"), ""),
    ],
)
async def test_one_sees_ones_region_and_what_stands_above(
    database: Database, actor: Actor, seen: str
) -> None:
    assert await names(database, actor) == seen


async def test_one_changes_ones_region_only(database: Database) -> None:
    assert (
        await change(database, HANDLER, "UPDATE thing SET subject_id = 'x'") == 1
    )  # neither b nor the county's
    assert await change(database, COUNTY, "DELETE FROM thing WHERE name = 'c'") == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await change(database, HANDLER, "INSERT INTO thing VALUES ('n', '539901', '539901102')")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await change(database, HANDLER, "UPDATE thing SET township = '539901102' WHERE name = 'a'")


async def test_a_citizen_sees_own_rows_where_the_table_says_so(database: Database) -> None:
    assert await names(database, citizen("s1"), "mine") == "a"
    assert await names(database, COUNTY, "mine") == "a b"


async def test_shared_tables_and_the_rooms_own_view(database: Database) -> None:
    assert await names(database, HANDLER, "terms") == "t"
    mark = rows.acting.set(HANDLER)
    try:
        async with database.tx() as tx:
            async with tx.as_room():
                assert await tx.fetchval("SELECT count(*) FROM thing") == 4
            assert await tx.fetchval("SELECT count(*) FROM thing") == 2
    finally:
        rows.acting.reset(mark)


async def test_the_desk_without_a_scope_sees_nothing(database: Database) -> None:
    async with database.pool.acquire() as connection, connection.transaction():
        user = await connection.fetchval("SELECT session_user")
        await connection.execute(f'SET LOCAL ROLE "{rows.desk_role(user)}"')
        assert await connection.fetchval("SELECT count(*) FROM thing") == 0


async def test_the_desk_may_not_take_the_wall_down(database: Database) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await change(database, HANDLER, "ALTER TABLE thing DISABLE ROW LEVEL SECURITY")


async def test_nothing_of_one_request_stays_for_the_next(database: Database) -> None:
    """1,000 interleaved requests over one pool: each sees its own region (pooled connections leak nothing)."""
    expected = {"539901101": "a county", "539901102": "b county", "539902101": "c"}

    async def ask(region: str | None) -> str:
        return await names(database, official(Role.TOWNSHIP_HANDLER, region) if region else None)

    asked = [[*expected, None][number % 4] for number in range(1000)]
    seen = await asyncio.gather(*(asyncio.create_task(ask(region)) for region in asked))
    assert {(region, answer) for region, answer in zip(asked, seen, strict=True)} == {
        *expected.items(),
        (None, "a b c county"),
    }

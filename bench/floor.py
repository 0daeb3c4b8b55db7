"""The floor: what the same server needs to take the final rows of all tables by COPY, indexes included.

No system that ends with these rows can be faster on this machine: nothing is computed, sent or looked up.
"""

import tempfile
import time
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import asyncpg

SCHEMA = "bench_floor"


@dataclass(frozen=True)
class Table:
    """One table's final rows; `bytes` are its COPY bytes, `disk` the copy's size with its indexes."""

    room: str
    name: str
    rows: int
    bytes: int
    disk: int
    seconds: float


async def measure(superuser: str, rooms: list[str]) -> tuple[float, list[Table]]:
    """Copy every table of every room into an empty copy of itself; one committed transaction per room, fsync on.

    Returns the seconds of all COPYs and commits together, and the tables. Reading the rows out isn't counted.
    """
    seconds = 0.0
    found: list[Table] = []
    for room in rooms:
        parts = urlsplit(superuser)
        connection = await asyncpg.connect(
            urlunsplit((parts.scheme, parts.netloc, f"/{room}", parts.query, "")), command_timeout=1200
        )
        try:
            tables = await _room(connection, room)
        finally:
            await connection.close()
        seconds += sum(one.seconds for one in tables)
        found += tables
    return seconds, found


async def _room(connection: asyncpg.Connection, room: str) -> list[Table]:
    await connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}")
    rows = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    names = [row["relname"] for row in rows]
    for name in names:
        await connection.execute(f'CREATE TABLE {SCHEMA}."{name}" (LIKE public."{name}" INCLUDING ALL)')
    transaction = connection.transaction()
    await transaction.start()
    found = [await _table(connection, room, name) for name in names]
    began = time.perf_counter()
    await transaction.commit()
    found.append(Table(room, "(commit)", 0, 0, 0, time.perf_counter() - began))
    await connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
    return found


async def _table(connection: asyncpg.Connection, room: str, name: str) -> Table:
    columns = [
        row["attname"]
        for row in await connection.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 "
            "AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
            f'public."{name}"',
        )
    ]
    with tempfile.TemporaryFile() as file:
        await connection.copy_from_table(
            name, schema_name="public", columns=columns, output=file, format="binary"
        )
        size = file.tell()
        file.seek(0)
        began = time.perf_counter()
        status = await connection.copy_to_table(
            name, schema_name=SCHEMA, columns=columns, source=file, format="binary"
        )
        seconds = time.perf_counter() - began
    disk = await connection.fetchval("SELECT pg_total_relation_size($1::regclass)", f'{SCHEMA}."{name}"')
    return Table(room, name, int(status.rpartition(" ")[2]), size, disk, seconds)

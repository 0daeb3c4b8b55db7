"""One invented row in every table of a room, all of one place and joined by name: `seed-<column>` names one thing
in every table, so that any answer which holds the word tells of that place."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import asyncpg

MARK = "seed-"
COUNTY, TOWNSHIP, VILLAGE = "539901", "539901101", "539901101201"
PROJECT, PERIOD = "11810", "202305"

KIT = frozenset(
    {
        *("audit", "bad_row", "chunk", "command_trace", "inbox", "inbox_generation", "migration", "outbox"),
        *(
            "outbox_key",
            "parked",
            "pending",
            "relay_mark",
            "relay_state",
            "stream_complete",
            "waiting",
            "waiting_for",
        ),
    }
)
"""Tables of the kit, which every room has: they hold messages, not objects with an address."""

BY_COLUMN: Mapping[str, Any] = {
    "county": COUNTY,
    "township": TOWNSHIP,
    "village": VILLAGE,
    "region": TOWNSHIP,
    "proposed_region": TOWNSHIP,
    "regions": [COUNTY],
    "project": PROJECT,
    "projects": [PROJECT],
    "period": PERIOD,
    "entitlement_period": PERIOD,
    "from_period": PERIOD,
    "valid_from": PERIOD,
    "valid_to": "202612",
    "year": 2023,
    "acted_by": "somebody",
    "proposed_by": "somebody",
    "opened_by": "somebody",
    "head_id": f"{MARK}subject_id",
    "payee_id": f"{MARK}subject_id",
    "complainant": f"{MARK}subject_id",
}
_BY_TYPE: Mapping[str, Any] = {
    "boolean": False,
    "integer": 1,
    "bigint": 1,
    "numeric": 1,
    "date": date(2023, 5, 1),
    "timestamp with time zone": datetime(2023, 5, 1, tzinfo=UTC),
    "jsonb": {},
    "bytea": b"sealed",
    "text[]": [],
}

_COLUMNS = """
SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, NULL) AS type, a.attnotnull AS required,
       a.attgenerated <> '' AS made
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname, a.attnum
"""
_CHECKS = """
SELECT r.relname AS table, c.conname AS name, c.contype = 'c' AS checks, pg_get_constraintdef(c.oid) AS text
  FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
 WHERE c.contype IN ('c', 'f') AND r.relnamespace = 'public'::regnamespace
"""
_CHOICE = re.compile(r"\(+(\w+) = ANY \(ARRAY\['(\w+)'")


async def seed(
    connection: asyncpg.Connection, special: Mapping[str, Mapping[str, Any]]
) -> dict[str, set[str]]:
    """Fill every table; `special` has values by table and column. Returns the columns of each table.

    Constraints between columns and tables, and triggers, are taken down first: the database is not used further.
    """
    tables: dict[str, dict[str, asyncpg.Record]] = {}
    for row in await connection.fetch(_COLUMNS):
        if row["table"] not in KIT:
            tables.setdefault(row["table"], {})[row["column"]] = row
    choices: dict[tuple[str, str], str] = {}
    for row in await connection.fetch(_CHECKS):
        if row["table"] in tables:
            if choice := _CHOICE.search(row["text"]):
                choices[row["table"], choice[1]] = choice[2]
            await connection.execute(f'ALTER TABLE "{row["table"]}" DROP CONSTRAINT "{row["name"]}" CASCADE')
    for table, columns in tables.items():
        await connection.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
        values = {
            name: special.get(table, {}).get(name, _value(table, name, row["type"], choices))
            for name, row in columns.items()
            if not row["made"]
            and (
                row["required"] or name in special.get(table, {}) or name in BY_COLUMN or name.endswith("_id")
            )
        }
        marks = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        names = ", ".join(f'"{name}"' for name in values)
        await connection.execute(
            f'INSERT INTO "{table}" ({names}) OVERRIDING SYSTEM VALUE VALUES ({marks}) ON CONFLICT DO NOTHING',
            *values.values(),
        )
    return {table: set(columns) for table, columns in tables.items()}


def _value(table: str, column: str, kind: str, choices: Mapping[tuple[str, str], str]) -> Any:
    fitting = BY_COLUMN.get(column)
    if fitting is not None and (kind == "text") == isinstance(fitting, str) and kind != "date":
        return fitting
    if kind == "text":
        return choices.get((table, column), f"{MARK}{column}")
    return _BY_TYPE[kind]

"""The audit trail: append-only rows, each with the hash of the one before, written in the transaction of the
act itself. The chain shows edits, deletions and reordering; `head` kept elsewhere shows a cut tail."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson

from kit.algorithms import DIGESTS
from kit.clock import wall_now
from kit.merkle import canonical_json

ALGORITHM = "sha256"
GENESIS = f"{ALGORITHM}:{'0' * 64}"
# Any number, as long as it is the same for all processes of a room (each room has its own database).
_LOCK = 0x64616F68

DDL = """
CREATE TABLE IF NOT EXISTS audit (
    seq      bigint PRIMARY KEY,
    at       timestamptz NOT NULL,
    actor    text NOT NULL,
    action   text NOT NULL,
    resource text NOT NULL,
    detail   jsonb NOT NULL,
    prev     text NOT NULL,
    hash     text NOT NULL UNIQUE
);
CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
DROP TRIGGER IF EXISTS audit_no_change ON audit;
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
DROP TRIGGER IF EXISTS audit_no_truncate ON audit;
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
"""

_INSERT = """
INSERT INTO audit (seq, at, actor, action, resource, detail, prev, hash)
SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::text[], $5::text[],
                     $6::text[]::jsonb[], $7::text[], $8::text[])
"""


class Connection(Protocol):
    """What we need of a connection inside a transaction, in asyncpg's words."""

    async def execute(self, sql: str, /, *args: Any) -> Any:
        """Run a statement."""

    async def fetchrow(self, sql: str, /, *args: Any) -> Any:
        """The first row, or None."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to what. `actor` and `resource` are ids; `detail` holds no person's data, no floats."""

    actor: str
    action: str
    resource: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Head:
    """The last row's place and hash; keep it elsewhere (another room, a signed file) to notice a cut tail."""

    seq: int
    hash: str


def row_hash(
    seq: int, at: datetime, actor: str, action: str, resource: str, detail: Mapping[str, Any], prev: str
) -> str:
    """The hash of one row: over the canonical JSON of all its fields, the previous hash among them."""
    fields = {
        "seq": seq,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": actor,
        "action": action,
        "resource": resource,
        "detail": dict(detail),
        "prev": prev,
    }
    return f"{ALGORITHM}:{DIGESTS[ALGORITHM].digest(canonical_json(fields)).hex()}"


async def append(connection: Connection, entry: Entry, at: datetime | None = None) -> Head:
    """Append one row within the caller's transaction. Returns the new head."""
    return await append_many(connection, [entry], at)


async def append_many(connection: Connection, entries: Sequence[Entry], at: datetime | None = None) -> Head:
    """Append rows in order, in one statement. Returns the new head (the present one when there is nothing).

    Holds the room's advisory lock until the transaction ends: two writers can't both follow the same row.
    Call it late in the transaction, so that others wait little.
    """
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
    present = await head(connection)
    seq, prev = (present.seq, present.hash) if present else (0, GENESIS)
    moment = at or wall_now()
    columns: list[list[Any]] = [[] for _ in range(8)]
    for entry in entries:
        seq += 1
        # Through JSON and back (dates become text), so that what is hashed is what the database gives back.
        detail = orjson.loads(orjson.dumps(dict(entry.detail), default=str))
        digest = row_hash(seq, moment, entry.actor, entry.action, entry.resource, detail, prev)
        text = orjson.dumps(detail).decode()
        values = (seq, moment, entry.actor, entry.action, entry.resource, text, prev, digest)
        for column, value in zip(columns, values, strict=True):
            column.append(value)
        prev = digest
    if entries:
        await connection.execute(_INSERT, *columns)
    return Head(seq, prev)


async def head(connection: Connection) -> Head | None:
    """The last row's place and hash, or None for an empty trail."""
    row = await connection.fetchrow("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
    return Head(row["seq"], row["hash"]) if row else None


def verify(rows: Iterable[Mapping[str, Any]], expected: Head | None = None) -> int | None:
    """The seq of the first row that is wrong or missing, or None when all is well.

    `rows` come in order of seq, `detail` as text or as an object. With `expected` (a head kept elsewhere) the
    trail must contain that row: without it a cut tail can't be seen.
    """
    seq, prev, met = 0, GENESIS, expected is None
    for row in rows:
        seq += 1
        detail = orjson.loads(row["detail"]) if isinstance(row["detail"], str | bytes) else row["detail"]
        if row["seq"] != seq or row["prev"] != prev:
            return seq
        if row["hash"] != row_hash(
            seq, row["at"], row["actor"], row["action"], row["resource"], detail, prev
        ):
            return seq
        prev = row["hash"]
        if expected is not None and seq == expected.seq:
            if prev != expected.hash:
                return seq
            met = True
    return None if met else seq + 1

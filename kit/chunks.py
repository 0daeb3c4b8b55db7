"""Revisions of a stream travel as chunk messages; a command that names one waits until all parts are here."""

import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from functools import cache
from typing import Any

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError

from contracts.base import CHUNK_ROWS, Chunk, canonical, rows_digest
from kit.bisect import ALL_ROWS
from kit.db import Tx
from kit.envelope import Envelope
from kit.errors import NonRetryableError


async def rows(tx: Tx, stream_id: str, revision: int) -> list[dict[str, Any]]:
    """All rows of a complete revision, in order. For set-wise work use `chunk_rows()` in SQL instead."""
    found = await tx.fetch("SELECT chunk_rows($1, $2) AS row", stream_id, revision)
    return [row["row"] for row in found]


async def parts(tx: Tx, stream_id: str, revision: int) -> AsyncIterator[list[dict[str, Any]]]:
    """The rows of a complete revision in order, one part in memory at a time; other statements may run between."""
    cursor = await tx.connection.cursor(
        "SELECT rows FROM chunk WHERE stream_id = $1 AND revision = $2 ORDER BY part", stream_id, revision
    )
    while part := await cursor.fetchrow():
        yield part["rows"]


async def state(
    tx: Tx,
    cls: type[Chunk],
    rows: Sequence[BaseModel],
    *,
    stream_id: str,
    revision: int,
    cause: str | None = None,
    keep: bool = False,
    **fields: Any,
) -> None:
    """Emit a revision in parts of at most `CHUNK_ROWS` rows and mark it complete here.

    An empty revision is one empty part. With `keep` the parts are also stored in this room.
    """
    parts = [rows[at : at + CHUNK_ROWS] for at in range(0, len(rows), CHUNK_ROWS)] or [[]]
    digest = rows_digest(rows)
    for index, part in enumerate(parts):
        message = cls(
            stream_id=stream_id,
            revision=revision,
            index=index,
            count=len(parts),
            digest=digest,
            **{cls.ROWS: list(part)},
            **fields,
        )
        tx.emit(message, cause=cause)
        if keep:
            values = [one.model_dump(mode="json") for one in part]
            await _store(tx, message, values)
    await mark(tx, stream_id, revision)


async def mark(tx: Tx, stream_id: str, revision: int) -> None:
    """Declare a stream complete in this room; commands that await it are handled in this transaction."""
    new = await tx.execute(
        "INSERT INTO stream_complete VALUES ($1, $2) ON CONFLICT DO NOTHING", stream_id, revision
    )
    if new:
        tx.completed.append((stream_id, revision))


async def missing(tx: Tx, wanted: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Which of the wanted (stream, revision) pairs are not complete yet.

    The advisory lock makes "look, then wait" safe against a part that arrives meanwhile: completion takes the
    same lock per stream.
    """
    pairs = sorted(set(wanted))
    if not pairs:
        return []
    for stream_id, _ in pairs:
        await tx.execute("SELECT pg_advisory_xact_lock(7204002, hashtext($1))", stream_id)
    found = await tx.fetch(
        "SELECT stream_id, revision FROM stream_complete WHERE (stream_id, revision) IN "
        "(SELECT * FROM unnest($1::text[], $2::int[]))",
        [stream for stream, _ in pairs],
        [revision for _, revision in pairs],
    )
    complete = {(row["stream_id"], row["revision"]) for row in found}
    return [pair for pair in pairs if pair not in complete]


async def wait(tx: Tx, envelope: Envelope, body: bytes, lacking: Sequence[tuple[str, int]]) -> None:
    """Store a command until the streams it names are complete."""
    await tx.execute(
        "INSERT INTO waiting VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        envelope.id,
        envelope.as_dict(),
        body,
        tx.wall,
    )
    await tx.execute(
        "INSERT INTO waiting_for SELECT $1, * FROM unnest($2::text[], $3::int[]) ON CONFLICT DO NOTHING",
        envelope.id,
        [stream for stream, _ in lacking],
        [revision for _, revision in lacking],
    )


async def released(tx: Tx, stream_id: str, revision: int) -> list[tuple[Envelope, bytes]]:
    """Take the commands that waited for this stream alone (now complete), oldest first."""
    await tx.execute("DELETE FROM waiting_for WHERE stream_id = $1 AND revision = $2", stream_id, revision)
    found = await tx.fetch(
        "DELETE FROM waiting WHERE NOT EXISTS (SELECT FROM waiting_for WHERE waiting_for.id = waiting.id) "
        "RETURNING envelope, body, since"
    )
    taken = sorted(found, key=lambda row: (row["since"], row["envelope"]["id"]))
    return [(Envelope(**row["envelope"]), row["body"]) for row in taken]


async def collect(tx: Tx, cls: type[Chunk], body: bytes) -> Chunk | None:
    """Store one part; returns the message when the revision became complete by it, else None.

    A row that its model refuses is set apart in `bad_row` (the bisecting of decisions II, down to one row);
    the others go on, and a line without a result is the owner's to treat as abnormal.
    """
    data = orjson.loads(body)
    values: list[Any] = data[cls.ROWS]
    try:
        _adapter(cls).validate_python(values)
        bad: list[tuple[Any, str]] = []
    except ValidationError as wrong:
        where = {error["loc"][0] for error in wrong.errors() if error["loc"]}
        bad = [(value, "row refused by its model") for place, value in enumerate(values) if place in where]
        values = [value for place, value in enumerate(values) if place not in where]
    message = cls.model_validate({**data, cls.ROWS: []})
    await tx.execute("SELECT pg_advisory_xact_lock(7204002, hashtext($1))", message.stream_id)
    if bad:
        await tx.executemany(
            "INSERT INTO bad_row VALUES ($1, $2, $3, $4, $5)",
            [(message.stream_id, message.revision, message.index, value, why) for value, why in bad],
        )
    if not await _store(tx, message, values):
        return None
    complete = await tx.fetchval(
        "SELECT count(*) = max(of) FROM chunk WHERE stream_id = $1 AND revision = $2",
        message.stream_id,
        message.revision,
    )
    if not complete:
        return None
    await _verify(tx, message)
    await mark(tx, message.stream_id, message.revision)
    return message


@cache
def _adapter(cls: type[Chunk]) -> TypeAdapter[Any]:
    return TypeAdapter[Any](cls.model_fields[cls.ROWS].annotation or Any)


async def _verify(tx: Tx, message: Chunk) -> None:
    """All parts together must be what the sender hashed; rows set apart as unreadable excuse a difference.

    Raises NonRetryableError: a revision that was mixed from two statements must not be worked on.
    """
    stream, revision = message.stream_id, message.revision
    unreadable = await tx.fetchval(
        "SELECT true FROM bad_row WHERE stream_id = $1 AND revision = $2 LIMIT 1", stream, revision
    )
    if not unreadable and await _digest_of(tx, stream, revision) != message.digest:
        raise NonRetryableError(f"the parts of {stream} revision {revision} are not one statement")


async def _digest_of(tx: Tx, stream_id: str, revision: int) -> str:
    """The digest over all stored parts, one part in memory at a time."""
    digest = hashlib.sha256()
    async for part in parts(tx, stream_id, revision):
        for row in part:
            digest.update(canonical(row))
            digest.update(b"\n")
    return digest.hexdigest()


async def _store(tx: Tx, message: Chunk, values: list[Any]) -> bool:
    stored = await tx.execute(
        "INSERT INTO chunk VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        message.stream_id,
        message.revision,
        message.index,
        message.count,
        message.digest,
        values,
    )
    return bool(stored)


async def set_apart(tx: Tx, stream_id: str, revision: int, places: frozenset[int]) -> int:
    """Move rows (by their place in the whole revision, from 0) out of a complete revision into `bad_row`.

    Returns how many rows the revision had.
    """
    parts = await tx.fetch(
        "SELECT part, rows FROM chunk WHERE stream_id = $1 AND revision = $2 ORDER BY part",
        stream_id,
        revision,
    )
    place = 0
    for part in parts:
        here = {place + at: row for at, row in enumerate(part["rows"])}
        place += len(here)
        apart = set(here) if places == ALL_ROWS else set(here) & places
        if not apart:
            continue
        await tx.executemany(
            "INSERT INTO bad_row VALUES ($1, $2, $3, $4, $5)",
            [(stream_id, revision, part["part"], here[at], "row no handler takes") for at in sorted(apart)],
        )
        await tx.execute(
            "UPDATE chunk SET rows = $4 WHERE stream_id = $1 AND revision = $2 AND part = $3",
            stream_id,
            revision,
            part["part"],
            [row for at, row in here.items() if at not in apart],
        )
    return place


async def forget(tx: Tx, stream_id: str, below_revision: int) -> None:
    """Drop the stored parts of older revisions of a stream (their completeness stays known)."""
    await tx.execute("DELETE FROM chunk WHERE stream_id = $1 AND revision < $2", stream_id, below_revision)

"""Writing the outbox: messages become lasting rows in the transaction that makes them true."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import orjson

from contracts.base import Message
from kit import telemetry
from kit.ids import new_id

CHANNEL = "outbox"
"""NOTIFY channel that wakes the relay (commit to consumer about 6 ms)."""


@dataclass(frozen=True)
class Outgoing:
    """A message on its way into the outbox."""

    id: str
    topic: str
    key: str
    type: str
    cause: str | None
    traceparent: str | None
    body: bytes
    attributes: Mapping[str, str] | None = None
    """Further CloudEvents attributes; `id` instead of the row's, where a fact is told again."""


def outgoing(
    message: Message, cause: str | None, id: str | None, attributes: Mapping[str, str] | None = None
) -> Outgoing:
    """Serialise a message now, with the trace that is current now (a public one carries no trace)."""
    public = attributes is not None
    return Outgoing(
        id=id or new_id(),
        topic=message.topic,
        key=message.key,
        type=message.TYPE,
        cause=None if public else cause,
        traceparent=None if public else telemetry.current_traceparent(),
        body=message.model_dump_json().encode(),
        attributes=attributes,
    )


async def write(connection: asyncpg.Connection, messages: Sequence[Outgoing], at: datetime) -> None:
    """Give each message its gapless sequence per (topic, key) and store it, pending.

    The counter row is locked first and until the commit, so that per key the order of `seq` is the order of
    commits; keys are locked in sorted order, so that two writers cannot deadlock.
    """
    counts = Counter((one.topic, one.key) for one in messages)
    keys = sorted(counts)
    rows = await connection.fetch(
        "INSERT INTO outbox_key (topic, key, last) "
        "SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[]) "
        "ON CONFLICT (topic, key) DO UPDATE SET last = outbox_key.last + excluded.last "
        "RETURNING topic, key, last",
        [topic for topic, _ in keys],
        [key for _, key in keys],
        [counts[key] for key in keys],
    )
    following = {(row["topic"], row["key"]): row["last"] - counts[row["topic"], row["key"]] for row in rows}
    sequences = []
    for one in messages:
        following[one.topic, one.key] += 1
        sequences.append(following[one.topic, one.key])
    await connection.execute(
        "WITH stored AS (INSERT INTO outbox (id, topic, key, key_seq, type, cause, traceparent, at, body, "
        "attributes) SELECT id, topic, key, key_seq, type, cause, traceparent, $9, body, attributes::jsonb "
        "FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], "
        "$8::bytea[], $10::text[]) WITH ORDINALITY AS row(id, topic, key, key_seq, type, cause, traceparent, "
        "body, attributes, place) ORDER BY place RETURNING seq) INSERT INTO pending SELECT seq FROM stored",
        [one.id for one in messages],
        [one.topic for one in messages],
        [one.key for one in messages],
        sequences,
        [one.type for one in messages],
        [one.cause for one in messages],
        [one.traceparent for one in messages],
        [one.body for one in messages],
        at,
        [orjson.dumps(one.attributes).decode() if one.attributes else None for one in messages],
    )
    await connection.execute(f"NOTIFY {CHANNEL}")

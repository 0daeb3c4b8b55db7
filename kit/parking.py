"""Parked messages: what no handler could take, with its reason, until a person retries or drops it.

Rows, not a dead-letter topic (decisions II): they are in the same transaction as the inbox, they keep the
order of their key, and the API can look at them. Bodies hold ids and codes only, like every message.
"""

from collections.abc import Sequence
from typing import Any

from kit.db import Tx
from kit.envelope import Envelope
from kit.inbox import Key, Raw

GAP = "序号缺失 (a gap in the sequence)"


async def park(tx: Tx, record: Raw, reason: str) -> None:
    """Keep a record that cannot be handled now."""
    envelope = record.envelope
    await tx.execute(
        "INSERT INTO parked (topic, partition, record_offset, key, sender, sequence, envelope, body, reason, "
        "at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        envelope.topic,
        record.partition,
        record.offset,
        envelope.key,
        envelope.sender,
        envelope.sequence,
        envelope.as_dict(),
        record.body,
        reason,
        tx.wall,
    )


async def park_unreadable(
    tx: Tx, topic: str, partition: int, offset: int, body: bytes | None, reason: str
) -> None:
    """Keep a record without a readable envelope; once per place in the log."""
    known = await tx.fetchval(
        "SELECT true FROM parked WHERE topic = $1 AND partition = $2 AND record_offset = $3 "
        "AND envelope IS NULL",
        topic,
        partition,
        offset,
    )
    if not known:
        await tx.execute(
            "INSERT INTO parked (topic, partition, record_offset, body, reason, at) "
            "VALUES ($1, $2, $3, $4, $5, $6)",
            topic,
            partition,
            offset,
            body,
            reason,
            tx.wall,
        )


async def blocked(tx: Tx, records: Sequence[Raw]) -> set[Key]:
    """Which (sender, topic, key) of these new records have something parked in front.

    A hole is no obstacle to what fills it. After an emptied broker a record of the old generation may come
    before those that it follows: these pass, and so does what it said, under the new generation.
    """
    if not records:
        return set()
    await _filled(tx, records)
    places = sorted({(one.envelope.topic, one.envelope.key) for one in records})
    found = await tx.fetch(
        "SELECT topic, key, sender, sequence, reason = $3 AS hole FROM parked WHERE state = 'parked' "
        "AND (topic, key) IN (SELECT * FROM unnest($1::text[], $2::text[]))",
        [topic for topic, _ in places],
        [key for _, key in places],
        GAP,
    )
    newest = {one.key: one.envelope.sequence for one in records}
    return {
        place
        for place, sequence in newest.items()
        for row in found
        if (row["topic"], row["key"]) == place[1:]
        and not (row["hole"] and row["sender"] == place[0] and row["sequence"] > sequence)
    }


async def _filled(tx: Tx, records: Sequence[Raw]) -> None:
    """Close the holes that these records, or those that must have come before them, fill."""
    await tx.execute(
        "UPDATE parked SET state = 'dropped', closed_at = $5, closed_by = 'filled' "
        "FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS came(sender, topic, key, sequence) "
        "WHERE parked.state = 'parked' AND parked.reason = $6 AND parked.sender = came.sender "
        "AND parked.topic = came.topic AND parked.key = came.key AND parked.sequence <= came.sequence",
        [one.envelope.sender for one in records],
        [one.envelope.topic for one in records],
        [one.envelope.key for one in records],
        [one.envelope.sequence for one in records],
        tx.wall,
        GAP,
    )


async def listing(tx: Tx, limit: int = 200) -> list[dict[str, Any]]:
    """Open parked messages, oldest first, without bodies."""
    found = await tx.fetch(
        "SELECT number, topic, key, sender, sequence, envelope->>'type' AS type, reason, at FROM parked "
        "WHERE state = 'parked' ORDER BY number LIMIT $1",
        limit,
    )
    return [dict(row) for row in found]


async def take(tx: Tx, number: int, state: str, actor: str) -> list[tuple[Envelope, bytes]] | None:
    """Close a parked message; on `retried` returns it and what is parked behind it, in order.

    None when there is no such open message. Dropping one lets those behind it be retried in their turn.
    """
    row = await tx.fetchrow(
        "SELECT topic, key FROM parked WHERE number = $1 AND state = 'parked' FOR UPDATE", number
    )
    if row is None:
        return None
    if state == "dropped":
        numbers = [number]
    else:
        found = await tx.fetch(
            "SELECT number FROM parked WHERE state = 'parked' AND topic = $1 AND key IS NOT DISTINCT FROM $2 "
            "ORDER BY sender, sequence, number FOR UPDATE",
            row["topic"],
            row["key"],
        )
        numbers = [one["number"] for one in found]
    taken = await tx.fetch(
        "UPDATE parked SET state = $2, closed_at = $3, closed_by = $4 WHERE number = ANY($1) "
        "RETURNING number, sender, sequence, envelope, body",
        numbers,
        state,
        tx.wall,
        actor,
    )
    ordered = sorted(taken, key=lambda one: (one["sender"] or "", one["sequence"] or 0, one["number"]))
    return [(Envelope(**one["envelope"]), one["body"]) for one in ordered if one["envelope"] is not None]

"""The inbox: per sender, topic and key the last sequence applied, so that every message counts once.

The rows are locked for the transaction, so that a zombie owner of a partition and the new one serialise, and
the second sees what the first applied.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kit.db import Tx
from kit.envelope import Envelope

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Raw:
    """A record with a readable envelope."""

    envelope: Envelope
    body: bytes
    partition: int
    offset: int

    @property
    def key(self) -> Key:
        return self.envelope.sender, self.envelope.topic, self.envelope.key


@dataclass(frozen=True)
class Sorted:
    """Records of a poll: to be handled, already applied, or after a hole in their sequence."""

    fresh: list[Raw]
    duplicates: list[Raw]
    gaps: list[Raw]


async def admit(tx: Tx, records: Sequence[Raw]) -> Sorted:
    """Lock and advance the inbox for these records; tell which of them are new.

    A gap cannot happen while outbox and relay keep their promise; such a record is parked with everything
    after it rather than applied out of order, and the inbox does not move.
    """
    keys = sorted({record.key for record in records})
    locked = await tx.fetch(
        "INSERT INTO inbox SELECT *, 0 FROM unnest($1::text[], $2::text[], $3::text[]) "
        "ON CONFLICT (sender, topic, key) DO UPDATE SET last = inbox.last "
        "RETURNING sender, topic, key, last",
        *([key[place] for key in keys] for place in range(3)),
    )
    last: dict[Key, int] = {(row["sender"], row["topic"], row["key"]): row["last"] for row in locked}
    before = dict(last)
    result = Sorted([], [], [])
    for record in records:
        seen, sequence = last[record.key], record.envelope.sequence
        if sequence <= seen:
            result.duplicates.append(record)
        elif sequence == seen + 1:
            result.fresh.append(record)
            last[record.key] = sequence
        else:
            result.gaps.append(record)
    moved = [key for key in keys if last[key] != before[key]]
    if moved:
        await tx.execute(
            "UPDATE inbox SET last = new.last FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) "
            "AS new(sender, topic, key, last) WHERE inbox.sender = new.sender AND inbox.topic = new.topic "
            "AND inbox.key = new.key",
            *([key[place] for key in moved] for place in range(3)),
            [last[key] for key in moved],
        )
    return result


async def newer_generations(tx: Tx, records: Sequence[tuple[Envelope, int]]) -> set[tuple[str, int]]:
    """Remember each sender's generation per partition; returns (topic, partition) that must be read again.

    The first contact with a sender only records its generation: the group starts at the beginning anyway.
    """
    seen: dict[tuple[str, str, int], int] = {}
    for envelope, partition in records:
        place = (envelope.sender, envelope.topic, partition)
        seen[place] = max(seen.get(place, 0), envelope.generation)
    places = sorted(seen)
    if not places:
        return set()
    known = await tx.fetch(
        "SELECT sender, topic, partition, generation FROM inbox_generation WHERE (sender, topic, partition) "
        "IN (SELECT * FROM unnest($1::text[], $2::text[], $3::int[]))",
        *([place[at] for place in places] for at in range(3)),
    )
    before = {(row["sender"], row["topic"], row["partition"]): row["generation"] for row in known}
    changed = [place for place in places if seen[place] > before.get(place, 0)]
    if changed:
        await tx.execute(
            "INSERT INTO inbox_generation SELECT * FROM unnest($1::text[], $2::text[], $3::int[], "
            "$4::bigint[]) ON CONFLICT (sender, topic, partition) DO UPDATE SET generation = "
            "greatest(inbox_generation.generation, excluded.generation)",
            *([place[at] for place in changed] for at in range(3)),
            [seen[place] for place in changed],
        )
    return {(topic, part) for sender, topic, part in changed if (sender, topic, part) in before}

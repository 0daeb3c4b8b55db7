"""I4 and I10: gapless sequences, every consumer at the sender's last one, nothing pending, parked as injected."""

import hashlib
from collections import defaultdict

from checker.invariant import Invariant
from checker.sources import Row, Sources

Place = tuple[str, str, str]


async def sequences(found: Invariant, sources: Sources) -> None:
    """I4: per sender, topic and key 1..n without a hole, and each consumer has applied exactly n."""
    last: dict[Place, int] = {}
    for sender in sources.rooms:
        rows = await sources.rows(
            sender,
            "SELECT topic, key, k.last, count(o.seq) AS rows, min(key_seq) AS low, max(key_seq) AS high "
            "FROM outbox_key k FULL JOIN outbox o USING (topic, key) GROUP BY topic, key, k.last",
        )
        for row in rows:
            whole = row["rows"] == row["last"] == row["high"] and row["low"] == 1
            found.expect(whole, f"{sender}: {row['topic']} {row['key']} has a hole in 1..{row['last']}")
            last[sender, row["topic"], row["key"]] = row["last"] or 0
    found.figures["keys"] = len(last)
    for consumer in sources.rooms:
        seen = {
            (row["sender"], row["topic"], row["key"]): row["last"]
            for row in await sources.rows(consumer, "SELECT sender, topic, key, last FROM inbox")
        }
        topics = await _subscribed(sources, consumer, {topic for _, topic, _ in seen})
        due = {place for place in last if place[1] in topics}
        for place in sorted(due | set(seen)):
            if place[0] not in sources.databases:
                found.expect(bool(sources.injected), f"{consumer}: {' '.join(place)} comes from no room")
                continue
            behind = f"{consumer}: {' '.join(place)} applied {seen.get(place, 0)} of {last.get(place, 0)}"
            found.expect(seen.get(place, 0) == last.get(place, 0), behind)
        found.figures["applied"] += sum(seen.values())


async def _subscribed(sources: Sources, consumer: str, seen: set[str]) -> set[str]:
    """Topics the consumer was ever given a record of, and its own commands, which nobody else may leave lying."""
    ever = await sources.rows(consumer, "SELECT DISTINCT topic FROM inbox_generation")
    return seen | {row["topic"] for row in ever} | {f"subsidy.{consumer}.commands"}


async def queues(found: Invariant, sources: Sources) -> None:
    """I10: nothing waits to be sent or handled; what is parked is what was injected, and all of it."""
    parked: dict[str, list[str]] = defaultdict(list)
    for room in sources.rooms:
        for table, why in (
            ("pending", "not published"),
            ("waiting", "commands wait for parts that never came"),
        ):
            rows = await sources.value(room, f"SELECT count(*) FROM {table}")
            found.figures[table] += rows
            found.expect(rows == 0, f"{room}: {rows} {why}")
        found.figures["bad_rows"] += await sources.value(room, "SELECT count(*) FROM bad_row")
        for row in await sources.rows(room, "SELECT * FROM parked WHERE state = 'parked'"):
            parked[_matching(room, row, sources, set(parked))].append(
                f"{room} {row['topic']} {row['key']} {row['reason']}"
            )
    for place in parked.pop("", []):
        found.fail(f"parked and not injected: {place}")
    for number, wanted in enumerate(sources.injected):
        found.expect(str(number) in parked, f"injected and not parked: {wanted}")
    found.figures["parked"] = sum(len(places) for places in parked.values())
    found.figures["injected"] = len(sources.injected)


def _matching(room: str, row: Row, sources: Sources, taken: set[str]) -> str:
    """Number of the injected record that this is: by its id, the digest of its bytes, or (once) by its room."""
    envelope = row["envelope"] or {}
    digest = hashlib.sha256(row["body"] or b"").hexdigest()
    for number, wanted in enumerate(sources.injected):
        if wanted.get("id") or wanted.get("sha256"):
            same = wanted.get("id") in (None, envelope.get("id")) and wanted.get("sha256") in (None, digest)
            if same and wanted.get("topic") in (None, row["topic"]):
                return str(number)
        elif wanted.get("room") == room and str(number) not in taken:
            return str(number)
    return ""

"""Workers: each agency's next facts into its feed and its topic, and replays."""

from kit.crypto import KeyMissing
from kit.db import Tx
from kit.service import Room
from services.exchange.handlers.base import on
from services.exchange.handlers.hooking import send_webhooks
from services.exchange.ports.pseudonyms import Pseudonyms, pseudonyms
from services.exchange.store import agreements, feeds, subscriptions


@on.worker(every=2.0)
async def feed_agencies(room: Room) -> bool:
    """Give each agency in force its next facts. An agency whose key is missing waits; the others go on."""
    async with room.tx() as tx:
        behind = await feeds.behind(tx)
    more = False
    for agency in behind:
        try:
            own = pseudonyms(room, agency)
        except KeyMissing:
            continue
        async with room.tx() as tx:
            # Locked: a revocation either comes before, and nothing is told, or takes the pending events back.
            agreement = await agreements.active(tx, agency, lock=True)
            if agreement is None:
                continue
            rows, further = await feeds.extend(tx, agreement)
            sent = await _to_topic(tx, own, rows)
            if rows:
                tx.audit(
                    "exchange.publish", f"agency:{agency}", purpose=agreement.purpose, events=len(rows), topic=sent,
                    first=rows[0]["position"], last=rows[-1]["position"],
                )  # fmt: skip
                tx.wake(send_webhooks)
            more = more or further
    return more


async def _to_topic(tx: Tx, own: Pseudonyms, rows: list[dict[str, object]], replay: str | None = None) -> int:
    """Put what the agency's topic takes of these rows into the outbox; returns how many."""
    chosen = await subscriptions.of_topic(tx, own.agency)
    agreement = await agreements.active(tx, own.agency)
    if chosen is None or agreement is None:
        return 0
    filters = (subscriptions.filter_of(chosen), agreements.filter_of(agreement))
    sent = 0
    for row in rows:
        place = str(row["township"] or row["county"])
        if not all(one.takes(str(row["name"]), str(row["project"]), place) for one in filters):
            continue
        event = own.event(row)
        attributes = event.attributes() | ({"replayid": replay} if replay else {})
        tx.emit(event.fact, attributes=attributes)
        sent += 1
    return sent


@on.worker(every=5.0)
async def replay_events(room: Room) -> bool:
    """Tell again what agencies asked for, a part at a time, beside what is new."""
    async with room.tx() as tx:
        waiting = await subscriptions.open_replays(tx)
    more = False
    for agency in waiting:
        async with room.tx() as tx:
            # The agreement first, as a revocation does.
            agreement = await agreements.active(tx, agency, lock=True)
            one = await subscriptions.next_replay(tx, agency)
            if one is None or agreement is None:
                continue
            rows = await feeds.read(
                tx, agency, after=one.position, until=one.last_position, since=one.since, limit=feeds.BATCH
            )
            own = pseudonyms(room, agency)
            one.events += await _to_topic(tx, own, [dict(row) for row in rows], one.replay_id)
            one.position = rows[-1]["position"] if rows else one.last_position
            if len(rows) < feeds.BATCH:
                one.done_at = tx.wall
            await subscriptions.save_replay(tx, one)
            more = True
    return more

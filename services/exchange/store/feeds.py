"""Each agency's feed: its facts in its own gapless order, read by whichever way they travel."""

from datetime import datetime
from typing import Any

from kit import clock
from kit.db import Tx
from kit.ids import named_id
from services.exchange.store.agreements import filter_of
from services.exchange.store.tables import Agreement

BATCH = 500


async def behind(tx: Tx) -> list[str]:
    """Agencies with facts that nobody has looked through for them yet."""
    rows = await tx.fetch(
        "SELECT agency FROM agreement WHERE state = 'active' "
        "AND fact_seq < (SELECT coalesce(max(seq), 0) FROM fact) ORDER BY agency"
    )
    return [row["agency"] for row in rows]


async def extend(tx: Tx, one: Agreement) -> tuple[list[Any], bool]:
    """Look through the next facts for an agreement (locked): append what it covers. Returns the new
    rows, and whether there are more facts to look through.

    What an earlier agreement of the same agency gave is not given twice; what happened on business days
    before `valid_from` never.
    """
    # The end first: what commits after this has a higher seq, and is met next time.
    end = await tx.fetchval("SELECT coalesce(max(seq), 0) FROM fact")
    facts = await tx.fetch(
        "SELECT * FROM fact WHERE seq > $1 AND seq <= $4 AND NOT EXISTS "
        "(SELECT FROM feed WHERE feed.agency = $2 AND feed.fact_seq = fact.seq) ORDER BY seq LIMIT $3",
        one.fact_seq,
        one.agency,
        BATCH,
        end,
    )
    wanted = filter_of(one)
    taken = [
        fact
        for fact in facts
        if wanted.takes(fact["name"], fact["project"], fact["township"] or fact["county"])
        and clock.business_date(fact["at"]) >= one.valid_from
    ]
    last = await tx.fetchval("SELECT coalesce(max(position), 0) FROM feed WHERE agency = $1", one.agency)
    rows = [
        {
            **fact,
            "position": last + number,
            "event_id": named_id("exchange-event", one.agency, fact["fact_id"]),
        }
        for number, fact in enumerate(taken, 1)
    ]
    await tx.executemany(
        "INSERT INTO feed VALUES ($1, $2, $3, $4)",
        [(one.agency, row["position"], row["seq"], row["event_id"]) for row in rows],
    )
    reached = facts[-1]["seq"] if len(facts) == BATCH else end
    await tx.execute("UPDATE agreement SET fact_seq = $2 WHERE agreement_id = $1", one.agreement_id, reached)
    return rows, reached < end


async def read(
    tx: Tx, agency: str, *, after: int, limit: int, since: datetime | None = None, until: int | None = None
) -> list[Any]:
    """Feed rows with their facts after a position, oldest first; `since` is when they happened (business time)."""
    return await tx.fetch(
        "SELECT feed.position, feed.event_id, fact.* FROM feed JOIN fact ON fact.seq = feed.fact_seq "
        "WHERE feed.agency = $1 AND feed.position > $2 AND ($3::timestamptz IS NULL OR fact.at >= $3) "
        "AND ($4::bigint IS NULL OR feed.position <= $4) ORDER BY feed.position LIMIT $5",
        agency,
        after,
        since,
        until,
        limit,
    )


async def last_position(tx: Tx, agency: str) -> int:
    """Where the feed ends."""
    found: int = await tx.fetchval("SELECT coalesce(max(position), 0) FROM feed WHERE agency = $1", agency)
    return found

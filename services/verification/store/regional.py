"""What regions keep beside lists: pairs of subsidies, and the stop list."""

from typing import Any

from kit.db import Tx
from services.verification.store.review_tables import Pair, StopEntry

_SAME = "region = $1 AND project = $2 AND other = $3 AND valid_from = $4 AND coalesce(from_age, 0) = $5"


async def load_pair(tx: Tx, one: Pair) -> Any:
    """Store a pair in place of the former one of the same region, subsidies, age and first day."""
    same = (one.region, one.project, one.other, one.valid_from, one.from_age or 0)
    await tx.execute("SELECT pg_advisory_xact_lock(7204105, hashtext($1))", "|".join(map(str, same)))
    former = await tx.fetchrow(f"SELECT * FROM pair WHERE {_SAME} AND ended_at IS NULL", *same)
    names = ("relation", "valid_to", "document_no")
    if former is not None:
        if all(former[name] == getattr(one, name) for name in names):
            return former
        await end_pair(tx, former["pair_id"])
    await tx.insert(one)
    return await pair(tx, one.pair_id)


async def pair(tx: Tx, pair_id: str) -> Any:
    """A pair, or None."""
    return await tx.fetchrow("SELECT * FROM pair WHERE pair_id = $1", pair_id)


async def end_pair(tx: Tx, pair_id: str) -> None:
    """It no longer counts; its record stays."""
    await tx.execute(
        "UPDATE pair SET ended_at = $2, ended_by = $3 WHERE pair_id = $1 AND ended_at IS NULL",
        pair_id,
        tx.now,
        tx.actor,
    )


async def pairs(tx: Tx, region: str, project: str | None, ended: bool, offset: int, limit: int) -> list[Any]:
    """Those that count in the region, from above and inside it."""
    return await tx.fetch(
        "SELECT * FROM pair WHERE (starts_with(region, $1) OR starts_with($1, region)) "
        "AND ($2::text IS NULL OR project = $2 OR other = $2) AND ($3 OR ended_at IS NULL) "
        "ORDER BY project, other, region, valid_from, pair_id OFFSET $4 LIMIT $5",
        region,
        project,
        ended,
        offset,
        limit,
    )


async def add_stop(tx: Tx, one: StopEntry) -> None:
    """Proposed: it stops nobody until another person approves."""
    await tx.insert(one)


async def stop(tx: Tx, stop_id: str, lock: bool = False) -> Any:
    """An entry, or None."""
    return await tx.fetchrow(
        f"SELECT * FROM stop_entry WHERE stop_id = $1 {'FOR UPDATE' if lock else ''}", stop_id
    )


async def stops(
    tx: Tx, region: str, projects: list[str] | None, state: str | None, offset: int, limit: int
) -> list[Any]:
    """Entries of the region and those inside it, newest first."""
    return await tx.fetch(
        "SELECT * FROM stop_entry WHERE starts_with(region, $1) "
        "AND ($2::text[] IS NULL OR project = ANY($2)) AND ($3::text IS NULL OR state = $3) "
        "ORDER BY proposed_at DESC, stop_id OFFSET $4 LIMIT $5",
        region,
        projects,
        state,
        offset,
        limit,
    )


async def decide_stop(tx: Tx, stop_id: str, state: str) -> None:
    """The second person's word on a proposed entry."""
    await tx.execute(
        "UPDATE stop_entry SET state = $2, decided_by = $3, decided_at = $4 WHERE stop_id = $1",
        stop_id,
        state,
        tx.actor,
        tx.now,
    )


async def propose_end(tx: Tx, stop_id: str) -> None:
    """It still stops until another person approves."""
    await tx.execute(
        "UPDATE stop_entry SET state = 'ending', end_proposed_by = $2 WHERE stop_id = $1", stop_id, tx.actor
    )


async def decide_end(tx: Tx, stop_id: str, approved: bool) -> None:
    """Ended, or it stands as before."""
    if approved:
        await tx.execute(
            "UPDATE stop_entry SET state = 'ended', ended_by = $2, ended_at = $3 WHERE stop_id = $1",
            stop_id,
            tx.actor,
            tx.now,
        )
    else:
        await tx.execute(
            "UPDATE stop_entry SET state = 'active', end_proposed_by = NULL WHERE stop_id = $1", stop_id
        )

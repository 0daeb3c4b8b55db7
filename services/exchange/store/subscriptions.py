"""Subscriptions, dead letters and replays."""

from collections.abc import Sequence

from kit.db import Tx
from services.exchange.domain import Filter
from services.exchange.store.tables import DeadLetter, Replay, Subscription


async def find(tx: Tx, subscription_id: str, *, lock: bool = False) -> Subscription | None:
    """One subscription."""
    row = await tx.fetchrow(
        f"SELECT * FROM subscription WHERE subscription_id = $1{' FOR UPDATE' if lock else ''}",
        subscription_id,
    )
    return Subscription(**row) if row else None


async def of_agency(tx: Tx, agency: str) -> list[Subscription]:
    """All of an agency, the oldest first."""
    rows = await tx.fetch(
        "SELECT * FROM subscription WHERE agency = $1 ORDER BY opened_at, subscription_id", agency
    )
    return [Subscription(**row) for row in rows]


async def of_topic(tx: Tx, agency: str) -> Subscription | None:
    """The one that fills the agency's topic."""
    row = await tx.fetchrow(
        "SELECT * FROM subscription WHERE agency = $1 AND channel = 'topic' AND state = 'active'", agency
    )
    return Subscription(**row) if row else None


def filter_of(one: Subscription) -> Filter:
    """What it takes of the feed."""
    return Filter(one.types, one.projects, one.regions)


async def set_filter(tx: Tx, subscription_id: str, chosen: Filter) -> None:
    """Other filters from now on."""
    await tx.execute(
        "UPDATE subscription SET types = $2, projects = $3, regions = $4 WHERE subscription_id = $1",
        subscription_id,
        list(chosen.types),
        list(chosen.projects),
        list(chosen.regions),
    )


async def due_hooks(tx: Tx) -> list[str]:
    """Active webhooks that have something to send and need not wait any longer."""
    rows = await tx.fetch(
        "SELECT subscription_id FROM subscription WHERE channel = 'webhook' AND state = 'active' "
        "AND (next_at IS NULL OR next_at <= $1) AND position < "
        "(SELECT coalesce(max(position), 0) FROM feed WHERE feed.agency = subscription.agency) "
        "ORDER BY subscription_id",
        tx.wall,
    )
    return [row["subscription_id"] for row in rows]


async def save_progress(tx: Tx, one: Subscription) -> None:
    """Where a webhook stands: position, tries, and whether it is disabled."""
    await tx.execute(
        "UPDATE subscription SET position = $2, attempts = $3, next_at = $4, dead_in_row = $5, state = $6 "
        "WHERE subscription_id = $1",
        one.subscription_id,
        one.position,
        one.attempts,
        one.next_at,
        one.dead_in_row,
        one.state,
    )


async def save_secrets(tx: Tx, one: Subscription) -> None:
    """After a rotation: the new secret, and the former one with its end."""
    await tx.execute(
        "UPDATE subscription SET secret_sealed = $2, former_sealed = $3, former_until = $4 "
        "WHERE subscription_id = $1",
        one.subscription_id,
        one.secret_sealed,
        one.former_sealed,
        one.former_until,
    )


async def dead_letters(tx: Tx, subscription_id: str) -> list[DeadLetter]:
    """What a webhook never took, the oldest first."""
    rows = await tx.fetch(
        "SELECT * FROM dead_letter WHERE subscription_id = $1 ORDER BY position", subscription_id
    )
    return [DeadLetter(**row) for row in rows]


async def open_replays(tx: Tx) -> list[str]:
    """Agencies with a replay that is not done."""
    rows = await tx.fetch("SELECT DISTINCT agency FROM replay WHERE done_at IS NULL ORDER BY agency")
    return [row["agency"] for row in rows]


async def next_replay(tx: Tx, agency: str) -> Replay | None:
    """The agency's oldest unfinished replay, locked."""
    row = await tx.fetchrow(
        "SELECT * FROM replay WHERE agency = $1 AND done_at IS NULL ORDER BY asked_at, replay_id "
        "LIMIT 1 FOR UPDATE",
        agency,
    )
    return Replay(**row) if row else None


async def replays(tx: Tx, agency: str) -> Sequence[Replay]:
    """All replays of an agency, the latest first."""
    rows = await tx.fetch(
        "SELECT * FROM replay WHERE agency = $1 ORDER BY asked_at DESC, replay_id LIMIT 100", agency
    )
    return [Replay(**row) for row in rows]


async def save_replay(tx: Tx, one: Replay) -> None:
    """How far it has come."""
    await tx.execute(
        "UPDATE replay SET position = $2, events = $3, done_at = $4 WHERE replay_id = $1",
        one.replay_id,
        one.position,
        one.events,
        one.done_at,
    )

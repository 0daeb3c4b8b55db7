"""督办 orders: issued, answered, done, listed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kit.db import Tx
from services.supervision.store.tables import UrgeOrder


async def add(tx: Tx, orders: Sequence[UrgeOrder]) -> None:
    """Store new orders."""
    await tx.insert(*orders)


async def find(tx: Tx, order_id: str, *, lock: bool = False) -> UrgeOrder | None:
    """One order."""
    row = await tx.fetchrow(
        f"SELECT * FROM urge_order WHERE order_id = $1{' FOR UPDATE' if lock else ''}", order_id
    )
    return UrgeOrder(**row) if row else None


async def open_of(tx: Tx, item_id: str, named: str | None) -> UrgeOrder | None:
    """The order to this addressee about the item that is not done yet."""
    row = await tx.fetchrow(
        "SELECT * FROM urge_order WHERE item_id = $1 AND state <> 'done' "
        "AND coalesce(named, '') = coalesce($2, '')",
        item_id,
        named,
    )
    return UrgeOrder(**row) if row else None


async def answer(tx: Tx, one: UrgeOrder) -> None:
    """Write back an answer."""
    await tx.execute(
        "UPDATE urge_order SET state = $2, answered_by = $3, answered_at = $4, answer_sealed = $5 "
        "WHERE order_id = $1",
        one.order_id,
        one.state,
        one.answered_by,
        one.answered_at,
        one.answer_sealed,
    )


async def done(tx: Tx, by: Mapping[str, str]) -> list[UrgeOrder]:
    """Orders about these items (item → who did it) are done; returns those that were not before."""
    rows = await tx.fetch(
        "UPDATE urge_order AS o SET state = 'done', done_at = $3, done_by = d.who "
        "FROM unnest($1::text[], $2::text[]) AS d(item_id, who) "
        "WHERE o.item_id = d.item_id AND o.state <> 'done' RETURNING o.*",
        list(by),
        list(by.values()),
        tx.now,
    )
    return sorted((UrgeOrder(**row) for row in rows), key=_by_id)


def _by_id(one: UrgeOrder) -> str:
    return one.order_id


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters of the list. With `username` the official's own: named, or theirs to act on by role and region."""

    reader: str
    projects: Sequence[str] | None
    state: str | None = None
    item_id: str | None = None
    username: str | None = None
    roles: Sequence[str] = ()
    after: str = ""
    limit: int = 100


async def listed(tx: Tx, wanted: Wanted) -> list[UrgeOrder]:
    """A page, in the order of issue (order ids rise with time)."""
    rows = await tx.fetch(
        "SELECT * FROM urge_order WHERE ($3::text IS NULL OR state = $3) AND ($4::text IS NULL OR item_id = $4) "
        "AND CASE WHEN $5::text IS NULL OR named IS NULL THEN region LIKE $1 || '%' "
        "AND ($2::text[] IS NULL OR project IS NULL OR project = ANY($2)) ELSE true END "
        "AND ($5::text IS NULL OR named = $5 OR (named IS NULL AND role = ANY($6::text[]))) "
        "AND order_id > $7 ORDER BY order_id LIMIT $8",
        wanted.reader,
        None if wanted.projects is None else list(wanted.projects),
        wanted.state,
        wanted.item_id,
        wanted.username,
        list(wanted.roles),
        wanted.after,
        wanted.limit,
    )
    return [UrgeOrder(**row) for row in rows]

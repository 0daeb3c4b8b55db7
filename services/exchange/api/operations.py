"""Who may do what here: operators keep agreements, agencies use their own."""

from datetime import datetime, timedelta

from kit import errors
from kit.auth import Actor, Operation, Reach, Resource, Role, Zone, authorize
from kit.db import Tx
from kit.service import Room
from services.exchange.store import agreements
from services.exchange.store.tables import Agreement

PREFIX = "/api/exchange/v1"
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


def _kept(name: str, *states: str, four_eyes: bool = False) -> Operation:
    return Operation(
        f"exchange.{name}",
        roles=frozenset({Role.OPERATOR}),
        zone=Zone.FINANCE,
        states=frozenset(states),
        four_eyes=four_eyes,
    )


def for_agencies(name: str) -> Operation:
    """An operation that an agency does under its agreement."""
    return Operation(
        f"exchange.{name}", agencies=True, zone=Zone.OUTSIDE, crosses=True, region=Reach.NONE, project=False
    )


NAME = Operation(
    "exchange.name_agency",
    roles=frozenset({Role.OPERATOR}),
    zone=Zone.FINANCE,
    region=Reach.NONE,
    project=False,
)
READ = _kept("read_agreement")
OPEN = _kept("open_agreement")
DECIDE = _kept("decide_agreement", "proposed", four_eyes=True)
REVOKE = _kept("revoke_agreement", "proposed", "active")


async def agreement_of(tx: Tx, actor: Actor, operation: Operation, *, lock: bool = False) -> Agreement:
    """The calling agency's agreement in force. 403 without one: revoked, over, or never approved."""
    assert actor.agency is not None, "an agency's token names it"
    authorize(actor, operation, Resource(agency=actor.agency))
    found = await agreements.active(tx, actor.agency, lock=lock)
    if found is None:
        raise errors.forbidden("没有生效的协议 (no agreement in force)")
    return found


async def count_request(room: Room, actor: Actor, operation: Operation) -> Agreement:
    """The agreement, after one more request of this minute; 429 over its limit. Commits by itself."""
    async with room.tx(actor) as tx:
        found = await agreement_of(tx, actor, operation)
        minute = tx.wall.replace(second=0, microsecond=0)
        if await agreements.spend(tx, found.agency, "requests", minute, 1, found.requests_per_minute):
            return found
        raise too_many(
            minute + _MINUTE - tx.wall, "每分钟请求数 (requests per minute)", found.requests_per_minute
        )


async def count_subjects(tx: Tx, found: Agreement, amount: int) -> None:
    """Take `amount` persons from today's volume; 429 when it is not left (wall clock, UTC days)."""
    day: datetime = tx.wall.replace(hour=0, minute=0, second=0, microsecond=0)
    if not await agreements.spend(tx, found.agency, "subjects", day, amount, found.subjects_per_day):
        raise too_many(day + _DAY - tx.wall, "每日查询人数 (persons per day)", found.subjects_per_day)


def too_many(wait: timedelta, what: str, limit: int) -> errors.Problem:
    """429 with Retry-After in seconds."""
    seconds = max(1, int(wait.total_seconds()) + 1)
    return errors.Problem(
        429, "over-the-limit", "超过协议限额", "over the agreement's limit", what,
        headers={"Retry-After": str(seconds)}, limit=limit,
    )  # fmt: skip

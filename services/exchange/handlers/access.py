"""The worker that keeps the broker's ACLs as the agreements say: its own topic for each agency in force."""

from kit import acl
from kit.service import Room
from services.exchange.handlers.base import on
from services.exchange.store import agreements


@on.worker(every=10.0)
async def keep_acls(room: Room) -> bool:
    """Allow who has an agreement in force, withdraw from everybody else; an outage of the broker is tried again."""
    if not room.settings.kafka_acls:
        return False
    async with room.tx() as tx:
        known = {one.code for one in await agreements.agencies(tx)}
        allowed = {one.agency for one in await agreements.all_active(tx)}
    await acl.keep(room.settings, sorted(allowed), sorted(known - allowed))
    return False

"""Every handled message, twice and late, does its work once."""

from typing import Any

from kit.testing import RoomHarness
from services.batch.handlers import on
from services.batch.tests.golden import GOLDEN, prepare

TABLES = (
    "line_change",
    "slice",
    "slice_revision",
    "exclusion",
    "manifest",
    "candidate",
    "outbox",
    "audit",
    "enrolment",
    "payee",
    "household",
    "deduction",
)


async def _facts(room: RoomHarness) -> dict[str, Any]:
    async with room.room.tx() as tx:
        counted = {name: await tx.fetchval(f"SELECT count(*) FROM {name}") for name in TABLES}
        rows = await tx.fetch("SELECT to_jsonb(line) AS line FROM line ORDER BY line_id")
    return counted | {"lines": [row["line"] for row in rows]}


def test_every_handled_message_has_an_example() -> None:
    assert set(GOLDEN) == on.types()


async def test_each_twice_and_all_again_later_changes_nothing_more(room: RoomHarness) -> None:
    async with room.room.tx() as tx:
        await prepare(tx)
    fresh = await _facts(room)
    records = [room.raw(message, cause="command") for message in GOLDEN.values()]
    for record in records:
        await room.dispatcher.handle([record])
    await room.deliver()
    before = await _facts(room)
    assert before["outbox"] >= fresh["outbox"] + len(GOLDEN) - 8  # eight examples only change what we know
    for record in [*records, *reversed(records)]:
        await room.dispatcher.handle([record])
    await room.deliver()
    assert await _facts(room) == before

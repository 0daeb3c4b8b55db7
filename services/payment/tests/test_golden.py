"""Every handled message, twice and late, does its work once."""

from services.payment.handlers import on
from services.payment.tests.golden import GOLDEN, prepare
from services.payment.tests.world import World


async def test_every_message_has_an_example() -> None:
    assert set(GOLDEN) == on.types()


async def test_each_twice_and_all_again_later_changes_nothing_more(world: World) -> None:
    async with world.harness.room.tx() as tx:
        await prepare(tx)
    records = [world.harness.raw(message) for message in GOLDEN.values()]
    for record in records:
        await world.harness.dispatcher.handle([record])
    assert await world.value("SELECT count(*) FROM parked") == 0
    before = (await world.balances(), await world.states(), await world.value("SELECT count(*) FROM outbox"))
    assert before[1] == {"COMMITTED": 3, "PAID": 1}
    assert before[0]["receivable"] == 5000
    for record in [*records, *reversed(records)]:
        await world.harness.dispatcher.handle([record])
    after = (await world.balances(), await world.states(), await world.value("SELECT count(*) FROM outbox"))
    assert after == before

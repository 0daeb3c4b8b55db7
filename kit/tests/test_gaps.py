"""Holes in a sequence: parked, in nobody's way once filled, and never applied twice.

They happen when a broker comes back empty and the old producer's last record arrives before the republication.
"""

from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from contracts.batch import SliceOpened
from kit.clock import wall_now
from kit.db import Database, migrate
from kit.dispatch import Dispatcher
from kit.envelope import Envelope
from kit.inbox import Raw
from kit.tests.bus_rooms import KIT, verifying


class Consumer:
    """A room that counts the slices it hears of, fed by hand."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.dispatcher = Dispatcher("verification", database, verifying())

    async def poll(self, *places: tuple[int, int]) -> set[tuple[str, int]]:
        """Records (sequence, generation) of one poll; returns what must be read again."""
        return await self.dispatcher.handle([raw(*place) for place in places])

    async def applied(self) -> list[int]:
        return [
            row["number"]
            for row in await self.database.pool.fetch("SELECT number FROM seen ORDER BY at, number")
        ]

    async def parked(self) -> list[int]:
        rows = await self.database.pool.fetch(
            "SELECT sequence FROM parked WHERE state = 'parked' ORDER BY number"
        )
        return [row["sequence"] for row in rows]


def raw(sequence: int, generation: int) -> Raw:
    message = SliceOpened(
        slice_id="s1", batch_id="b", project="11810", period="202305", county="539901", township="539901101",
        category="c", number=sequence, kind="first", publicity_done=False, revision=1, lines=1,
    )  # fmt: skip
    envelope = Envelope(
        id=f"m{sequence}", type=message.TYPE, sender="batch", topic=message.topic, key="s1", sequence=sequence,
        generation=generation, causation_id=None, traceparent=None, time=wall_now().isoformat(),
    )  # fmt: skip
    return Raw(envelope, message.model_dump_json().encode(), 0, sequence)


@pytest.fixture
async def consumer(postgres_dsn_factory: Callable[[], str]) -> AsyncIterator[Consumer]:
    database = Database(postgres_dsn_factory())
    await database.open()
    await migrate(database, [("kit", KIT)])
    await database.pool.execute(
        "CREATE TABLE seen (slice_id text, number int, at timestamptz DEFAULT clock_timestamp())"
    )
    yield Consumer(database)
    await database.close()


AGAIN: Sequence[tuple[int, int]] = [(1, 2), (2, 2), (3, 2), (4, 2), (5, 2)]


@pytest.mark.parametrize("together", [True, False], ids=["one poll", "poll by poll"])
async def test_a_late_record_of_the_old_generation_stops_nobody(consumer: Consumer, together: bool) -> None:
    await consumer.poll((1, 1), (2, 1))
    # 3 was acknowledged by a broker that is gone; 4 reached the new one before the republication.
    assert await consumer.poll((4, 1)) == set()
    assert await consumer.parked() == [4]
    assert await consumer.poll((4, 1), *AGAIN) == {("subsidy.batch.events", 0)}
    if together:
        await consumer.poll((4, 1), *AGAIN)
    else:
        for place in [(4, 1), *AGAIN]:
            await consumer.poll(place)
    await consumer.poll((6, 2))
    assert await consumer.applied() == [1, 2, 3, 4, 5, 6]
    assert await consumer.parked() == []


async def test_a_hole_that_is_filled_in_the_same_poll_is_none(consumer: Consumer) -> None:
    await consumer.poll((1, 1))
    await consumer.poll((3, 1), (2, 1), (3, 1), (4, 1))
    assert await consumer.applied() == [1, 2, 3, 4]
    assert await consumer.parked() == []


async def test_a_hole_that_nothing_fills_stays_and_stops_its_key(consumer: Consumer) -> None:
    await consumer.poll((1, 1))
    await consumer.poll((3, 1), (4, 1))
    await consumer.poll((5, 1))
    assert await consumer.applied() == [1]
    assert await consumer.parked() == [3, 4, 5]

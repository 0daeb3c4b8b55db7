"""A slice of ten thousand lines goes through every township step in bounded time: no query per line."""

import time

from contracts.batch import LineState
from kit.ids import new_id
from services.batch.tests.county import CATEGORY, COUNTY, PROJECT, TOWN, VILLAGE, County

LINES = 10_000
SECONDS = 60.0
COLUMNS = (
    "application_id",
    "project",
    "county",
    "township",
    "subject_id",
    "village",
    "category",
    "channel",
    "state",
    "listed_at",
)


async def test_a_large_slice(county: County) -> None:
    async with county.room.room.tx() as tx:
        await tx.copy(
            "candidate",
            COLUMNS,
            (
                (new_id(), PROJECT, COUNTY, TOWN, new_id(), VILLAGE, CATEGORY, "offline", "open", tx.now)
                for _ in range(LINES)
            ),
        )
    started = time.monotonic()
    opened, lines = await county.submit(0)
    assert opened.lines == len(lines) == LINES
    bad = {one.line_id: "abnormal" for one in lines[::50]}
    lines = await county.cards(opened.slice_id, lines, 1, bad)
    await county.findings(opened.slice_id, lines, 2)
    await county.sign_slice(opened.slice_id)
    await county.hand_over(opened.slice_id)
    assert sum(one.state is LineState.ABNORMAL for one in lines) == LINES // 50
    assert time.monotonic() - started < SECONDS

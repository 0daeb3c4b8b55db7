"""Finds the rows that make a whole revision fail, by halves, so that only they are set apart (decisions II).

A revision of 1,000 lines must not stand still for one line that a handler cannot take. What no row explains is
for the caller to park.
"""

from collections.abc import Awaitable, Callable

MOST_ATTEMPTS = 400
"""Attempts after which a revision counts as spoiled beyond single rows."""

ALL_ROWS: frozenset[int] = frozenset({-1})
"""Stands for every row, however many there are."""

Attempt = Callable[[frozenset[int]], Awaitable[bool]]
"""Handles the revision without these rows and rolls back; tells whether it went through."""


class NotByRows(Exception):
    """The failure is not that of some rows."""


async def bad_rows(count: int, attempt: Attempt) -> frozenset[int]:
    """Places (from 0) of the rows that fail by themselves; at least one.

    The caller has seen that the revision goes through without any row. Raises NotByRows when it takes too many
    attempts, or when every part goes through by itself.
    """
    everything = frozenset(range(count))
    left = MOST_ATTEMPTS

    async def goes_through(kept: range) -> bool:
        nonlocal left
        left -= 1
        if left < 0:
            raise NotByRows
        return await attempt(everything.difference(kept))

    async def within(kept: range) -> set[int]:
        if await goes_through(kept):
            return set()
        if len(kept) == 1:
            return {kept[0]}
        half = len(kept) // 2
        return await within(kept[:half]) | await within(kept[half:])

    found = await within(range(count)) if count else set()
    if not found:
        raise NotByRows
    return frozenset(found)

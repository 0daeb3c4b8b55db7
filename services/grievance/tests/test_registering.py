"""M47, M56: who may register a complaint on which of the five channels."""

from typing import Any

import pytest

from kit.auth import Actor, Role
from kit.testing import RoomHarness, citizen, official
from services.grievance.tests.conftest import DESK, NEIGHBOUR
from services.grievance.tests.test_cases import DISMISSED, HANDLER, SERVICE, complain, get, post


@pytest.mark.parametrize(
    ("who", "change", "status"),
    [
        (NEIGHBOUR, {"channel": 3}, 422),
        (DESK, {"channel": 1}, 422),
        (DESK, {"channel": 5}, 201),
        (NEIGHBOUR, {"channel": 2}, 201),
        (NEIGHBOUR, {"complainant": "subject-other"}, 422),
        (NEIGHBOUR, {"about": "line"}, 422),
        (NEIGHBOUR, {"region": "539999"}, 422),
        (NEIGHBOUR, {"region": None}, 422),
        (official(Role.COMPLAINTS_DESK, "539902"), {"channel": 4}, 404),
        (HANDLER, {"channel": 4}, 403),
    ],
)
async def test_who_may_register_on_which_channel(
    room: RoomHarness, who: Actor, change: dict[str, Any], status: int
) -> None:
    await post(room, "complaints", {**SERVICE, **change}, who, status)


async def test_what_came_by_letter_from_nobody_is_closed_after_the_reply(room: RoomHarness) -> None:
    case_id = await complain(room, {**SERVICE, "channel": 4}, DESK)
    for name, words in (
        ("accept", None),
        ("conclude", DISMISSED),
        ("reply", {"text": "已公示"}),
        ("close", None),
    ):
        await post(room, f"cases/{case_id}:{name}", words, DESK)


async def test_a_case_of_somebody_else_is_not_there(room: RoomHarness) -> None:
    case_id = await complain(room, {**SERVICE, "channel": 5}, DESK)
    await get(room, f"cases/{case_id}", citizen("subject-neighbour"), 404)

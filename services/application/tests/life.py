"""Enrolments as tests bring them about: active ones, and changes by two people."""

from typing import Any

import httpx

from contracts.application import (
    Enrolment,
    EnrolmentsStated,
    OfflineRecorded,
)
from contracts.batch import LineState, SetOpened, SetSigned, SliceRevision
from kit.auth import Actor, Role
from kit.testing import RoomHarness, Sent, official, only
from services.application.tests.conftest import PROJECT, TOWNSHIP, roster, stated

BASE = "/api/application/v1"
MAKER = official(Role.TOWNSHIP_HANDLER, TOWNSHIP)
CHECKER = official(Role.TOWNSHIP_REVIEWER, TOWNSHIP)
COUNTY = official(Role.COUNTY_REVIEWER, "539901")
STOP = {"act": "stop", "reason": "no_contact", "last_period": "202305"}


def stated_in(sent: list[Sent]) -> list[Enrolment]:
    return [one for message in only(sent, EnrolmentsStated) for one in message.enrolments]


async def active(room: RoomHarness, *subjects: str) -> list[str]:
    """Application ids of people whose enrolments are 在享."""
    [answer] = only(await room.deliver(roster(*subjects)), OfflineRecorded)
    ids = [str(one.application_id) for one in answer.results]
    await room.deliver(stated("sl", 1, dict.fromkeys(ids, LineState.NORMAL)))
    pair = [SliceRevision(slice_id="sl", revision=1)]
    opened = SetOpened(
        set_id="set", batch_id="b1", project=PROJECT, period="202305", county="539901", slices=pair, lines=1
    )
    await room.deliver(opened)
    await room.deliver(
        SetSigned(set_id="set", node="department_review", root="r", signed_lines=1, approved_fen=1)
    )
    return ids


async def enrolment_of(room: RoomHarness, application_id: str) -> dict[str, Any]:
    async with room.room.tx() as tx:
        row = await tx.fetchrow("SELECT * FROM enrolment WHERE application_id = $1", application_id)
    assert row is not None
    return dict(row)


async def post(
    room: RoomHarness, actor: Actor, path: str, body: dict[str, Any] | None = None
) -> httpx.Response:
    async with room.client(actor) as client:
        return await client.post(BASE + path, json=body or {})


async def change(
    room: RoomHarness, application_id: str, body: dict[str, Any], checker: Actor = CHECKER
) -> httpx.Response:
    """Propose as the township's handler, approve as `checker`."""
    enrolment_id = (await enrolment_of(room, application_id))["enrolment_id"]
    made = await post(room, MAKER, f"/enrolments/{enrolment_id}/changes", body)
    assert made.status_code == 201, made.text
    return await post(room, checker, f"/enrolment-changes/{made.json()['change_id']}:approve")

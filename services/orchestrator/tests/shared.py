"""A project deployed, desks worked, and the way to 乡镇确认: shared by this room's tests."""

from pathlib import Path

from asyncpg import Record

from contracts.application import ApplicationSubmitted
from contracts.base import Message
from contracts.batch import LinesSetAside, SetAsideOpenLines, SliceOpened
from contracts.card_matching import MatchSlice, SliceMatched
from contracts.orchestrator import CompleteWorkItem
from contracts.verification import SliceVerified, VerifySlice
from engine.folder import read_folder
from kit.auth import Role
from kit.testing import RoomHarness, Sent, official, only

PROJECT = Path("bpmn/projects/elderly-service-subsidy")
TOWNSHIP = "539901101"


def folder() -> dict[str, str]:
    return read_folder(PROJECT)


async def deploy(room: RoomHarness, files: dict[str, str]) -> str:
    async with room.client(official(Role.OPERATOR, "5399")) as client:
        answer = await client.post("/api/orchestrator/v1/projects", json={"files": files})
    assert answer.status_code == 201, answer.text
    version: str = answer.json()["version"]
    return version


def sent_command(sent: list[Sent], cls: type[Message]) -> Sent:
    found = [one for one in sent if isinstance(one.message, cls)]
    assert len(found) == 1, [type(one.message).__name__ for one in sent]
    return found[0]


async def desk(room: RoomHarness, role: Role, region: str, sub: str | None = None) -> list[Record]:
    async with room.client(official(role, region, sub=sub)) as client:
        answer = await client.get("/api/orchestrator/v1/work-items")
    found: list[Record] = answer.json()["work_items"]
    return found


async def complete(
    room: RoomHarness,
    role: Role,
    region: str,
    decision: str,
    *,
    status: int = 202,
    sub: str | None = None,
    **form: object,
) -> list[Sent]:
    """Complete the only work item of a desk, and let the orchestrator take its own message."""
    items = await desk(room, role, region, sub)
    assert len(items) == 1, items
    async with room.client(official(role, region, sub=sub)) as client:
        answer = await client.post(
            f"/api/orchestrator/v1/work-items/{items[0]['id']}:complete",
            json={"decision": decision, "form": form},
        )
    assert answer.status_code == status, answer.text
    if status != 202:
        return []
    commands = only(await room.emitted(), CompleteWorkItem)
    return await room.deliver(*commands)


def submitted(application_id: str) -> ApplicationSubmitted:
    return ApplicationSubmitted(
        application_id=application_id,
        subject_id="s1",
        project="11810",
        township=TOWNSHIP,
        category="destitute",
        channel="citizen",
        submitted_on="2023-05-10",
    )


def opened(slice_id: str = "slice-1") -> SliceOpened:
    return SliceOpened(
        slice_id=slice_id,
        batch_id="b1",
        project="11810",
        period="202305",
        county="539901",
        township=TOWNSHIP,
        category="destitute",
        number=1,
        kind="first",
        publicity_done=False,
        revision=1,
        lines=3,
    )


async def to_confirmation(room: RoomHarness) -> None:
    """From an opened slice through card match and alerts to 乡镇确认."""
    match = sent_command(await room.deliver(opened()), MatchSlice)
    answer = SliceMatched(slice_id="slice-1", revision=2, matched=3, abnormal_cards=0)
    verify = sent_command(await room.deliver(answer, cause=match.id), VerifySlice)
    assert isinstance(verify.message, VerifySlice)
    assert verify.message.revision == 2
    verified = SliceVerified(slice_id="slice-1", revision=3, passed=3, warned=0, intercepted=0)
    aside = sent_command(await room.deliver(verified, cause=verify.id), SetAsideOpenLines)
    await room.deliver(LinesSetAside(slice_id="slice-1", set_aside=0, normal=3), cause=aside.id)

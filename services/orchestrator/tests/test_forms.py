"""What desks fill in: required fields, chosen lines, and never an earlier desk's root."""

from contracts.batch import (
    HandToCounty,
    LinesReturned,
    LinesSetAside,
    ReturnLines,
    SignatureRefused,
    SignSlice,
)
from contracts.orchestrator import CompleteWorkItem, WorkItemClosed
from contracts.publicity import NoticeConfirmed, PublishSlice
from kit.auth import Role
from kit.testing import RoomHarness, official, only
from services.orchestrator.tests.shared import (
    TOWNSHIP,
    complete,
    deploy,
    desk,
    folder,
    sent_command,
    to_confirmation,
)


async def to_review(room: RoomHarness) -> None:
    """From an opened slice to 乡镇审核."""
    await deploy(room, folder())
    await room.emitted()
    await to_confirmation(room)
    publish = sent_command(await complete(room, Role.TOWNSHIP_HANDLER, TOWNSHIP, "approve"), PublishSlice)
    assert isinstance(publish.message, PublishSlice)
    assert publish.message.scope == "all"
    confirmed = NoticeConfirmed(slice_id="slice-1", notice_id="n", round=1, published_lines=3)
    aside = (await room.deliver(confirmed, cause=publish.id))[0]
    await room.deliver(LinesSetAside(slice_id="slice-1", set_aside=0, normal=3), cause=aside.id)


async def test_a_decision_needs_its_fields(room: RoomHarness) -> None:
    await to_review(room)
    items = await desk(room, Role.TOWNSHIP_REVIEWER, TOWNSHIP)
    async with room.client(official(Role.TOWNSHIP_REVIEWER, TOWNSHIP)) as client:
        for body in (
            {"decision": "approve"},
            {"decision": "approve", "form": {"root": ""}},
            {"decision": "return_lines", "form": {"line_ids": [], "return_reason": "待核"}},
            {"decision": "return_lines", "form": {"line_ids": ["l1"], "return_reason": ["13800138000"]}},
        ):
            answer = await client.post(
                f"/api/orchestrator/v1/work-items/{items[0]['id']}:complete", json=body
            )
            assert answer.status_code == 422, body
    assert await room.emitted() == []


async def test_chosen_lines_go_back_and_the_rest_goes_on(room: RoomHarness) -> None:
    await to_review(room)
    back = sent_command(
        await complete(
            room,
            Role.TOWNSHIP_REVIEWER,
            TOWNSHIP,
            "return_lines",
            line_ids=["l1"],
            return_reason="账号待核",
        ),
        ReturnLines,
    )
    assert isinstance(back.message, ReturnLines)
    assert (back.message.line_ids, back.message.return_reason) == (["l1"], "账号待核")
    assert back.message.actor == f"township_reviewer@{TOWNSHIP}"
    await room.deliver(LinesReturned(slice_id="slice-1", returned=1, normal=2), cause=back.id)
    sent = await complete(room, Role.TOWNSHIP_REVIEWER, TOWNSHIP, "approve", root="r2")
    assert isinstance(sent_command(sent, SignSlice).message, SignSlice)
    closed = [one for one in only(sent, WorkItemClosed) if one.actor]
    assert [(one.node, one.actor) for one in closed] == [("township_review", f"township_reviewer@{TOWNSHIP}")]


async def test_nobody_signs_with_an_earlier_root(room: RoomHarness) -> None:
    await to_review(room)
    sign = sent_command(
        await complete(room, Role.TOWNSHIP_REVIEWER, TOWNSHIP, "approve", root="old"), SignSlice
    )
    refused = SignatureRefused(subject_key="slice-1", node="township_review", refusal="root")
    await room.deliver(refused, cause=sign.id)
    item = (await desk(room, Role.TOWNSHIP_REVIEWER, TOWNSHIP))[0]
    careless = CompleteWorkItem(
        business_key="slice-1",
        instance_id=item["instance_id"],
        work_item_id=item["id"],
        actor="li",
        decision="approve",
    )
    sent = await room.deliver(careless)
    assert not [one for one in sent if isinstance(one.message, SignSlice | HandToCounty)]
    async with room.client(official(Role.TOWNSHIP_HANDLER, TOWNSHIP)) as client:
        found = (await client.get("/api/orchestrator/v1/instances")).json()["instances"]
    assert [one["status"] for one in found] == ["incident"]

"""M41, M44, M66: the way of an application and of its lines, read by its citizen and by officials; 关注."""

from contracts.application import ApplicationSubmitted, Enrolment, EnrolmentsStated, EnrolmentState
from contracts.batch import LineExcluded, SliceSettled
from contracts.card_matching import SliceMatched
from contracts.payment import LinePayment, PaymentFoundPaid, PaymentReturned, PaymentsStated, RecoveryChanged
from contracts.publicity import NoticePublished
from kit.auth import Role
from kit.testing import RoomHarness, citizen, official, sealed
from services.supervision.tests.conftest import (
    COUNTY,
    DISCIPLINE,
    ELSEWHERE,
    HANDLER,
    LEADER,
    OTHER_COUNTY,
    PROJECT,
    TOWNSHIP,
    closed,
    get,
    post,
    set_opened,
    slice_opened,
    stated,
    work_item,
)

SUBMITTED = ApplicationSubmitted(
    application_id="application-1", subject_id="subject-1", project=PROJECT, township=TOWNSHIP,
    category="elderly", channel="self", submitted_on="2023-05-04",
)  # fmt: skip


def paid(slice_id: str, *lines: str) -> PaymentsStated:
    message = PaymentsStated(
        stream_id=f"payments:order-1:{slice_id}", revision=1, index=0, count=1, digest="-", slice_id=slice_id,
        order_id="order-1", slices=1, payments=[LinePayment(line_id=one, state="paid") for one in lines],
    )  # fmt: skip
    return sealed(message)  # type: ignore[return-value]  # the same class with its digest


async def way(room: RoomHarness) -> None:
    """Two lines go together; the second leaves for a supplement, and the first is paid."""
    await room.deliver(
        SUBMITTED,
        slice_opened("slice-1"),
        stated("slice-1", [1, 2]),
        SliceMatched(slice_id="slice-1", revision=2, matched=1, abnormal_cards=1),
        slice_opened("slice-2", kind="supplement"),
        stated("slice-2", [2], rev=2),
        work_item(1),
        closed(1),
        NoticePublished(
            slice_id="slice-1", notice_id="notice-1", project=PROJECT, township=TOWNSHIP, round=1,
            first_day="2023-05-08", last_day="2023-05-15", lines=1,
        ),
        set_opened("set-1", "slice-1"),
        work_item(8, business_key="set-1", region=COUNTY, node="county_submit", role="county_handler"),
        paid("slice-1", "line-1"),
        SliceSettled(slice_id="slice-1", paid=1, failed=0),
    )  # fmt: skip


async def test_an_officials_timeline_has_each_nodes_time_role_office_and_official(room: RoomHarness) -> None:
    await way(room)
    found = await get(room, "timelines/lines/line-1", HANDLER)
    nodes = [one["node"] for one in found["steps"]]
    for node in (
        "申报",
        "受理确认",
        "人社匹卡",
        "乡镇确认",
        "公示",
        "送审集",
        "项目测算",
        "发放结果",
        "归档",
    ):
        assert node in nodes, node
    times = [one["at"] for one in found["steps"]]
    assert times == sorted(times)
    confirm = next(one for one in found["steps"] if one["node"] == "乡镇确认")
    assert (confirm["role_label"], confirm["actor"]) == ("乡镇经办", "township_handler@539901101")
    assert confirm["office"] and found["region_name"]


async def test_a_line_that_left_shows_nothing_of_what_its_old_slice_did_later(room: RoomHarness) -> None:
    await way(room)
    found = await get(room, "timelines/lines/line-2", HANDLER)
    nodes = [one["node"] for one in found["steps"]]
    assert "人社匹卡" in nodes, "it was matched in its first slice"
    assert not {"公示", "送审集", "发放结果", "归档", "乡镇确认"} & set(nodes)


async def test_the_citizen_reads_their_own_without_officials_names(room: RoomHarness) -> None:
    await way(room)
    mine = await get(room, "timelines/applications/application-1", citizen("subject-1"))
    assert {"申报", "乡镇确认", "发放结果"} <= {one["node"] for one in mine["steps"]}
    assert all(one["actor"] is None and one["detail"] is None and one["ref"] is None for one in mine["steps"])
    assert any(one["role_label"] == "乡镇经办" for one in mine["steps"])
    await get(room, "timelines/applications/application-1", citizen("subject-2"), status=404)
    await get(room, "timelines/lines/line-2", citizen("subject-1"), status=404)
    await get(room, "timelines/slices/slice-1", citizen("subject-1"), status=404)


async def test_others_find_nothing(room: RoomHarness) -> None:
    await way(room)
    for who in (ELSEWHERE, official(Role.COUNTY_REVIEWER, COUNTY, projects=frozenset({"20779"}))):
        for path in ("applications/application-1", "lines/line-1", "slices/slice-1"):
            await get(room, f"timelines/{path}", who, status=404)
    await get(room, "timelines/lines/line-99", status=404)


async def test_what_comes_after_the_payment_stands_there_too(room: RoomHarness) -> None:
    await way(room)
    await room.deliver(
        PaymentReturned(
            slice_id="slice-1", line_id="line-1", order_id="order-1", payment_id="p", attempt=1, code="F02"
        ),
        PaymentFoundPaid(slice_id="slice-1", line_id="line-1", order_id="order-1", payment_id="p", attempt=1),
        RecoveryChanged(
            case_id="r-1", line_id="line-1", project=PROJECT, county=COUNTY, township=TOWNSHIP, state="opened",
            claimed_fen=8000, recovered_fen=3000, written_off_fen=0,
        ),
        LineExcluded(
            slice_id="slice-1", line_id="line-1", application_id="application-1", seq=1, reason="x",
            ends_enrolment=True,
        ),
    )  # fmt: skip
    nodes = [one["node"] for one in (await get(room, "timelines/lines/line-1"))["steps"]]
    assert {"退票", "改判", "追回", "剔除"} <= set(nodes)
    [figures] = await get(room, "figures")
    assert (figures["recoveries_open"], figures["recovery_claimed_fen"], figures["recovery_recovered_fen"]) == (
        1, 8000, 3000,
    )  # fmt: skip


async def test_an_enrolments_changes_are_steps_of_its_application(room: RoomHarness) -> None:
    await way(room)
    for rev, state in enumerate((EnrolmentState.ACTIVE, EnrolmentState.SUSPENDED), start=1):
        one = Enrolment(
            enrolment_id="enrolment-1", application_id="application-1", rev=rev, subject_id="subject-1",
            payee_id="subject-1", township=TOWNSHIP, village="539901101201", category="elderly", state=state,
            valid_from="202305", reason="no_contact",
        )  # fmt: skip
        message = EnrolmentsStated(
            stream_id=f"enrolments:act-{rev}", revision=1, index=0, count=1, digest="-", project=PROJECT,
            county=COUNTY, enrolments=[one],
        )  # fmt: skip
        await room.deliver(sealed(message))
    steps = (await get(room, "timelines/applications/application-1", citizen("subject-1")))["steps"]
    assert [one["what"] for one in steps if one["node"] == "享受状态"] == [
        "在享 (active)",
        "暂停 (suspended)",
    ]
    assert [one["what"] for one in steps if one["node"] == "发放结果"] == ["已发放 (paid)"]


async def test_followed_things_say_where_they_stand_now(room: RoomHarness) -> None:
    await way(room)
    await room.deliver(work_item(9))
    followed = await post(room, "watches", {"kind": "line", "ref": "line-1"}, LEADER)
    assert followed["node"] == "归档"
    item = await post(room, "watches", {"kind": "item", "ref": "item-9"}, LEADER)
    assert item["overdue_days"] > 100 and item["node"] == "乡镇确认"
    again = await post(room, "watches", {"kind": "line", "ref": "line-1"}, LEADER)
    assert again["watch_id"] == followed["watch_id"]
    await room.deliver(closed(9))
    mine = {one["ref"]: one for one in await get(room, "watches", LEADER)}
    assert set(mine) == {"line-1", "item-9"}
    assert (mine["item-9"]["what"], mine["item-9"]["overdue_days"]) == ("已办 (done)", 0)
    assert await get(room, "watches", DISCIPLINE) == []
    async with room.client(LEADER) as client:
        assert (await client.delete(f"/api/supervision/v1/watches/{item['watch_id']}")).status_code == 204
    assert len(await get(room, "watches", LEADER)) == 1


async def test_nobody_follows_what_they_may_not_see(room: RoomHarness) -> None:
    await way(room)
    for body in (
        {"kind": "line", "ref": "line-1"}, {"kind": "slice", "ref": "slice-1"},
        {"kind": "application", "ref": "application-1"}, {"kind": "item", "ref": "item-1"},
    ):  # fmt: skip
        await post(room, "watches", body, ELSEWHERE, 404)
        await post(room, "watches", body, HANDLER, 403)
    await post(room, "watches", {"kind": "case", "ref": "item-1"}, LEADER, 404)
    assert ELSEWHERE.region == OTHER_COUNTY

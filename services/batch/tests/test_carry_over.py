"""结转: a batch takes over who is entitled, says what changed, and follows what happens while it is open."""

import time
from typing import Any

from contracts.application import ApplicationWithdrawn, Enrolment, EnrolmentsStated, EnrolmentState
from contracts.base import rows_digest
from contracts.batch import BatchOpened, LinesStated
from contracts.registry import Basis, HouseholdChanged, PayeeChanged
from kit.auth import Role
from kit.ids import new_id
from kit.testing import official, only
from services.batch.tests.county import (
    CATEGORY,
    COUNTY,
    COUNTY_HANDLER,
    HANDLER,
    OTHER_TOWN,
    PERIOD,
    PROJECT,
    TOWN,
    VILLAGE,
    County,
)

NEXT = "202306"


def enrolment(application_id: str, *, rev: int = 2, subject: str | None = None, **fields: Any) -> Enrolment:
    """Somebody 在享 since the first period."""
    who = subject or f"s-{application_id}"
    known: dict[str, Any] = {
        "payee_id": who,
        "township": TOWN,
        "village": VILLAGE,
        "category": CATEGORY,
        "state": EnrolmentState.ACTIVE,
        "valid_from": PERIOD,
    }
    return Enrolment(
        enrolment_id=f"e-{application_id}",
        application_id=application_id,
        rev=rev,
        subject_id=who,
        **known | fields,
    )


async def state(county: County, *rows: Enrolment, size: int = 1000) -> None:
    """One act of `application`."""
    stream, parts = f"enrolments:{new_id()}", [rows[at : at + size] for at in range(0, len(rows), size)]
    for index, part in enumerate(parts):
        message = EnrolmentsStated(
            stream_id=stream,
            revision=1,
            index=index,
            count=len(parts),
            digest=rows_digest(rows),
            project=PROJECT,
            county=COUNTY,
            enrolments=list(part),
        )
        await county.room.deliver(message, twice=len(rows) < 100)


async def month_one(county: County, count: int) -> dict[str, str]:
    """A first month of `count` persons; subject by application."""
    _, lines = await county.submit(count)
    await county.room.emitted()
    return {one.application_id: one.subject_id for one in lines}


async def open_next(county: County) -> BatchOpened:
    body = {"project": PROJECT, "period": NEXT, "county": COUNTY}
    county.batch_id = (await county.post(COUNTY_HANDLER, "/batches", body))["batch_id"]
    (opened,) = only(await county.room.emitted(), BatchOpened)
    return opened


async def seen(county: County, **query: str) -> dict[str, Any]:
    text = "&".join(f"{name}={value}" for name, value in query.items())
    found: dict[str, Any] = await county.get(HANDLER, f"/batches/{county.batch_id}/carry-over?{text}")
    return found


async def test_a_batch_says_who_came_who_left_and_what_changed(county: County) -> None:
    persons = await month_one(county, 4)
    same, moved, ended, stopping = sorted(persons)
    await state(
        county,
        enrolment(same, subject=persons[same]),
        enrolment(moved, subject=persons[moved], category="poor", payee_id="guardian"),
        enrolment(
            ended, subject=persons[ended], state=EnrolmentState.STOPPED, valid_to=PERIOD, reason="death"
        ),
        enrolment(stopping, subject=persons[stopping], state=EnrolmentState.STOPPED, valid_to=NEXT),
        enrolment("fresh"),
        enrolment("later", valid_from="202307"),
        enrolment("waiting", state=EnrolmentState.PROPOSED),
    )
    opened = await open_next(county)
    assert (opened.period, opened.carried) == (NEXT, 4)
    found = await seen(county, township=TOWN)
    assert found["previous"] == PERIOD and found["open"] == 4
    assert found["counts"] == {"added": 1, "left": 1, "changed": 1, "same": 2}
    rows = {one["application_id"]: one for one in found["rows"]}
    assert {key: one["change_name"] for key, one in rows.items()} == {
        same: "不变",
        moved: "变动",
        ended: "减",
        stopping: "不变",
        "fresh": "增",
    }
    assert [one["code"] for one in rows["fresh"]["reasons"]] == ["new"]
    assert [one["code"] for one in rows[ended]["reasons"]] == ["death"] and rows[ended]["state"] == "left"
    assert rows[moved]["reasons"] == [
        {"code": "category", "before": CATEGORY, "after": "poor"},
        {"code": "payee", "before": persons[moved], "after": "guardian"},
    ]
    assert [one["application_id"] for one in (await seen(county, change="left"))["rows"]] == [ended]


async def test_what_is_carried_is_confirmed_with_the_new_ones(county: County) -> None:
    persons = await month_one(county, 2)
    await state(county, *(enrolment(key, subject=who) for key, who in persons.items()))
    await open_next(county)
    (new,) = await county.list_applications(1)
    sent_before = await seen(county)
    made = await county.post(HANDLER, f"/batches/{county.batch_id}/slices", {"township": TOWN})
    assert [(one["kind"], one["counters"]["lines"]) for one in made] == [("first", 3)]
    lines = [row for one in only(await county.room.emitted(), LinesStated) for row in one.rows]
    assert {one.application_id for one in lines} == {*persons, new}
    assert {one.entitlement_period for one in lines} == {NEXT}
    after = await seen(county)
    assert sent_before["open"] == 2 and after["open"] == 0
    assert {one["state"] for one in after["rows"]} == {"submitted"}
    body = {"township": TOWN, "application_ids": [*persons]}
    again = await county.call(HANDLER, "POST", f"/batches/{county.batch_id}/slices", json=body)
    assert again.status_code == 409
    listed = await county.get(HANDLER, f"/batches/{county.batch_id}/candidates")
    assert new in {one["application_id"] for one in listed["candidates"]}


async def test_an_open_batch_follows_the_enrolments(county: County) -> None:
    persons = await month_one(county, 2)
    kept, stopped = sorted(persons)
    await state(county, *(enrolment(key, subject=who) for key, who in persons.items()))
    await open_next(county)
    suspended = {"state": EnrolmentState.SUSPENDED, "reason": "no_contact"}
    await state(county, enrolment(stopped, rev=3, subject=persons[stopped], **suspended), enrolment("late"))
    found = await seen(county)
    assert found["counts"] == {"added": 1, "left": 1, "changed": 0, "same": 1}
    body = {"township": TOWN, "application_ids": [stopped]}
    refused = await county.call(HANDLER, "POST", f"/batches/{county.batch_id}/slices", json=body)
    assert refused.status_code == 409
    await county.post(
        HANDLER, f"/batches/{county.batch_id}/slices", {"township": TOWN, "application_ids": [kept]}
    )
    # 恢复: a late line joins by another submission; what was confirmed is not offered again.
    await state(county, enrolment(stopped, rev=4, subject=persons[stopped]))
    await state(county, enrolment(kept, rev=3, subject=persons[kept], category="poor"))
    await state(county, enrolment("late", rev=3, state=EnrolmentState.ENDED, reason="moved_out"))
    rows = {one["application_id"]: (one["change"], one["state"]) for one in (await seen(county))["rows"]}
    assert rows == {stopped: ("same", "open"), kept: ("same", "submitted"), "late": ("left", "left")}
    made = await county.post(HANDLER, f"/batches/{county.batch_id}/slices", {"township": TOWN})
    assert [(one["number"], one["counters"]["lines"]) for one in made] == [(2, 1)]


async def test_an_older_statement_changes_nothing(county: County) -> None:
    await state(county, enrolment("a", rev=3, state=EnrolmentState.ENDED))
    await state(county, enrolment("a", rev=2))
    assert (await open_next(county)).carried == 0


async def test_who_returns_after_a_gap_is_resumed(county: County) -> None:
    persons = await month_one(county, 1)
    ((key, who),) = persons.items()
    await state(county, enrolment(key, subject=who, state=EnrolmentState.SUSPENDED))
    assert (await open_next(county)).carried == 0
    body = {"project": PROJECT, "period": "202307", "county": COUNTY}
    await state(county, enrolment(key, rev=3, subject=who, valid_from="202307"))
    county.batch_id = (await county.post(COUNTY_HANDLER, "/batches", body))["batch_id"]
    (row,) = (await seen(county))["rows"]
    assert (row["change_name"], row["reasons"][0]["code"]) == ("增", "resumed")


async def test_a_line_names_who_is_paid_today(county: County) -> None:
    await county.room.deliver(
        HouseholdChanged(
            household_id="h",
            subject_id="s-home",
            head_id="head",
            member_ids=["head"],
            change="formed",
            effective_on="2020-01-01",
            rev=1,
        ),
        PayeeChanged(
            subject_id="s-child", payee_id="mother", basis=Basis.GUARDIAN, valid_from="2020-01-01", rev=1
        ),
        PayeeChanged(
            subject_id="s-child",
            project=PROJECT,
            payee_id="aunt",
            basis=Basis.AUTHORISED,
            valid_from="2020-01-01",
            rev=1,
        ),
        PayeeChanged(
            subject_id="s-old",
            payee_id="son",
            basis=Basis.AUTHORISED,
            valid_from="2020-01-01",
            valid_to="2020-02-01",
            rev=1,
        ),
    )
    await state(county, enrolment("home"), enrolment("child"), enrolment("old", quantity="2.5"))
    await open_next(county)
    await county.post(HANDLER, f"/batches/{county.batch_id}/slices", {"township": TOWN})
    lines = [row for one in only(await county.room.emitted(), LinesStated) for row in one.rows]
    assert {one.application_id: (one.payee_id, one.quantity) for one in lines} == {
        "home": ("head", "1"),
        "child": ("aunt", "1"),
        "old": ("s-old", "2.5"),
    }


async def test_a_withdrawn_application_leaves_the_list(county: County) -> None:
    gone, kept = await county.list_applications(2)
    await county.room.deliver(ApplicationWithdrawn(application_id=gone, project=PROJECT, township=TOWN))
    made = await county.post(HANDLER, f"/batches/{county.batch_id}/slices", {"township": TOWN})
    assert [one["counters"]["lines"] for one in made] == [1]
    late = ApplicationWithdrawn(application_id=kept, project=PROJECT, township=TOWN)
    await county.room.deliver(late)  # the submission was first
    found = await county.get(HANDLER, f"/batches/{county.batch_id}/candidates")
    assert found["counts"] == {"submitted": 1, "withdrawn": 1}


async def test_carry_over_is_each_townships_own(county: County) -> None:
    await open_next(county)
    path = f"/batches/{county.batch_id}/carry-over"
    assert (await county.call(HANDLER, "GET", f"{path}?township={OTHER_TOWN}")).status_code == 404
    stranger = official(Role.TOWNSHIP_HANDLER, "539902101")
    assert (await county.call(stranger, "GET", path)).status_code == 404
    whole = {"township": None}
    answer = await county.call(COUNTY_HANDLER, "POST", f"/batches/{county.batch_id}/slices", json=whole)
    assert answer.status_code == 403  # on route T the township confirms


async def test_a_large_county_is_carried_in_bounded_time(county: County) -> None:
    started = time.monotonic()
    await state(county, *(enrolment(f"n{number:05}") for number in range(10_000)))
    assert (await open_next(county)).carried == 10_000
    await county.post(HANDLER, f"/batches/{county.batch_id}/slices", {"township": TOWN})
    assert time.monotonic() - started < 60.0

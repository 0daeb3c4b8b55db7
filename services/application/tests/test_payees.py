"""Who is paid for a person: 代领 within its days, and the newest head of a household."""

from typing import Any

import pytest

from contracts.registry import Basis, HouseholdChanged, PayeeChanged
from kit.testing import RoomHarness
from services.application.handlers import mandates_begin_and_end
from services.application.tests.conftest import PROJECT
from services.application.tests.life import (
    MAKER,
    active,
    enrolment_of,
    post,
    stated_in,
)


def mandate(rev: int, payee: str, valid_from: str, valid_to: str | None = None, **more: Any) -> PayeeChanged:
    return PayeeChanged(
        subject_id="s1",
        payee_id=payee,
        basis=Basis.GUARDIAN,
        valid_from=valid_from,
        valid_to=valid_to,
        rev=rev,
        **more,
    )


async def test_a_mandate_holds_from_its_first_to_its_last_day(
    room: RoomHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    [one] = await active(room, "s1")
    own = (await enrolment_of(room, one))["payee_id"]
    async with room.room.tx() as tx:
        today = tx.today.isoformat()
    assert stated_in(await room.deliver(mandate(1, "later", "2999-01-01"))) == []
    [now] = stated_in(await room.deliver(mandate(2, "guardian", "2020-01-01", today)))
    assert (now.payee_id, now.state) == ("guardian", "active")
    [now] = stated_in(await room.deliver(mandate(1, "agent", "2020-01-01", project=PROJECT)))
    assert now.payee_id == "agent", "a project's own mandate goes before one for all"
    async with room.room.tx() as tx:
        await tx.execute("UPDATE mandate SET valid_to = '2020-02-01' WHERE payee_id IN ('agent', 'guardian')")
    [now] = stated_in(await room.work(mandates_begin_and_end))
    assert now.payee_id == own
    assert stated_in(await room.work(mandates_begin_and_end)) == []


async def test_only_an_authorised_payee_may_be_named(room: RoomHarness) -> None:
    [one] = await active(room, "s1")
    enrolment_id = (await enrolment_of(room, one))["enrolment_id"]
    asked = {"act": "change", "reason": "payee", "payee_id": "stranger"}
    answer = await post(room, MAKER, f"/enrolments/{enrolment_id}/changes", asked)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "payee-not-authorised")


async def test_a_household_is_paid_to_its_newest_head(room: RoomHarness) -> None:
    [one] = await active(room, "house")

    def headed(head: str, rev: int) -> HouseholdChanged:
        return HouseholdChanged(
            household_id="h", subject_id="house", head_id=head, member_ids=["a", "b"], change="head_changed",
            effective_on="2023-05-01", rev=rev,
        )  # fmt: skip

    [now] = stated_in(await room.deliver(headed("b", 2)))
    assert now.payee_id == "b"
    assert stated_in(await room.deliver(headed("a", 1))) == [], "an older statement that came late"
    assert (await enrolment_of(room, one))["payee_id"] == "b"

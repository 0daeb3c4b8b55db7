"""What the bank leaves in doubt is decided by two people with evidence; nobody is paid twice by it, no fen is lost."""

from typing import Any

import asyncpg
import httpx
import pytest

from contracts.payment import OrderSettled, PaymentFoundPaid, PaymentReturned, RecoveryChanged
from kit.auth import Actor, Role
from kit.testing import official, only
from services.payment.handlers.building import build_files
from services.payment.tests.bank import keys, result, upload
from services.payment.tests.world import API, COUNTY, HANDLER, PAYER, REVIEWER, World, line

OTHER_REVIEWER = official(Role.FINANCE_REVIEWER, COUNTY, sub="second-reviewer")
FOREIGN = official(Role.FINANCE_REVIEWER, "539902")


async def post(world: World, path: str, actor: Actor, body: dict[str, Any] | None = None) -> httpx.Response:
    async with world.harness.client(actor) as client:
        return await client.post(API + path, json=body)


async def decide(world: World, path: str, choice: str) -> httpx.Response:
    """Proposed by the payer, approved by the reviewer."""
    proposed = await post(world, path, PAYER, {"choice": choice, "evidence": "银行函 2023-17"})
    assert proposed.status_code == 201, proposed.text
    return await post(world, f"/decisions/{proposed.json()['decision_id']}:approve", REVIEWER)


async def contradicted(world: World, first: str, then: str) -> tuple[str, str, int]:
    """An order of one line that the bank first told `first` of, and later `then`."""
    order_id = await world.ordered([line("sl1", 0)])
    await world.send()
    (key,) = await keys(world)
    for status in (first, then):
        code = "F03" if status == "failed" else ""
        assert (await upload(world, order_id, result(order_id, (key, status, code)))).status_code == 200
    await world.harness.emitted()
    return order_id, key, await world.value("SELECT number FROM conflict")


async def reissued(world: World, number: int = 2) -> list[str]:
    """The same entitlement in another order; why it was withheld."""
    subject = line("sl1", 0).subject_id
    again = [line(f"re{number}", 0, subject_id=subject, reissue_of="sl1-000000")]
    await world.ordered(again, f"re{number}", f"set{number}")
    rows = await world.rows("SELECT reason FROM withheld WHERE slice_id = $1", f"re{number}")
    return [row["reason"] for row in rows]


async def test_rejected_then_paid_is_held_back_until_two_people_decide_that_it_was_paid(world: World) -> None:
    order_id, _, number = await contradicted(world, "failed", "success")
    assert await world.balances() == {"appropriation": -5000, "suspense": 5000}
    assert await reissued(world) == ["in_conflict"]
    await world.harness.emitted()
    answer = await decide(world, f"/conflicts/{number}:propose", "paid")
    assert (answer.status_code, answer.json()["state"]) == (200, "approved")
    (told,) = only(await world.harness.emitted(), PaymentFoundPaid)
    assert (told.slice_id, told.line_id, told.order_id, told.attempt) == ("sl1", "sl1-000000", order_id, 1)
    assert await world.states() == {"PAID": 1}
    assert await world.balances() == {"appropriation": -10000, "budget": 5000, "paid": 5000}
    assert await reissued(world, 3) == ["still_live"]
    row = (await world.rows("SELECT settled_as, decision_id FROM conflict"))[0]
    assert row["settled_as"] == "paid" and row["decision_id"]


async def test_decided_as_not_paid_the_next_attempt_may_go_out(world: World) -> None:
    _, _, number = await contradicted(world, "failed", "success")
    assert (await decide(world, f"/conflicts/{number}:propose", "not_paid")).status_code == 200
    assert await world.balances() == {"appropriation": -5000, "budget": 5000}
    assert await reissued(world) == []
    rows = await world.rows("SELECT attempt, state FROM payment ORDER BY attempt")
    assert [tuple(row) for row in rows] == [(1, "REJECTED"), (2, "COMMITTED")]


async def test_paid_then_rejected_stays_paid_until_decided_and_then_returns_to_the_quota(
    world: World,
) -> None:
    order_id, _, number = await contradicted(world, "success", "failed")
    assert (await world.states(), await reissued(world)) == ({"PAID": 1}, ["in_conflict"])
    answer = await decide(world, f"/conflicts/{number}:propose", "not_paid")
    assert answer.status_code == 200
    (returned,) = only(await world.harness.emitted(), PaymentReturned)
    assert (returned.order_id, returned.attempt, returned.code) == (order_id, 1, "F99")
    assert await world.balances() == {"appropriation": -10000, "budget": 10000}
    assert await reissued(world, 3) == []


async def test_a_bank_that_paid_two_attempts_makes_a_recovery(world: World) -> None:
    order_id = await world.ordered([line("sl1", 0)])
    await world.send()
    (key,) = await keys(world)
    await upload(world, order_id, result(order_id, (key, "failed", "F03")))
    assert await reissued(world) == []
    await world.finish()
    await world.grant(5000)
    answer = await upload(world, order_id, result(order_id, (key, "success", "")))
    assert answer.json()["conflicts"] == 1
    number = await world.value("SELECT number FROM conflict")
    await world.harness.emitted()
    assert (await decide(world, f"/conflicts/{number}:propose", "paid")).status_code == 200
    assert await world.states() == {"REJECTED": 1, "PAID": 1}
    sent = await world.harness.emitted()
    (opened,) = only(sent, RecoveryChanged)
    assert only(sent, PaymentFoundPaid) == []  # the line was paid by its reissue: nothing is to be withdrawn
    assert (opened.state, opened.claimed_fen) == ("opened", 5000)
    balances = await world.balances()
    assert (balances["receivable"], balances["paid"], balances.get("suspense")) == (5000, 5000, None)


async def test_while_the_next_attempt_is_on_its_way_nobody_decides_that_the_former_was_paid(
    world: World,
) -> None:
    order_id = await world.ordered([line("sl1", 0)])
    await world.send()
    (key,) = await keys(world)
    await upload(world, order_id, result(order_id, (key, "failed", "F03")))
    assert await reissued(world) == []
    await world.send()
    await world.grant(5000)
    await upload(world, order_id, result(order_id, (key, "success", "")))
    number = await world.value("SELECT number FROM conflict")
    assert await world.states() == {"REJECTED": 1, "ACCEPTED": 1}
    answer = await decide(world, f"/conflicts/{number}:propose", "paid")
    assert answer.status_code == 409 and answer.json()["type"].endswith("next-in-flight")
    assert await world.value("SELECT count(*) FROM recovery") == 0
    await world.harness.emitted()
    order = await world.value("SELECT order_id FROM payment_order WHERE set_id = 'set2'")
    (second,) = await keys(world, "set2")
    await upload(world, order, result(order, (second, "failed", "F03")))
    decision = await world.value("SELECT decision_id FROM decision WHERE state = 'proposed'")
    assert (await post(world, f"/decisions/{decision}:approve", REVIEWER)).status_code == 200
    assert [one.attempt for one in only(await world.harness.emitted(), PaymentFoundPaid)] == [1]
    assert await world.states() == {"REJECTED": 1, "PAID": 1}
    assert (await world.balances())["paid"] == 5000


async def test_an_order_that_is_still_open_tells_it_by_itself(world: World) -> None:
    order_id = await world.ordered([line("sl1", n) for n in range(2)])
    await world.send()
    first, _ = await keys(world)
    for status, code in (("failed", "F03"), ("success", "")):
        await upload(world, order_id, result(order_id, (first, status, code)))
    number = await world.value("SELECT number FROM conflict")
    assert (await decide(world, f"/conflicts/{number}:propose", "paid")).status_code == 200
    assert only(await world.harness.emitted(), PaymentFoundPaid) == []
    (settled,) = only(await world.finish(), OrderSettled)
    assert (settled.paid, settled.failed) == (2, 0)


@pytest.mark.parametrize("built", [False, True])
async def test_what_is_not_sent_yet_stays_when_the_bank_claims_the_former_attempt(
    world: World, built: bool
) -> None:
    order_id = await world.ordered([line("sl1", 0)])
    await world.send()
    (key,) = await keys(world)
    await upload(world, order_id, result(order_id, (key, "failed", "F03")))
    assert await reissued(world) == []
    if built:
        await build_files(world.harness.room)
    await world.grant(5000)
    await upload(world, order_id, result(order_id, (key, "success", "")))
    await world.send()
    await world.finish()
    await world.finish()
    rows = await world.rows("SELECT attempt, state, code FROM payment ORDER BY attempt")
    assert [tuple(row) for row in rows] == [(1, "REJECTED", "F03"), (2, "REJECTED", "F08")]
    assert (await world.harness.room.http.get("/v1/book/summary")).json()["files"] == 1
    number = await world.value("SELECT number FROM conflict")
    assert (await decide(world, f"/conflicts/{number}:propose", "paid")).status_code == 200
    assert (await world.balances())["paid"] == 5000
    assert await reissued(world, 3) == ["still_live"]


async def test_unknown_is_settled_by_two_people_once_and_never_sent_again(world: World) -> None:
    order_id = await world.ordered([line("sl1", 0)])
    await world.send()
    (key,) = await keys(world)
    await upload(world, order_id, result(order_id, (key, "unknown", "F99")))
    assert await reissued(world) == ["still_live"]
    answer = await decide(world, f"/payments/{key}:propose", "not_paid")
    assert answer.status_code == 200
    assert only(await world.harness.emitted(), OrderSettled)[-1].failed == 1
    assert await world.states() == {"REJECTED": 1}
    assert await world.value("SELECT count(*) FROM unknown_payment") == 0
    refused = await post(world, f"/payments/{key}:propose", PAYER, {"choice": "paid", "evidence": "x"})
    assert refused.status_code == 409


async def test_a_decision_needs_another_person_of_the_right_office(world: World) -> None:
    _, _, number = await contradicted(world, "failed", "success")
    body = {"choice": "paid", "evidence": "银行函"}
    path = f"/conflicts/{number}:propose"
    assert (await post(world, path, HANDLER, body)).status_code == 403
    assert (await post(world, path, FOREIGN, body)).status_code == 404
    proposed = (await post(world, path, REVIEWER, body)).json()
    assert (await post(world, path, PAYER, body)).json()["type"].endswith("already-proposed")
    approve = f"/decisions/{proposed['decision_id']}:approve"
    for actor, status in ((REVIEWER, 403), (PAYER, 403), (FOREIGN, 404)):
        assert (await post(world, approve, actor)).status_code == status
    county = official(Role.COUNTY_REVIEWER, COUNTY)
    assert (await post(world, approve, county)).status_code == 403
    refused = await post(world, f"/decisions/{proposed['decision_id']}:refuse", OTHER_REVIEWER)
    assert refused.json()["state"] == "refused" and await world.states() == {"REJECTED": 1}
    assert (await post(world, approve, OTHER_REVIEWER)).status_code == 409
    with pytest.raises(asyncpg.CheckViolationError, match="two_people"):
        async with world.harness.room.tx() as tx:
            await tx.execute(
                "INSERT INTO decision VALUES ('d', 'conflict', 'x', 'p', 'c', 'paid', 'e', '{}', 'approved', "
                "'me', now(), 'me', now())"
            )


async def refused_file(world: World, refusal: str = "invalid_request") -> str:
    """A file that the bank refuses whole, as it would for its encoding."""
    await world.ordered([line("sl1", n) for n in range(2)])
    await build_files(world.harness.room)
    async with world.harness.room.tx() as tx:
        await tx.execute("UPDATE bank_file SET encoding = 'utf-16'")
    await world.send()
    async with world.harness.room.tx() as tx:
        await tx.execute("UPDATE bank_file SET refusal = $1", refusal)
    return str(await world.value("SELECT file_id FROM bank_file WHERE state = 'refused'"))


async def test_a_refused_file_is_built_again_under_the_same_ids(world: World) -> None:
    file_id = await refused_file(world)
    before = await keys(world)
    assert (await decide(world, f"/files/{file_id}:propose", "rebuild")).status_code == 200
    assert await world.states() == {"COMMITTED": 2}
    assert (await world.balances())["committed"] == 10000
    await world.finish()
    assert (await world.states(), await keys(world)) == ({"PAID": 2}, before)
    assert await world.value("SELECT file_id FROM bank_file") == file_id
    summary = (await world.harness.room.http.get("/v1/book/summary")).json()
    assert (summary["files"], summary["credits"]) == (1, 2)
    assert await world.balances() == {"appropriation": -10000, "paid": 10000}


async def test_a_refused_file_is_given_up_and_its_lines_have_failed(world: World) -> None:
    file_id = await refused_file(world)
    assert (await decide(world, f"/files/{file_id}:propose", "abandon")).status_code == 200
    (settled,) = only(await world.harness.emitted(), OrderSettled)
    assert (settled.paid, settled.failed, await world.states()) == (0, 2, {"REJECTED": 2})
    assert await world.balances() == {"appropriation": -10000, "budget": 10000}


async def test_what_the_bank_has_booked_is_only_asked_about(world: World) -> None:
    file_id = await refused_file(world, "receipt_differs")
    body = {"choice": "rebuild", "evidence": "x"}
    answer = await post(world, f"/files/{file_id}:propose", PAYER, body)
    assert answer.json()["type"].endswith("bank-has-it")
    assert (await decide(world, f"/files/{file_id}:propose", "query")).status_code == 200
    assert await world.states() == {"UNKNOWN": 2}
    assert (await world.balances())["in_transit"] == 10000

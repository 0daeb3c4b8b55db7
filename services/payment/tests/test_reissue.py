"""重发: drawn from the quota that the return restored, as the next attempt of the same payment, to a new card."""

import pytest

from contracts.payment import OrderSettled, PaymentReturned, QuotaLinked
from kit.ids import end_to_end_id, payment_id
from kit.testing import only
from services.payment.tests.bank import keys, result, upload
from services.payment.tests.world import (
    PERIOD,
    PROJECT,
    World,
    frozen,
    issue,
    line,
    link,
    stated,
)

LINES = [line("sl1", n) for n in range(3)]


async def returned(world: World) -> str:
    """Three are paid; the money of the first comes back after the order was settled."""
    order_id = await world.ordered(LINES)
    await world.finish()
    key = (await keys(world))[0]
    await upload(world, order_id, result(order_id, (key, "returned", "F03")))
    (event,) = only(await world.harness.emitted(), PaymentReturned)
    assert event.line_id == LINES[0].line_id
    return order_id


async def test_a_reissue_is_paid_from_what_the_return_restored(world: World) -> None:
    await returned(world)
    assert (await world.balances())["budget"] == 5000
    # No grant: what came back is enough. A reissue carries no township signature; its root is the set's own.
    again = [line("re1", 0, subject_id=LINES[0].subject_id, payee_id="new-payee", reissue_of="sl1-000000")]
    await world.bank_knows(again)
    sent = await world.harness.deliver(*stated("re1", again), link(5000, "set2"))
    assert only(sent, QuotaLinked)[0].reserved_fen == 5000
    await world.harness.deliver(issue(frozen("re1", again), set_id="set2"), id="issue-set2")
    sent = await world.finish()
    (settled,) = only(sent, OrderSettled)
    assert (settled.set_id, settled.paid, settled.paid_fen) == ("set2", 1, 5000)
    rows = await world.rows(
        "SELECT payment_id, attempt, line_id, payee_id, state FROM payment WHERE subject_id = $1 ORDER BY attempt",
        LINES[0].subject_id,
    )
    identity = payment_id(LINES[0].subject_id, PROJECT, PERIOD, "normal", 1)
    assert [tuple(row) for row in rows] == [
        (identity, 1, LINES[0].line_id, LINES[0].payee_id, "RETURNED"),
        (identity, 2, again[0].line_id, "new-payee", "PAID"),
    ]
    assert await keys(world, "set2") == [end_to_end_id(identity, 2)]
    assert await world.balances() == {"appropriation": -15000, "paid": 15000}


async def test_a_reissue_may_come_back_and_be_reissued_again(world: World) -> None:
    await returned(world)
    for attempt in (2, 3):
        slice_id, set_id = f"re{attempt}", f"set{attempt}"
        again = [line(slice_id, 0, subject_id=LINES[0].subject_id, reissue_of="sl1-000000")]
        order_id = await world.ordered(again, slice_id, set_id)
        await world.finish()
        (key,) = await keys(world, set_id)
        assert key.endswith(f"-{attempt}")
        if attempt == 2:
            await upload(world, order_id, result(order_id, (key, "returned", "F04")))
    states = [row["state"] for row in await world.rows("SELECT state FROM payment ORDER BY attempt, line_id")]
    assert sorted(states) == ["PAID"] * 3 + ["RETURNED"] * 2
    assert (await world.balances())["paid"] == 15000


@pytest.mark.parametrize(
    ("number", "fen", "reason"),
    [(0, 4000, "other_amount"), (0, 6000, "other_amount"), (1, 5000, "still_live")],
)
async def test_another_amount_or_a_live_payment_is_never_sent_again(
    world: World, number: int, fen: int, reason: str
) -> None:
    await returned(world)
    again = [line("re1", 0, subject_id=LINES[number].subject_id, amount_fen=fen, reissue_of="x")]
    await world.ordered(again, "re1", "set2")
    assert [row["reason"] for row in await world.rows("SELECT reason FROM withheld")] == [reason]
    await world.finish()
    summary = (await world.harness.room.http.get("/v1/book/summary")).json()
    assert summary["credits"] == 3

"""The day's statement: what it confirms, what it settles, and what it leaves on suspense until two people decide."""

from typing import Any

import httpx

from contracts.payment import OrderSettled, PaymentReturned
from kit.auth import Actor, Role
from kit.ids import parse_end_to_end_id
from kit.testing import official, only
from services.payment.tests.bank import keys, result, upload
from services.payment.tests.world import API, COUNTY, HANDLER, PAYER, PROJECT, REVIEWER, World, line, number

PLACE = {"project": PROJECT, "county": COUNTY}
DAY = "2023-05-31"


def entry(ref: str, kind: str = "payment", fen: int = 5000, **more: str) -> dict[str, Any]:
    direction = more.pop("direction", "debit" if kind == "payment" else "credit")
    return {"bank_ref": ref, "direction": direction, "kind": kind, "amount_fen": fen} | more


async def post(world: World, path: str, actor: Actor, body: dict[str, Any] | None = None) -> httpx.Response:
    async with world.harness.client(actor) as client:
        return await client.post(API + path, json=body)


async def stated(world: World, *entries: dict[str, Any], day: str = DAY) -> httpx.Response:
    return await post(world, "/statements", PAYER, PLACE | {"day": day, "entries": list(entries)})


async def day_of(world: World, day: str = DAY) -> dict[str, Any]:
    async with world.harness.client(PAYER) as client:
        found: dict[str, Any] = (await client.get(f"{API}/reconciliations/{day}", params=PLACE)).json()
    return found


async def waiting(world: World) -> dict[str, tuple[str, int]]:
    """Entries on suspense by the bank's reference: why, and how much of them."""
    async with world.harness.client(PAYER) as client:
        rows = (await client.get(f"{API}/statement-entries", params=PLACE | {"state": "suspended"})).json()
    return {row["bank_ref"]: (row["why"], row["suspended_fen"]) for row in rows}


async def decide(world: World, ref: str, choice: str, **more: str) -> httpx.Response:
    entry_id = await world.value("SELECT entry_id FROM statement_entry WHERE bank_ref = $1", ref)
    body = {"choice": choice, "evidence": "银行回单"} | more
    proposed = await post(world, f"/statement-entries/{entry_id}:propose", PAYER, body)
    if proposed.status_code != 201:
        return proposed
    return await post(world, f"/decisions/{proposed.json()['decision_id']}:approve", REVIEWER)


async def test_a_day_of_the_bank_itself_agrees_to_the_fen(world: World) -> None:
    lines = [line("sl1", n) for n in range(5)]
    trouble = [
        {"account": number(lines[0].payee_id), "kind": "reject", "code": "F03"},
        {"account": number(lines[1].payee_id), "kind": "return", "days": 1, "code": "F04"},
    ]
    assert (await world.harness.room.http.post("/v1/trouble", json=trouble)).status_code == 200
    await world.ordered(lines)
    await world.finish()
    today = str(await world.value("SELECT business_day FROM posting WHERE kind = 'send'"))
    next_day = str(await world.value("SELECT business_day + 1 FROM posting WHERE kind = 'send'"))
    before = await day_of(world, today)
    assert (before["agrees"], before["paid_not_stated"], before["orders"][0]["paid_is_debit"]) == (
        False,
        4,
        False,
    )
    for _ in range(2):
        answer = await post(world, "/statements:fetch", PAYER, PLACE | {"day": today})
        assert (answer.status_code, answer.json()["debit_fen"]) == (201, 20000)
    found = await day_of(world, today)
    (order,) = found["orders"]
    assert found["agrees"] and (found["matched"], found["suspended"]) == (4, 0)
    assert (order["lines_fen"], order["order_fen"], order["voucher_fen"]) == (25000, 25000, 25000)
    assert (order["sent"], order["success"], order["failed"], order["unknown"]) == (5, 4, 1, 0)
    assert order["paid_out_fen"] == order["debit_fen"] == 20000
    await world.harness.emitted()
    await post(world, "/statements:fetch", PAYER, PLACE | {"day": next_day})
    (returned,) = only(await world.harness.emitted(), PaymentReturned)
    assert (returned.line_id, returned.code) == (lines[1].line_id, "F04")
    assert await world.states() == {"PAID": 3, "REJECTED": 1, "RETURNED": 1}
    assert await world.balances() == {"appropriation": -25000, "budget": 10000, "paid": 15000}
    found = await day_of(world, next_day)
    assert (
        found["agrees"] and found["orders"][0]["returned_fen"] == found["orders"][0]["restored_fen"] == 5000
    )


async def test_a_statement_settles_what_is_unknown_and_the_order_with_it(world: World) -> None:
    order_id = await world.ordered([line("sl1", n) for n in range(2)])
    await world.send()
    first, second = await keys(world)
    await upload(world, order_id, result(order_id, (first, "unknown", "F99"), (second, "unknown", "F99")))
    answer = await stated(
        world,
        entry("B1", end_to_end_id=first),
        entry("B2", end_to_end_id=second),
        entry("B3", "return", end_to_end_id=second, code="F02"),
    )
    assert answer.status_code == 201, answer.text
    sent = await world.harness.emitted()
    (settled,) = only(sent, OrderSettled)
    assert (settled.paid, settled.failed) == (1, 1)
    # It came back before the order was settled: the order itself says so.
    assert only(sent, PaymentReturned) == []
    assert await world.states() == {"PAID": 1, "RETURNED": 1}
    assert await world.balances() == {"appropriation": -10000, "budget": 5000, "paid": 5000}
    assert await world.value("SELECT count(*) FROM unknown_payment") == 0


async def test_what_nothing_explains_is_never_dropped(world: World) -> None:
    order_id = await world.ordered([line("sl1", n) for n in range(3)])
    await world.grant(50000)
    await world.send()
    paid, failed, other = await keys(world)
    lines = ((paid, "success", ""), (failed, "failed", "F03"), (other, "success", ""))
    await upload(world, order_id, result(order_id, *lines))
    stranger = "f" * 32 + "-1"
    await stated(
        world,
        entry("D1", end_to_end_id=paid),
        entry("D2", end_to_end_id=paid),
        entry("D3", end_to_end_id=stranger, fen=700),
        entry("D4", end_to_end_id=other, fen=5100),
        entry("D5", end_to_end_id=failed),
        entry("C1", "return", end_to_end_id=stranger, fen=300),
        entry("C2", "repayment", reference="N-nobody", fen=200),
        entry("C3", "other", fen=100),
    )
    assert await waiting(world) == {
        "D2": ("stated_twice", 5000),
        "D3": ("unknown_payment", 700),
        "D4": ("other_amount", 100),
        "D5": ("contradicts", 0),
        "C1": ("unknown_payment", 300),
        "C2": ("no_case", 200),
        "C3": ("unexplained", 100),
    }
    found = await day_of(world)
    assert (found["suspended"], found["conflicts"], found["agrees"]) == (7, 1, False)
    assert found["suspense_fen"] == found["explained_fen"] == 5000 + 700 + 100 + 5000 + 600
    balances = await world.balances()
    assert (balances["suspense"], balances["clearing"], balances["paid"]) == (11400, -600, 10000)

    assert (await decide(world, "D2", "refund")).json()["type"].endswith("does-not-fit")
    for ref, choice in (("D2", "corrected"), ("D3", "corrected"), ("D4", "corrected"), ("C1", "refund"),
                        ("C2", "refund"), ("C3", "refund")):  # fmt: skip
        assert (await decide(world, ref, choice)).status_code == 200, ref
    conflict = await world.value("SELECT number FROM conflict")
    proposed = await post(
        world, f"/conflicts/{conflict}:propose", PAYER, {"choice": "paid", "evidence": "对账单"}
    )
    await post(world, f"/decisions/{proposed.json()['decision_id']}:approve", REVIEWER)
    assert await waiting(world) == {}
    balances = await world.balances()
    assert (balances.get("suspense"), balances.get("clearing"), balances["paid"]) == (None, None, 15000)
    assert await world.value("SELECT state FROM statement_entry WHERE bank_ref = 'D5'") == "resolved"


async def test_unexplained_money_is_assigned_to_the_payment_that_came_back(world: World) -> None:
    await world.ordered([line("sl1", 0)])
    await world.finish()
    (key,) = await keys(world)
    await stated(world, entry("C1", "other"))
    wrong = "e" * 32 + "-1"
    assert (await decide(world, "C1", "return", end_to_end_id=wrong)).json()["type"].endswith("has-moved")
    decision = await world.value("SELECT decision_id FROM decision WHERE state = 'proposed'")
    await post(world, f"/decisions/{decision}:refuse", REVIEWER)
    await world.harness.emitted()
    assert (await decide(world, "C1", "return", end_to_end_id=key)).status_code == 200
    (returned,) = only(await world.harness.emitted(), PaymentReturned)
    assert returned.payment_id == (parse_end_to_end_id(key) or ("",))[0]
    assert await world.balances() == {"appropriation": -5000, "budget": 5000}


async def test_an_entry_counts_once_and_a_bad_statement_changes_nothing(world: World) -> None:
    await stated(world, entry("C1", "other", fen=100))
    again = await stated(world, entry("C1", "other", fen=100))
    assert again.json()["new"] is False
    await stated(world, entry("C1", "other", fen=100), entry("C2", "other", fen=50))
    assert await waiting(world) == {"C1": ("unexplained", 100), "C2": ("unexplained", 50)}
    for bad in (
        [entry("X", "other"), entry("X", "other")],
        [entry("X", "return", direction="debit")],
        [entry("a b", "other")],
    ):
        assert (await stated(world, *bad)).status_code == 422
    header = "bank_ref,direction,kind,amount_fen,end_to_end_id,reference,code\n"
    for text, status in (
        (f"{header}U1,credit,other,70,,,\n", 201),
        (f"{header}U2,credit,other,7.0,,,\n", 422),
        ("a,b\n1,2\n", 422),
    ):
        async with world.harness.client(PAYER) as client:
            data = PLACE | {"day": DAY}
            answer = await client.post(
                f"{API}/statements:upload", data=data, files={"file": ("s.csv", text.encode())}
            )
        assert answer.status_code == status
    assert (await world.balances())["suspense"] == 220
    for actor, status in ((HANDLER, 403), (official(Role.FINANCE_PAYER, "539902"), 404)):
        body = PLACE | {"day": DAY, "entries": []}
        assert (await post(world, "/statements", actor, body)).status_code == status

"""No voucher, no money: and none on a list that differs from what the voucher was given for."""

from typing import Any

import httpx
import pytest

from contracts.orchestrator import ProjectDeployed
from contracts.payment import OrderSettled, PaymentsStated
from kit.auth import Actor, Role
from kit.testing import official, only
from services.payment.domain.vouchers import Item, differs, digest
from services.payment.handlers.building import build_files
from services.payment.handlers.sending import send_files
from services.payment.tests.world import API, HANDLER, PAYER, PROJECT, REVIEWER, World, line


async def send(world: World, path: str, actor: Actor, body: dict[str, Any] | None = None) -> httpx.Response:
    async with world.harness.client(actor) as client:
        return await client.request("POST" if body else "GET", API + path, json=body)


async def external(world: World, lines: int = 3) -> tuple[str, dict[str, Any]]:
    """An order of a project whose vouchers come from outside, and its payment request."""
    manifest = {"payment": {"voucher": "external"}}
    await world.harness.deliver(
        ProjectDeployed(project=PROJECT, version="v1", manifest=manifest, rules={}, form_schema={})
    )
    order_id = await world.ordered([line("sl1", n) for n in range(lines)])
    request = (await send(world, f"/orders/{order_id}/request", PAYER)).json()
    return f"/orders/{order_id}", request


def voucher(request: dict[str, Any], **changes: Any) -> dict[str, Any]:
    said = {"voucher_no": "拨2023-001", "amount_fen": request["total_fen"], "list_hash": request["list_hash"]}
    return said | changes


async def slip_in(world: World, order_id: str, fen: int) -> None:
    """Somebody with the database in hand adds a line to an order that has its voucher."""
    async with world.harness.room.tx() as tx:
        await tx.execute(
            "INSERT INTO payment (payment_id, attempt, line_id, slice_id, set_id, order_id, file_id, seq, project, "
            "county, township, village, subject_id, payee_id, entitlement_period, kind, installment, amount_fen, "
            "state, committed_posting) SELECT 'slipped', 1, 'slipped', slice_id, set_id, order_id, file_id, 99, "
            "project, county, township, village, 'nobody', 'nobody', entitlement_period, kind, 1, $2, state, "
            "committed_posting FROM payment WHERE order_id = $1 LIMIT 1",
            order_id,
            fen,
        )


async def test_by_itself_the_house_issues_the_voucher_of_what_it_drew(world: World) -> None:
    order_id = await world.ordered([line("sl1", n) for n in range(3)])
    request = (await send(world, f"/orders/{order_id}/request", HANDLER)).json()
    assert (request["state"], request["mode"], request["lines"], request["total_fen"]) == (
        "vouched",
        "internal",
        3,
        15000,
    )
    (issued,) = request["vouchers"]
    assert (issued["list_hash"], issued["amount_fen"]) == (request["list_hash"], 15000)
    await world.finish()
    assert await world.states() == {"PAID": 3}


async def test_an_order_waits_for_its_voucher_and_goes_out_with_it(world: World) -> None:
    order, request = await external(world)
    assert (request["state"], request["vouchers"]) == ("waiting", [])
    await world.finish()
    assert await world.states() == {"COMMITTED": 3}
    assert (await send(world, f"{order}/voucher", PAYER, voucher(request))).status_code == 201
    assert (await send(world, f"{order}/voucher", PAYER, voucher(request))).status_code == 200
    other = voucher(request, voucher_no="拨2023-002")
    assert (await send(world, f"{order}/voucher", PAYER, other)).status_code == 409
    await world.finish()
    assert await world.states() == {"PAID": 3}
    assert await world.value("SELECT count(*) FROM audit WHERE action = 'payment.register_voucher'") == 1


@pytest.mark.parametrize("wrong", [{"amount_fen": 14999}, {"list_hash": "0" * 64}])
async def test_a_voucher_of_another_list_or_total_is_kept_and_refused(
    world: World, wrong: dict[str, Any]
) -> None:
    order, request = await external(world)
    refused = await send(world, f"{order}/voucher", PAYER, voucher(request, **wrong))
    assert refused.status_code == 422 and "凭证不符" in refused.text
    await world.finish()
    assert await world.states() == {"COMMITTED": 3}
    seen = (await send(world, f"{order}/request", PAYER)).json()
    assert seen["state"] == "waiting" and seen["vouchers"][0]["refusal"] in ("other_total", "other_hash")
    assert (await send(world, f"{order}/voucher", PAYER, voucher(request))).status_code == 201
    await world.finish()
    assert await world.states() == {"PAID": 3}


@pytest.mark.parametrize(("fen", "before_build"), [(5000, True), (5000, False)])
async def test_a_list_that_changed_under_its_voucher_is_not_sent_and_the_quota_is_restored(
    world: World, fen: int, before_build: bool
) -> None:
    order_id = await world.ordered([line("sl1", n) for n in range(3)])
    if not before_build:
        await world.harness.work(build_files)
    await slip_in(world, order_id, fen)
    sent = [*await world.harness.work(build_files), *await world.harness.work(send_files)]
    (settled,) = only(sent, OrderSettled)
    assert (settled.paid, settled.failed) == (0, 4)
    assert {one.code for one in only(sent, PaymentsStated)[0].payments} == {"F99"}
    assert await world.balances() == {"appropriation": -15000, "budget": 15000}
    request = (await send(world, f"/orders/{order_id}/request", PAYER)).json()
    assert (request["state"], request["refusal"]) == ("refused", "other_total")
    file = (await world.rows("SELECT state, refusal, receipt_no FROM bank_file"))[0]
    assert tuple(file) == ("empty", "other_total", None)
    summary = (await world.harness.room.http.get("/v1/book/summary")).json()
    assert summary["credits"] == 0


async def test_an_order_from_before_there_were_requests_goes_out_on_the_houses_own_word(world: World) -> None:
    order_id = await world.ordered([line("sl1", n) for n in range(2)])
    async with world.harness.room.tx() as tx:
        await tx.execute("ALTER TABLE voucher DISABLE TRIGGER voucher_stands")
        await tx.execute("DELETE FROM voucher")
        await tx.execute("DELETE FROM payment_request")
    await world.finish()
    assert await world.states() == {"PAID": 2}
    assert (await send(world, f"/orders/{order_id}/request", PAYER)).json()["state"] == "vouched"


async def test_a_request_without_a_voucher_is_withdrawn_by_another_person(world: World) -> None:
    order, request = await external(world)
    body = {"reason": "预算调整"}
    assert (await send(world, f"{order}/request:withdraw", PAYER, body)).status_code == 403
    done = await send(world, f"{order}/request:withdraw", REVIEWER, body)
    assert (done.status_code, done.json()["state"]) == (200, "refused")
    assert await world.balances() == {"appropriation": -15000, "budget": 15000}
    assert only(await world.harness.emitted(), OrderSettled)[0].failed == 3
    assert (await send(world, f"{order}/request:withdraw", REVIEWER, body)).status_code == 409
    assert (await send(world, f"{order}/voucher", PAYER, voucher(request))).status_code == 409


async def test_others_register_no_vouchers(world: World) -> None:
    order, request = await external(world)
    assert (await send(world, f"{order}/voucher", REVIEWER, voucher(request))).status_code == 403
    foreign = official(Role.FINANCE_PAYER, "539902")
    assert (await send(world, f"{order}/voucher", foreign, voucher(request))).status_code == 404
    assert (await send(world, "/orders/none/voucher", PAYER, voucher(request))).status_code == 404
    assert (await send(world, f"{order}/voucher", PAYER, voucher(request, amount_fen=-1))).status_code == 422
    for change in ("list_hash = 'x'", "total_fen = 1", "lines = 1"):
        with pytest.raises(Exception, match="stands"):
            async with world.harness.room.tx() as tx:
                await tx.execute(f"UPDATE payment_request SET {change}")


def test_the_digest_is_of_the_lines_and_not_of_their_order() -> None:
    items = [Item(f"p{n}", 1, f"l{n}", "s", "y", n + 1) for n in range(4)]
    whole = digest(items)
    assert digest(reversed(items)) == whole and (whole.lines, whole.total_fen) == (4, 10)
    for change in ({"payee_id": "z"}, {"amount_fen": 2}, {"attempt": 2}, {"line_id": "x"}):
        assert digest([items[0]._replace(**change), *items[1:]]).list_hash != whole.list_hash
    assert differs(whole, whole.list_hash, 10) is None
    assert differs(whole, whole.list_hash, 11) == "other_total" and differs(whole, "0", 10) == "other_hash"

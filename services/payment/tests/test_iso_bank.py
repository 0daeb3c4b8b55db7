"""A county whose bank speaks ISO 20022: the file it gets, and results and statements that it sends back."""

import pytest

from contracts.orchestrator import ProjectDeployed
from contracts.payment import OrderSettled
from kit.testing import only
from services.payment import ports
from services.payment.domain.iso20022 import pain001
from services.payment.domain.iso20022.document import read
from services.payment.handlers.building import build_files
from services.payment.store import files, results
from services.payment.tests.iso import PAIN, entry, notice, part, report, transfers
from services.payment.tests.world import API, COUNTY, HANDLER, PAYER, PROJECT, World, line, number


async def accepted(world: World, lines: int = 3) -> tuple[str, bytes]:
    """An order whose pain.001 the bank has taken; its id and the message."""
    manifest = {"short_name4": "老年服务", "payment": {"payer_account": "ZB1", "bank": "rural-iso"}}
    await world.harness.deliver(
        ProjectDeployed(project=PROJECT, version="v1", manifest=manifest, rules={}, form_schema={})
    )
    order_id = await world.ordered([line("sl1", n) for n in range(lines)])
    await world.harness.work(build_files)
    async with world.harness.room.tx() as tx:
        file = await files.due(tx, "built")
        assert file is not None and file["format"] == "pain.001"
        await results.lock_file(tx, file["file_id"])
        await files.save_intent(tx, file)
        await files.save_receipt(tx, file["file_id"], "R1")
    return order_id, ports.unseal(world.harness.room, file["file_id"], file["content"])


async def upload(world: World, path: str, text: str, **form: str) -> int:
    async with world.harness.client(PAYER) as client:
        answer = await client.post(API + path, files={"file": ("bank.xml", text.encode())}, data=form)
    return answer.status_code


async def test_the_file_is_a_valid_message_of_the_orders_lines(world: World) -> None:
    order_id, content = await accepted(world)
    root = read(content, pain001.NAME)
    block = PAIN.all(root, "CstmrCdtTrfInitn/PmtInf")[0]
    assert (PAIN.text(block, "NbOfTxs"), PAIN.text(block, "CtrlSum")) == ("3", "150.00")
    assert PAIN.text(block, "DbtrAcct/Id/Othr/Id") == "ZB1" and COUNTY in PAIN.text(block, "Dbtr/Nm")
    lines = [line("sl1", n) for n in range(3)]
    accounts = PAIN.all(block, "CdtTrfTxInf/CdtrAcct/Id/Othr/Id")
    assert [one.text for one in accounts] == [number(one.payee_id) for one in lines]
    async with world.harness.client(HANDLER) as client:
        seen = await client.get(f"{API}/orders/{order_id}/file")
    assert seen.headers["content-type"].startswith("application/xml") and "岭某" not in seen.text
    assert number(lines[0].payee_id) not in seen.text


async def test_a_status_report_settles_the_order(world: World) -> None:
    order_id, content = await accepted(world)
    keys = [key for key, _ in transfers(content)]
    text = report(content, {keys[0]: "AC04"})
    wrong = text.replace("<DtldCtrlSum>100.00", "<DtldCtrlSum>100.01")
    assert await upload(world, f"/orders/{order_id}/results", wrong) == 422
    assert await world.states() == {"ACCEPTED": 3}
    assert await upload(world, f"/orders/{order_id}/results", text, result_id="R2") == 200
    (settled,) = only(await world.harness.emitted(), OrderSettled)
    assert (settled.paid, settled.failed) == (2, 1)
    failed = await world.rows("SELECT code FROM payment WHERE state = 'REJECTED'")
    assert [row["code"] for row in failed] == ["F03"]
    assert await world.balances() == {"appropriation": -15000, "budget": 5000, "paid": 10000}


async def test_a_notification_proves_what_moved(world: World) -> None:
    order_id, content = await accepted(world)
    await upload(world, f"/orders/{order_id}/results", report(content))
    parts = [part(key, yuan, "DBIT", ref=f"d{n}") for n, (key, yuan) in enumerate(transfers(content))]
    back = part(transfers(content)[0][0], "50.00", "CRDT", reason="AC04")
    text = notice(entry("D1", "150.00", "DBIT", "".join(parts)), entry("C1", "50", "CRDT", back))
    form = {"project": PROJECT, "county": COUNTY, "day": "2023-05-20"}
    assert await upload(world, "/statements:upload", text, **form) == 201
    rows = await world.rows("SELECT bank_ref, kind, state, code FROM statement_entry ORDER BY bank_ref")
    assert [(row["bank_ref"], row["kind"], row["state"]) for row in rows] == [
        ("C1", "return", "matched"),
        *((f"d{n}", "payment", "matched") for n in range(3)),
    ]
    assert await world.states() == {"PAID": 2, "RETURNED": 1}
    assert await upload(world, "/statements:upload", "<!DOCTYPE x>" + text, **form) == 422


@pytest.mark.parametrize("trouble", ["plain", "wrong_total", "unknown_line", "two_parts", "duplicated"])
async def test_the_bank_itself_is_paid_through_in_iso_20022_whatever_it_does(
    world: World, trouble: str
) -> None:
    manifest = {"payment": {"payer_account": "ZB1", "bank": "rural-iso"}}
    await world.harness.deliver(
        ProjectDeployed(project=PROJECT, version="v1", manifest=manifest, rules={}, form_schema={})
    )
    await world.behave(result=trouble, fail_rate=0.2, unknown_rate=0.2)
    await world.ordered([line("sl1", n) for n in range(40)])
    await world.finish()
    summary = (await world.harness.room.http.get("/v1/book/summary")).json()
    states = await world.states()
    assert set(states) <= {"PAID", "REJECTED"} and sum(states.values()) == 40
    assert summary["credits"] == states["PAID"] and summary["payments_credited_twice"] == 0
    assert {row["refusal"] for row in await world.rows("SELECT refusal FROM result_file")} == (
        {None, "wrong_total"}
        if trouble == "wrong_total"
        else {None, "unknown_line"}
        if trouble == "unknown_line"
        else {None}
    )

"""What leaves the house: the file's text, and what happens while the registry is out."""

import pytest

from contracts.orchestrator import ProjectDeployed
from kit.errors import Problem, unavailable
from services.payment import ports
from services.payment.handlers.building import build_files
from services.payment.store import files
from services.payment.tests.world import COUNTY, PERIOD, PROJECT, World, line, number


async def text(world: World) -> list[list[str]]:
    """The stored file, unsealed, by line and field."""
    row = (await world.rows("SELECT file_id, content FROM bank_file"))[0]
    content = ports.unseal(world.harness.room, row["file_id"], row["content"])
    return [one.split("|") for one in content.decode().splitlines()]


async def test_the_file_names_payer_and_purpose_as_the_manifest_says(world: World) -> None:
    manifest = {"short_name4": "老年服务", "payment": {"payer_account": "ZB1"}}
    await world.harness.deliver(
        ProjectDeployed(project=PROJECT, version="v1", manifest=manifest, rules={}, form_schema={})
    )
    lines = [line("sl1", n) for n in range(2)]
    await world.ordered(lines)
    await world.harness.work(build_files)
    head, *rows = await text(world)
    assert head[2:] == ["ZB1", "2", "100.00"]
    assert [row[2:] for row in rows] == [
        [number(one.payee_id), "岭某", "402999900018", "50.00", f"老年服务{PERIOD}"] for one in lines
    ]
    ids = {
        row["payment_id"].replace("-", "") + "-1"
        for row in await world.rows("SELECT payment_id FROM payment")
    }
    assert {row[1] for row in rows} == ids


async def test_without_a_named_payer_the_countys_own_account_pays(world: World) -> None:
    await world.ordered([line("sl1", 0)])
    await world.harness.work(build_files)
    assert (await text(world))[0][2] == f"ZB-{COUNTY}-{PROJECT}"


async def test_while_the_registry_is_out_the_file_waits_and_nothing_moves(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.ordered([line("sl1", 0)])
    before = await world.balances()

    async def out(*_: object) -> None:
        raise unavailable(5)

    with monkeypatch.context() as patch:
        patch.setattr(world, "post", out)
        with pytest.raises(Problem):
            await build_files(world.harness.room)
    assert (await world.states(), await world.balances()) == ({"COMMITTED": 1}, before)
    await world.finish()
    assert await world.states() == {"PAID": 1}


async def test_large_orders_become_several_files(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.payment.store.orders.FILE_LINES", 2)
    await world.ordered([line("sl1", n) for n in range(5)])
    await world.finish()
    assert await world.states() == {"PAID": 5}
    rows = await world.rows("SELECT number, lines, state FROM bank_file ORDER BY number")
    assert [(row["number"], row["lines"], row["state"]) for row in rows] == [
        (1, 2, "settled"),
        (2, 2, "settled"),
        (3, 1, "settled"),
    ]


async def test_contents_are_deleted_on_their_day_and_digests_stay(world: World) -> None:
    await world.ordered([line("sl1", 0)])
    await world.finish()
    async with world.harness.room.tx() as tx:
        assert await files.forget_contents(tx) == 0
        await tx.execute("UPDATE bank_file SET delete_after = $1::date - 1", tx.today)
        assert await files.forget_contents(tx) == 1
    row = (await world.rows("SELECT content, sha256 FROM bank_file"))[0]
    assert row["content"] is None and len(row["sha256"]) == 64

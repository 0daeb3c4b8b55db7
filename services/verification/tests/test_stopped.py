"""The stop list, households and payees: who is stopped, and who only receives."""

from datetime import date

from contracts.verification import EligibilityRefused, SetRechecked
from kit.auth import Role
from kit.rows import acting
from kit.testing import RoomHarness, citizen, official, only
from services.verification.handlers.checking import check_applications, check_lines
from services.verification.tests.test_regional import OLD, checked, table
from services.verification.tests.test_review import COUNTY, HANDLER, call, look
from services.verification.tests.world import (
    PROJECT,
    TOWNSHIP,
    Registry,
    deployed,
    eligibility,
    line,
    listed,
    members,
    recheck,
)


async def test_the_stop_list_stops_at_every_stage(room: RoomHarness, registry: Registry) -> None:
    registry.born |= {"S1": OLD, "S2": OLD}
    await members(room, "S1", "S2")
    await room.deliver(deployed())
    maker, checker = official(Role.COUNTY_HANDLER, TOWNSHIP[:6]), COUNTY
    entry = {
        "id_no": "S1",
        "project": PROJECT,
        "valid_from": "2023-05-01",
        "document_no": "纪1号",
        "reason": "冒领",
    }
    await call(room, maker, "/stops", entry | {"subject_id": "S1"}, status=422)
    await call(room, maker, "/stops", entry | {"id_no": "bad"}, status=422)
    await call(room, maker, "/stops", entry | {"region": "539902"}, status=404)
    limited = official(Role.COUNTY_HANDLER, TOWNSHIP[:6], projects=frozenset({PROJECT}))
    await call(room, limited, "/stops", {**entry, "project": None}, status=404)
    one = await call(room, maker, "/stops", entry, status=201)
    path = f"/stops/{one['stop_id']}"
    assert (await checked(room, line("S1"), line("S2")))["l-S1"] == ("pass", [])
    await call(room, official(Role.COUNTY_REVIEWER, TOWNSHIP[:6], sub=maker.sub), f"{path}:decide",
               {"answer": "approve"}, status=403)  # fmt: skip
    await call(room, checker, f"{path}:decide", {"answer": "approve"})
    assert await checked(room, line("S1"), line("S2"), revision=2) == {
        "l-S1": ("block", ["S01"]),
        "l-S2": ("pass", []),
    }
    await room.deliver(recheck(("slice-1", 2)), eligibility("S1"))
    assert only(await room.work(check_lines), SetRechecked)[0].intercepted == 1
    assert only(await room.work(check_applications), EligibilityRefused)[0].reasons[0].startswith("S01")
    hit = (await look(room, HANDLER, "/hits?rule=S01&line_id=l-S1"))["items"][0]
    lift = {"decision": "lift", "reason": "x"}
    await call(room, HANDLER, f"/hits/{hit['hit_id']}:propose", lift, status=409)
    await call(room, maker, f"{path}:end", None)
    await call(room, maker, f"{path}:end", None, status=409)
    assert (await checked(room, line("S1"), revision=3))["l-S1"][0] == "block"
    await call(room, checker, f"{path}:decide", {"answer": "approve"})
    assert (await checked(room, line("S1"), revision=4))["l-S1"][0] == "pass"
    assert (await look(room, checker, path))["reason"] == "冒领"
    assert [row["state"] for row in (await look(room, checker, "/stops"))["items"]] == ["ended"]
    async with room.room.tx() as tx:
        row = await tx.fetchrow("SELECT * FROM stop_entry")
    assert row is not None and row["blind_index"] == "b:S1" and "冒领".encode() not in row["reason_sealed"]


async def test_a_dead_payee_is_no_dead_beneficiary(room: RoomHarness, registry: Registry) -> None:
    registry.born |= {"S1": OLD, "S2": OLD}
    await listed(room, "deaths", ("S2", date(2023, 5, 9), "民政"))
    await room.deliver(table())
    assert await checked(room, line("S1", payee_id="S2")) == {"l-S1": ("hold", ["R04"])}
    (hit,) = (await look(room, HANDLER, "/hits"))["items"]
    assert (hit["fact"], hit["fact_value"], hit["consequence"], hit["source"]) == (
        "payee_death",
        "within",
        "payee",
        "民政",
    )
    assert await checked(room, line("S1"), revision=2) == {"l-S1": ("pass", [])}


async def test_a_citizen_sees_own_rows_only_even_behind_the_routes(
    room: RoomHarness, registry: Registry
) -> None:
    registry.born |= {"S1": OLD, "S2": OLD}
    await room.deliver(table(), eligibility("S1"), eligibility("S2"))
    await room.work(check_applications)
    token = acting.set(citizen("S1"))
    try:
        async with room.room.tx() as tx:
            assert [row["subject_id"] for row in await tx.fetch("SELECT * FROM claim")] == ["S1"]
    finally:
        acting.reset(token)


async def test_a_household_outlives_a_member(room: RoomHarness, registry: Registry) -> None:
    registry.born |= dict.fromkeys(["S1", "S2", "S3"], OLD)
    registry.homes["home"] = ["S1", "S2", "S3"]
    await listed(room, "vehicles", ("S3", None, "货车"))
    await listed(room, "deaths", ("S2", date(2023, 4, 20), "民政"))
    await room.deliver(table())
    home = line("home", payee_id="S1")
    assert await checked(room, home) == {"l-home": ("hold", ["R04", "R11"])}
    await listed(room, "deaths", ("S1", date(2023, 1, 9), "民政"))
    assert await checked(room, home, revision=2) == {"l-home": ("hold", ["R04", "R04", "R11"])}
    found = (await look(room, HANDLER, "/hits?rule=R04&state=open"))["items"]
    assert [(one["fact"], one["fact_value"], one["consequence"]) for one in found] == [
        ("member_death", "before", "exclude"),
        ("payee_death", "before", "payee"),
    ]
    await listed(room, "deaths", ("S3", date(2023, 4, 9), "民政"))
    assert (await checked(room, home, revision=3))["l-home"][0] == "block"
    (gone,) = (await look(room, HANDLER, "/hits?effect=block"))["items"]
    assert (gone["fact"], gone["consequence"], gone["last_period"]) == ("death", "stop", "202304")

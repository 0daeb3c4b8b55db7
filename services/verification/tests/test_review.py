"""Two people lift or confirm hits; what they lifted is quiet while its evidence is the same."""

import asyncio
from datetime import date
from typing import Any

import pytest

from contracts.batch import LineExcluded
from contracts.verification import FindingsStated, HitDecided, LineReviewed
from kit.auth import Actor, Role
from kit.testing import RoomHarness, official, only
from services.verification.handlers.checking import check_lines
from services.verification.tests.world import (
    PROJECT,
    SLICE,
    TOWNSHIP,
    Registry,
    deployed,
    line,
    listed,
    members,
    stated,
    verify,
)

API = "/api/verification/v1"
HANDLER = official(Role.TOWNSHIP_HANDLER, TOWNSHIP)
SURVEYOR = official(Role.SURVEY_WORKER, TOWNSHIP)
REVIEWER = official(Role.TOWNSHIP_REVIEWER, TOWNSHIP)
COUNTY = official(Role.COUNTY_REVIEWER, TOWNSHIP[:6])
ELSEWHERE = official(Role.TOWNSHIP_HANDLER, "539901102")
LIFT = {"decision": "lift", "reason": "本人健在，入户见到本人"}
CONFIRM = {"decision": "confirm", "reason": "已核对死亡证明"}


async def call(room: RoomHarness, who: Actor, path: str, body: object, status: int = 200) -> Any:
    async with room.client(who) as client:
        answer = await client.post(f"{API}{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def look(room: RoomHarness, who: Actor, path: str, status: int = 200) -> Any:
    async with room.client(who) as client:
        answer = await client.get(f"{API}{path}")
    assert answer.status_code == status, answer.text
    return answer.json()


async def dead(room: RoomHarness, registry: Registry, day: date = date(2023, 4, 2)) -> dict[str, Any]:
    """One line with one hit: the person is on the list of the dead."""
    registry.born["S1"] = date(1950, 3, 7)
    await members(room, "S1")
    await listed(room, "deaths", ("S1", day, "殡葬"))
    await room.deliver(deployed(), *stated([line("S1")]), verify())
    await room.work(check_lines)
    (hit,) = (await look(room, HANDLER, "/hits?state=open"))["items"]
    return dict(hit)


async def verdict(room: RoomHarness, revision: int) -> tuple[str, list[str]]:
    await room.deliver(*stated([line("S1")], revision=revision), verify(revision))
    (part,) = only(await room.work(check_lines), FindingsStated)
    return part.findings[0].verdict, [hit.rule for hit in part.findings[0].hits]


async def test_lifted_by_two_people_and_quiet_while_the_evidence_is_the_same(
    room: RoomHarness, registry: Registry
) -> None:
    hit = await dead(room, registry)
    assert (hit["consequence"], hit["last_period"], hit["fact_value"]) == ("stop", "202304", "before")
    path = f"/hits/{hit['hit_id']}"
    await call(room, HANDLER, f"{path}:propose", LIFT)
    await call(room, HANDLER, f"{path}:propose", LIFT, status=409)
    decided = await call(room, REVIEWER, f"{path}:decide", {"answer": "approve", "opinion": "同意"})
    assert decided["state"] == "lifted"
    sent = await room.emitted()
    assert only(sent, HitDecided) == [
        HitDecided(
            hit_id=str(hit["hit_id"]), project=PROJECT, county=TOWNSHIP[:6], township=TOWNSHIP, rule="R04",
            stage="alert_verification", decision="lifted",
        )
    ]  # fmt: skip
    (told,) = only(sent, LineReviewed)
    assert (told.slice_id, told.line_id, told.verdict, told.rules) == (SLICE, "l-S1", "cleared", ["R04"])
    assert await verdict(room, 2) == ("pass", [])
    await listed(room, "deaths", ("S1", date(2023, 4, 2), "公安"))
    assert await verdict(room, 3) == ("block", ["R04"])
    page = (await look(room, HANDLER, "/hits?rule=R04"))["items"]
    assert [one["state"] for one in page] == ["lifted", "open"]


async def test_what_officers_wrote_is_sealed_and_read_again(room: RoomHarness, registry: Registry) -> None:
    hit = await dead(room, registry)
    async with room.client(HANDLER) as client:
        files = {"file": ("证明.pdf", b"%PDF-1.7 secret")}
        data = {"project": PROJECT, "township": TOWNSHIP}
        uploaded = (await client.post(f"{API}/evidence", files=files, data=data)).json()
        refused = await client.post(f"{API}/evidence", files={"file": ("x", b"MZ")}, data=data)
        foreign = await client.post(f"{API}/evidence", files=files, data=data | {"township": "539901102"})
    assert (refused.status_code, foreign.status_code) == (422, 404)
    path = f"/hits/{hit['hit_id']}"
    body = LIFT | {"evidence_ids": [uploaded["evidence_id"]]}
    await call(room, HANDLER, f"{path}:propose", LIFT | {"evidence_ids": ["nothing"]}, status=422)
    await call(room, SURVEYOR, f"{path}:propose", body)
    await call(room, COUNTY, f"{path}:decide", {"answer": "reject", "opinion": "请补充照片"})
    found = await look(room, COUNTY, path)
    (proposal,) = found["proposals"]
    assert (found["state"], proposal["reason"], proposal["opinion"]) == ("open", LIFT["reason"], "请补充照片")
    assert proposal["evidence_ids"] == [uploaded["evidence_id"]]
    async with room.client(COUNTY) as client:
        document = await client.get(f"{API}/evidence/{uploaded['evidence_id']}")
    assert (document.content, document.headers["content-type"]) == (b"%PDF-1.7 secret", "application/pdf")
    await look(room, ELSEWHERE, f"/evidence/{uploaded['evidence_id']}", status=404)
    async with room.room.tx() as tx:
        row = await tx.fetchrow("SELECT * FROM hit_proposal")
        stored = await tx.fetchval("SELECT body_sealed FROM evidence")
    assert row is not None and LIFT["reason"].encode() not in row["reason_sealed"] and b"secret" not in stored
    assert not only(await room.emitted(), HitDecided)


async def test_confirmed_with_the_prefilled_consequence(room: RoomHarness, registry: Registry) -> None:
    hit = await dead(room, registry)
    moved = LineExcluded(
        slice_id=SLICE, line_id="l-S1", application_id="a-S1", seq=1, reason="x", ends_enrolment=False, moved_to="next",
    )  # fmt: skip
    await room.deliver(moved)
    await call(room, HANDLER, f"/hits/{hit['hit_id']}:propose", CONFIRM)
    await call(room, COUNTY, f"/hits/{hit['hit_id']}:decide", {"answer": "approve"})
    (told,) = only(await room.emitted(), LineReviewed)
    assert (told.verdict, told.consequence, told.last_period) == ("confirmed", "stop", "202304")
    assert (told.slice_id, told.reason[:4]) == ("next", "核实属实")
    assert await verdict(room, 2) == ("block", ["R04"])


async def test_who_may_propose_and_decide(room: RoomHarness, registry: Registry) -> None:
    path = f"/hits/{(await dead(room, registry))['hit_id']}"
    await call(room, ELSEWHERE, f"{path}:propose", LIFT, status=404)
    foreign_project = official(Role.TOWNSHIP_HANDLER, TOWNSHIP, projects=frozenset({"other"}))
    await call(room, foreign_project, f"{path}:propose", LIFT, status=404)
    await call(room, REVIEWER, f"{path}:propose", LIFT, status=403)
    await call(room, HANDLER, "/hits/999999:propose", LIFT, status=404)
    await call(room, REVIEWER, f"{path}:decide", {"answer": "approve"}, status=409)
    await call(room, HANDLER, f"{path}:propose", LIFT)
    await call(room, HANDLER, f"{path}:decide", {"answer": "approve"}, status=403)
    same = official(Role.COUNTY_HANDLER, TOWNSHIP[:6], sub=HANDLER.sub)
    await call(room, same, f"{path}:decide", {"answer": "approve"}, status=403)
    await look(room, ELSEWHERE, path, status=404)
    assert not await room.emitted()


async def test_a_line_is_told_once_all_its_holding_hits_are_decided(
    room: RoomHarness, registry: Registry
) -> None:
    registry.born |= {"S1": date(1990, 1, 1), "S2": date(1950, 1, 1)}
    await members(room, "S1")
    await listed(room, "prisoners", ("S1", date(2020, 1, 1), None))
    await listed(room, "fiscal_payroll", ("S1", None, "某单位"), ("S2", None, "某单位"))
    await room.deliver(deployed(), *stated([line("S1"), line("S2")]), verify())
    await room.work(check_lines)
    found = (await look(room, HANDLER, "/hits?limit=1000"))["items"]
    ids = {(one["line_id"], one["rule"]): one["hit_id"] for one in found}
    assert set(ids) == {("l-S1", "R03"), ("l-S1", "R09"), ("l-S1", "R10"), ("l-S2", "R07"), ("l-S2", "R09")}
    lifted = [ids["l-S1", "R03"], ids["l-S2", "R09"], 424242]
    answers = await call(room, HANDLER, "/hits:propose", LIFT | {"hit_ids": lifted})
    assert [one["state"] for one in answers] == ["proposed", "proposed", None]
    assert answers[-1]["problem"].endswith("not-found")
    await call(room, HANDLER, "/hits:propose", CONFIRM | {"hit_ids": [ids["l-S1", "R10"]]})
    await call(room, REVIEWER, "/hits:decide", {"answer": "approve", "hit_ids": lifted})
    assert not only(await room.emitted(), LineReviewed)
    await call(room, REVIEWER, "/hits:decide", {"answer": "approve", "hit_ids": [ids["l-S1", "R10"]]})
    (told,) = only(await room.emitted(), LineReviewed)
    assert (told.line_id, told.verdict, told.consequence, told.rules) == (
        "l-S1",
        "confirmed",
        "exclude",
        ["R10"],
    )


async def test_precision_counts_what_was_decided(room: RoomHarness, registry: Registry) -> None:
    subjects = [f"S{n}" for n in range(5)]
    registry.born |= dict.fromkeys(subjects, date(1990, 1, 1))
    await members(room, *subjects)
    await room.deliver(deployed(), *stated([line(one) for one in subjects]), verify())
    await room.work(check_lines)
    ids = [one["hit_id"] for one in (await look(room, HANDLER, "/hits?rule=R03"))["items"]]
    for body, part in ((LIFT, ids[:3]), (CONFIRM, ids[3:4])):
        await call(room, HANDLER, "/hits:propose", body | {"hit_ids": part})
        await call(room, REVIEWER, "/hits:decide", {"answer": "approve", "hit_ids": part})
    page = await look(room, COUNTY, "/rules/precision?rule=R03&limit=1")
    assert page["items"] == [
        {"project": PROJECT, "rule": "R03", "county": TOWNSHIP[:6], "period": "202305", "confirmed": 1,
         "lifted": 3, "waiting": 1, "decided": 4, "precision": 0.25}
    ]  # fmt: skip
    assert (await look(room, COUNTY, "/rules/precision?after=1"))["items"] == []
    assert (await look(room, ELSEWHERE, "/rules/precision"))["items"] == []


async def test_the_same_matter_stays_one_hit_and_what_is_gone_is_withdrawn(
    room: RoomHarness, registry: Registry
) -> None:
    hit = await dead(room, registry)
    await call(room, HANDLER, f"/hits/{hit['hit_id']}:propose", LIFT)
    assert (await verdict(room, 2))[0] == "block"
    (again,) = (await look(room, HANDLER, "/hits"))["items"]
    assert (again["hit_id"], again["state"]) == (hit["hit_id"], "proposed")
    async with room.room.tx() as tx:
        await tx.execute("DELETE FROM reference_row WHERE kind = 'deaths'")
    assert (await verdict(room, 3))[0] == "pass"
    (gone,) = (await look(room, HANDLER, "/hits"))["items"]
    assert gone["state"] == "withdrawn"
    await call(room, REVIEWER, f"/hits/{hit['hit_id']}:decide", {"answer": "approve"}, status=409)


@pytest.mark.parametrize(
    ("died", "within", "verdict_", "consequence"),
    [
        (date(2023, 4, 30), "pay", "block", ("stop", "202304")),
        (date(2023, 4, 30), "stop", "block", ("stop", "202303")),
        (date(2023, 5, 9), "stop", "block", ("stop", "202304")),
        (date(2023, 5, 9), "pay", "warn", ("stop", "202305")),
        (date(2023, 6, 1), "stop", "pass", None),
    ],
)
async def test_the_usual_consequence_of_a_death(
    room: RoomHarness, registry: Registry, died: date, within: str, verdict_: str, consequence: object
) -> None:
    registry.born["S1"] = date(1950, 3, 7)
    await members(room, "S1")
    await listed(room, "deaths", ("S1", died, "殡葬"))
    await room.deliver(deployed(death_within_period=within), *stated([line("S1")]), verify())
    (part,) = only(await room.work(check_lines), FindingsStated)
    assert part.findings[0].verdict == verdict_
    found = (await look(room, HANDLER, "/hits"))["items"]
    assert [(one["consequence"], one["last_period"]) for one in found] == (
        [consequence] if consequence else []
    )


async def test_a_stop_names_later_lines_and_leaves_the_last_one_owed(
    room: RoomHarness, registry: Registry
) -> None:
    registry.born["S1"] = date(1950, 3, 7)
    await members(room, "S1")
    paid = [
        line("S1", line_id=f"l-{month}", entitlement_period=month, state="paid")
        for month in ("202304", "202306")
    ]
    await listed(room, "deaths", ("S1", date(2023, 5, 9), "殡葬"))
    await room.deliver(deployed(death_within_period="stop"), *stated(paid, slice_id="old"))
    await room.deliver(*stated([line("S1")]), verify())
    await room.work(check_lines)
    (hit,) = (await look(room, HANDLER, "/hits?state=open"))["items"]
    body = CONFIRM | {"consequence": "stop", "last_period": "202305"}
    await call(room, HANDLER, f"/hits/{hit['hit_id']}:propose", body)
    await call(room, COUNTY, f"/hits/{hit['hit_id']}:decide", {"answer": "approve"})
    told = only(await room.emitted(), LineReviewed)
    assert [(one.line_id, one.slice_id, one.consequence, one.last_period) for one in told] == [
        ("l-S1", SLICE, "stop", "202305"),
        ("l-202306", "old", "exclude", None),
    ]
    assert await verdict(room, 2) == ("pass", [])
    again = line("S1", line_id="another")
    await room.deliver(*stated([again], slice_id="slice-2"), verify(slice_id="slice-2"))
    (part,) = only(await room.work(check_lines), FindingsStated)
    assert "R04" in [one.rule for one in part.findings[0].hits]


async def test_the_last_two_decisions_at_once_tell_the_line_once(
    room: RoomHarness, registry: Registry
) -> None:
    registry.born["S1"] = date(1990, 1, 1)
    await members(room, "S1")
    await listed(room, "prisoners", ("S1", date(2020, 1, 1), None))
    await room.deliver(deployed(), *stated([line("S1")]), verify())
    await room.work(check_lines)
    ids = [one["hit_id"] for one in (await look(room, HANDLER, "/hits"))["items"]]
    await call(room, HANDLER, "/hits:propose", LIFT | {"hit_ids": ids})
    answers = (call(room, REVIEWER, f"/hits/{one}:decide", {"answer": "approve"}) for one in ids)
    await asyncio.gather(*answers)
    assert len(only(await room.emitted(), LineReviewed)) == 1 and len(ids) == 2

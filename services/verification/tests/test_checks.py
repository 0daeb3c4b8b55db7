"""Checks through the bus's own code: facts in SQL, rules in DMN, answers with their cause."""

from datetime import date

import pytest

from contracts.application import ApplicationRefused, ApplicationSubmitted
from contracts.base import rows_digest
from contracts.batch import LineExcluded, LineState
from contracts.verification import (
    EligibilityPassed,
    EligibilityRefused,
    FindingsStated,
    LineFinding,
    SetRechecked,
    SliceVerified,
)
from kit.errors import Problem
from kit.testing import RoomHarness, Sent, only
from services.verification.handlers.checking import check_applications, check_lines
from services.verification.tests.world import (
    PROJECT,
    RULES,
    SLICE,
    TOWNSHIP,
    Registry,
    deployed,
    eligibility,
    line,
    listed,
    members,
    recheck,
    stated,
    verify,
)

OLD = date(1950, 3, 7)


def findings(sent: list[Sent]) -> dict[str, LineFinding]:
    return {one.line_id: one for part in only(sent, FindingsStated) for one in part.findings}


async def test_application_waits_for_its_project_version(room: RoomHarness, registry: Registry) -> None:
    registry.born["S1"] = OLD
    await members(room, "S1")
    assert await room.deliver(eligibility("S1"), id="cmd-1") == []
    assert await room.work(check_applications) == []
    await room.deliver(deployed())
    sent = await room.work(check_applications)
    assert [(type(one.message), one.cause) for one in sent] == [(EligibilityPassed, "cmd-1")]


async def test_many_applications_in_one_round(room: RoomHarness, registry: Registry) -> None:
    await room.deliver(deployed())
    subjects = [f"S{n}" for n in range(60)]
    registry.born |= {one: date(1990, 1, 1) if one == "S7" else OLD for one in subjects if one != "S9"}
    await members(room, *(one for one in subjects if one != "S8"))
    for one in subjects:
        await room.deliver(eligibility(one), id=f"c-{one}")
    sent = await room.work(check_applications)
    assert registry.calls == [60]
    refused = {one.application_id: one.reasons for one in only(sent, EligibilityRefused)}
    assert {key: [reason[:3] for reason in reasons] for key, reasons in refused.items()} == {
        "a-S7": ["R03"],
        "a-S8": ["R07"],
        "a-S9": ["R01"],
    }
    assert len(only(sent, EligibilityPassed)) == 57
    assert await room.work(check_applications) == []


async def test_age_changed_in_the_dmn_alone_changes_the_next_result(
    room: RoomHarness, registry: Registry
) -> None:
    registry.born["S1"] = date(1958, 5, 1)  # 65 on 2023-05-01
    await members(room, "S1")
    text = RULES.read_text(encoding="utf-8")
    await room.deliver(deployed("v1"), deployed("v2", rules=text.replace("&lt; 60", "&lt; 70")))
    await room.deliver(*stated([line("S1")]))
    first = await room.deliver(verify(version="v1")) + await room.work(check_lines)
    second = await room.deliver(verify(version="v2")) + await room.work(check_lines)
    assert findings(first)["l-S1"].verdict == "pass"
    assert [hit.rule for hit in findings(second)["l-S1"].hits] == ["R03"]


@pytest.mark.parametrize(
    ("age_at", "verdict"), [("period_start", "block"), ("mid_month", "block"), ("month_end", "pass")]
)
async def test_age_counts_on_the_parameters_day(
    room: RoomHarness, registry: Registry, age_at: str, verdict: str
) -> None:
    registry.born["S1"] = date(1963, 5, 20)
    await members(room, "S1")
    await room.deliver(deployed(age_at=age_at), *stated([line("S1")]), verify())
    assert findings(await room.work(check_lines))["l-S1"].verdict == verdict


@pytest.mark.parametrize(
    ("died", "parameter", "verdict"),
    [
        (date(2023, 4, 30), "pay", "block"),
        (date(2023, 5, 1), "pay", "warn"),
        (date(2023, 5, 31), "stop", "block"),
        (date(2023, 6, 1), "stop", "pass"),
    ],
)
async def test_death_is_compared_with_the_period(
    room: RoomHarness, registry: Registry, died: date, parameter: str, verdict: str
) -> None:
    registry.born["S1"] = OLD
    await members(room, "S1")
    await listed(room, "deaths", ("S1", died, "民政"), ("S2", date(2020, 1, 1), "公安"))
    await room.deliver(deployed(death_within_period=parameter), *stated([line("S1")]), verify())
    found = findings(await room.work(check_lines))["l-S1"]
    assert found.verdict == verdict
    assert [hit.source for hit in found.hits] == ["民政"] * (verdict != "pass")


async def test_every_list_speaks(room: RoomHarness, registry: Registry) -> None:
    subjects = [f"S{n}" for n in range(8)]
    registry.born |= dict.fromkeys(subjects, OLD)
    await members(room, *subjects[:6], "S7")
    await listed(room, "membership", ("S6", date(2022, 1, 1), "minimum_living"))
    await listed(room, "household", ("S1", None, "539999"), ("S2", None, f"{TOWNSHIP}201"))
    await listed(
        room, "exclusive_subsidy", ("S2", date(2023, 5, 31), "护理"), ("S3", date(2023, 6, 1), "护理")
    )
    await listed(room, "prisoners", ("S4", date(2020, 1, 1), None))
    await listed(room, "fiscal_payroll", ("S5", None, "某单位"))
    await room.deliver(deployed(), *stated([line(one) for one in subjects]))
    sent = await room.deliver(verify(), id="cmd-v")
    sent += await room.work(check_lines)
    found = {key: [(hit.rule, hit.effect) for hit in one.hits] for key, one in findings(sent).items()}
    assert found == {
        "l-S0": [],
        "l-S1": [("R08", "block")],
        "l-S2": [("R06", "block")],
        "l-S3": [],
        "l-S4": [("R10", "block")],
        "l-S5": [("R09", "warn")],
        "l-S6": [("R07", "block")],
        "l-S7": [],
    }
    assert only(sent, SliceVerified) == [
        SliceVerified(slice_id=SLICE, revision=2, passed=3, warned=1, intercepted=4)
    ]
    assert {one.cause for one in sent} == {"cmd-v"}
    async with room.room.tx() as tx:
        states = await tx.fetch("SELECT DISTINCT state, stage, slice_id FROM hit")
    assert [tuple(row) for row in states] == [("open", "alert_verification", SLICE)]


async def test_without_the_register_lines_are_held(room: RoomHarness, registry: Registry) -> None:
    registry.born["S1"] = OLD
    await room.deliver(deployed(), *stated([line("S1")]), verify())
    found = findings(await room.work(check_lines))["l-S1"]
    assert (found.verdict, found.hits[0].rule) == ("hold", "R07")


async def test_duplicate_is_the_later_claim_and_ends_with_the_first(
    room: RoomHarness, registry: Registry
) -> None:
    registry.born["S1"] = OLD
    await members(room, "S1")
    first = ApplicationSubmitted(
        application_id="first", subject_id="S1", project=PROJECT, township="539902101", category="destitute",
        channel="mini_program", submitted_on="2023-05-01",
    )  # fmt: skip
    await room.deliver(deployed(), first, eligibility("S1", "second"))
    assert only(await room.work(check_applications), EligibilityRefused)[0].reasons[0].startswith("R05")
    await room.deliver(eligibility("S1", "first"), id="again")
    assert only(await room.work(check_applications), EligibilityPassed)
    refused = ApplicationRefused(application_id="first", project=PROJECT, township="539902101", reasons=["x"])
    await room.deliver(refused, eligibility("S1", "second"))
    assert only(await room.work(check_applications), EligibilityPassed)


async def test_duplicate_line_of_another_slice(room: RoomHarness, registry: Registry) -> None:
    registry.born["S1"] = OLD
    await members(room, "S1")
    again = line("S1", line_id="other")
    await room.deliver(deployed(), *stated([line("S1")]), *stated([again], slice_id="slice-2"))
    await room.deliver(verify(), verify(slice_id="slice-2"))
    found = findings(await room.work(check_lines))
    assert found["l-S1"].verdict == "pass"
    assert [hit.rule for hit in found["other"].hits] == ["R05"]
    left = LineExcluded(
        slice_id=SLICE, line_id="l-S1", application_id="a-S1", seq=1, reason="x", ends_enrolment=True
    )
    # A revision stated before the exclusion was known must not revive the line's claim.
    await room.deliver(left, *stated([line("S1")], revision=2), verify(slice_id="slice-2"))
    assert findings(await room.work(check_lines))["other"].verdict == "pass"


async def test_a_reissue_is_no_duplicate_of_the_line_it_replaces(
    room: RoomHarness, registry: Registry
) -> None:
    registry.born["S1"] = OLD
    await members(room, "S1")
    anew = line("S1", line_id="anew", reissue_of="l-S1")
    await room.deliver(deployed(), *stated([line("S1")]), *stated([anew], slice_id="slice-2"))
    # The old slice is stated once more: it does not come to life again.
    await room.deliver(*stated([line("S1")], revision=2), verify(slice_id="slice-2"))
    assert findings(await room.work(check_lines))["anew"].verdict == "pass"


async def test_a_line_excluded_for_one_period_leaves_room_for_another(
    room: RoomHarness, registry: Registry
) -> None:
    registry.born["S1"] = OLD
    await members(room, "S1")
    again = line("S1", line_id="other")
    await room.deliver(deployed(), *stated([line("S1")]), *stated([again], slice_id="slice-2"))
    left = LineExcluded(
        slice_id=SLICE, line_id="l-S1", application_id="a-S1", seq=1, reason="x", ends_enrolment=False
    )
    await room.deliver(left, verify(slice_id="slice-2"))
    assert findings(await room.work(check_lines))["other"].verdict == "pass"


async def test_before_the_file_only_its_own_rules_run(room: RoomHarness, registry: Registry) -> None:
    registry.born |= {"S1": date(1990, 1, 1), "S2": OLD, "S3": OLD}
    await room.deliver(
        deployed(), *stated([line("S1")]), *stated([line("S2"), line("S3")], slice_id="slice-2")
    )
    await listed(room, "deaths", ("S2", date(2023, 1, 1), "殡葬"))
    sent = await room.deliver(recheck((SLICE, 1), ("slice-2", 1)), id="cmd-r")
    sent += await room.work(check_lines)
    assert {key: one.verdict for key, one in findings(sent).items()} == {
        "l-S1": "pass",
        "l-S2": "block",
        "l-S3": "pass",
    }
    parts = only(sent, FindingsStated)
    assert {(one.stream_id, one.check_id, one.stage, one.slices) for one in parts} == {
        (f"findings:cmd-r:{slice_id}", "cmd-r", "before_file", 2) for slice_id in (SLICE, "slice-2")
    }
    assert only(sent, SetRechecked) == [
        SetRechecked(set_id="set-1", check_id="cmd-r", rechecked=3, intercepted=1, slices_found=2)
    ]


async def test_registry_out_parks_nothing_and_the_work_stays_due(
    room: RoomHarness, registry: Registry
) -> None:
    registry.born["S1"] = OLD
    await members(room, "S1")
    await room.deliver(deployed(), *stated([line("S1")]), verify(), eligibility("S1"))
    registry.out = True
    for worker in (check_lines, check_applications):
        with pytest.raises(Problem):
            await worker(room.room)
    assert await room.emitted() == []
    registry.out = False
    sent = await room.work(check_lines) + await room.work(check_applications)
    assert len(only(sent, SliceVerified)) == len(only(sent, EligibilityPassed)) == 1


async def test_rules_that_cannot_be_read_hold_everything(room: RoomHarness, registry: Registry) -> None:
    registry.born["S1"] = OLD
    await room.deliver(deployed(rules="<nonsense/>"), *stated([line("S1")]), verify())
    found = findings(await room.work(check_lines))["l-S1"]
    assert (found.verdict, found.hits[0].rule) == ("hold", "R00")


async def test_a_big_slice_travels_in_chunks_and_final_lines_stay_out(
    room: RoomHarness, registry: Registry
) -> None:
    subjects = [f"S{n:05d}" for n in range(6200)]
    registry.born |= dict.fromkeys(subjects, OLD)
    await members(room, *subjects)
    lines = [line(one) for one in subjects] + [
        line("SV", state=LineState.VOID),
        line("SP", state=LineState.PAID),
    ]
    await room.deliver(deployed(), *stated(lines), verify())
    sent = await room.work(check_lines)
    assert registry.calls == [5000, 1202]
    parts = only(sent, FindingsStated)
    assert [len(one.findings) for one in parts] == [1000] * 6 + [200]
    assert {one.digest for one in parts} == {rows_digest([row for part in parts for row in part.findings])}
    assert only(sent, SliceVerified)[0].passed == 6200
    async with room.room.tx() as tx:
        assert await tx.fetchval("SELECT count(*) FROM pg_class WHERE relname LIKE 'checked%'") == 0


async def test_a_register_may_name_a_category_as_the_project_does(
    room: RoomHarness, registry: Registry
) -> None:
    """Any project's register of members: its category by code, or by the name of `[categories]`."""
    registry.born |= dict.fromkeys(("S1", "S2", "S3"), OLD)
    await listed(room, "membership", ("S1", None, "一孩"), ("S2", None, "destitute"), ("S3", None, "二孩"))
    named = deployed()
    named.manifest["categories"] = {"destitute": "一孩", "minimum_living": "二孩"}
    await room.deliver(named, *stated([line(one) for one in ("S1", "S2", "S3")]), verify())
    found = findings(await room.work(check_lines))
    assert {key: [hit.rule for hit in one.hits] for key, one in found.items()} == {
        "l-S1": [],
        "l-S2": [],
        "l-S3": ["R07"],
    }

"""M59, M69: who was stopped by which rule; figures by class, region, project and time agree with the list."""

import pytest

from contracts.application import ApplicationSubmitted
from contracts.verification import EligibilityRefused, FindingsStated, Hit, HitDecided, LineFinding
from kit.testing import RoomHarness, sealed
from services.supervision.domain.journal import rule_of
from services.supervision.tests.conftest import (
    COUNTY,
    ELSEWHERE,
    HANDLER,
    OTHER_TOWNSHIP,
    PROJECT,
    TOWNSHIP,
    get,
    slice_opened,
)


def hit(rule: str, effect: str) -> Hit:
    return Hit(rule=rule, effect=effect, source="deaths", text="已故", at="2023-05-04T02:00:00+00:00")


def findings(check: str, slice_id: str, found: dict[str, list[tuple[str, str]]]) -> FindingsStated:
    """Verdicts as verification states them: the strongest effect of a line's hits."""
    rows = [
        LineFinding(
            line_id=line,
            rev=1,
            verdict=max(
                (effect for _, effect in hits), key=["pass", "warn", "hold", "block"].index, default="pass"
            ),
            hits=[hit(*one) for one in hits],
        )
        for line, hits in found.items()
    ]
    message = FindingsStated(
        stream_id=f"findings:{check}:{slice_id}", revision=1, index=0, count=1, digest="-", slice_id=slice_id,
        checked_revision=1, check_id=check, stage="alert_verification", slices=1, findings=rows,
    )  # fmt: skip
    return sealed(message)  # type: ignore[return-value]  # the same class with its digest


async def filled(room: RoomHarness) -> None:
    """Three lines stopped by four hits in two townships, one warned, one application refused; two decisions."""
    await room.deliver(
        findings(
            "c-1",
            "slice-1",
            {
                "line-1": [("R04", "hold"), ("R12", "hold")],
                "line-2": [("R04", "block")],
                "line-3": [("R07", "warn")],
                "line-4": [],
            },
        ),
        slice_opened("slice-1"),
        slice_opened("slice-2", OTHER_TOWNSHIP),
        findings("c-2", "slice-2", {"line-5": [("R12", "hold"), ("R07", "warn")]}),
        # The same check again, as after a correction: nobody is counted twice.
        findings("c-3", "slice-1", {"line-1": [("R04", "hold")]}),
        EligibilityRefused(application_id="application-9", reasons=["R03 年龄不符", "人工退回"]),
        ApplicationSubmitted(
            application_id="application-9", subject_id="s", project=PROJECT, township=TOWNSHIP,
            category="elderly", channel="self", submitted_on="2023-05-04",
        ),
        *(
            HitDecided(
                hit_id=f"hit-{number}", project=PROJECT, county=COUNTY, township=TOWNSHIP, rule=rule,
                stage="alert_verification", decision=decision,
            )
            for number, rule, decision in ((1, "R04", "confirmed"), (2, "R04", "lifted"), (3, "R12", "lifted"))
        ),
    )  # fmt: skip


async def test_only_what_stops_is_counted_and_once(room: RoomHarness) -> None:
    await filled(room)
    page = await get(room, "interceptions")
    seen = sorted((one["ref"], one["rule"], one["stage"]) for one in page["items"])
    check = "alert_verification"
    assert seen == [
        ("application-9", "R03", "application"), ("application-9", "other", "application"),
        ("line-1", "R04", check), ("line-1", "R12", check), ("line-2", "R04", check), ("line-5", "R12", check),
    ]  # fmt: skip


@pytest.mark.parametrize("by", ["rule", "project", "county", "township", "stage", "month", "day"])
async def test_every_distribution_adds_up_to_the_list(room: RoomHarness, by: str) -> None:
    await filled(room)
    rows = await get(room, "interceptions/figures", by=by)
    assert sum(one["intercepted"] for one in rows) == len((await get(room, "interceptions"))["items"]) == 6
    assert (sum(one["confirmed"] for one in rows), sum(one["lifted"] for one in rows)) == (1, 2)


async def test_precision_is_confirmed_of_decided(room: RoomHarness) -> None:
    await filled(room)
    rows = {one["part"]: one for one in await get(room, "interceptions/figures")}
    assert (rows["R04"]["intercepted"], rows["R04"]["cases"]) == (2, 2)
    assert (rows["R04"]["confirmed"], rows["R04"]["lifted"], rows["R04"]["precision"]) == (1, 1, 0.5)
    assert rows["R12"]["precision"] == 0.0
    assert rows["R03"]["precision"] is None


async def test_regions_and_days_narrow_it(room: RoomHarness) -> None:
    await filled(room)
    assert len((await get(room, "interceptions", region=OTHER_TOWNSHIP))["items"]) == 1
    assert len((await get(room, "interceptions", rule="R12"))["items"]) == 2
    assert (await get(room, "interceptions", last="2001-01-01"))["items"] == []
    assert (await get(room, "interceptions", ELSEWHERE))["items"] == []
    assert await get(room, "interceptions/figures", ELSEWHERE) == []
    await get(room, "interceptions", HANDLER, status=403)


async def test_pages_go_on_where_they_ended(room: RoomHarness) -> None:
    await filled(room)
    first = await get(room, "interceptions", limit=4)
    rest = await get(room, "interceptions", limit=4, after=first["next"])
    keys = [(one["ref"], one["rule"]) for one in first["items"] + rest["items"]]
    assert len(keys) == len(set(keys)) == 6 and rest["next"] is None


async def test_figures_per_county_agree(room: RoomHarness) -> None:
    await filled(room)
    [county] = await get(room, "figures")
    assert county["intercepted"] == len((await get(room, "interceptions"))["items"])


def test_a_reason_begins_with_its_rule() -> None:
    assert rule_of("R04 死亡") == "R04"
    assert rule_of("R12a 其他补贴") == "R12a"
    assert rule_of("材料不全") == "other"

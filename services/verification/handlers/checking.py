"""The checks themselves: profiles are fetched outside transactions; facts, rulings and answers share one.

When the registry is out the workers fail, nothing is parked, and the jobs stay due.
"""

from collections import Counter
from typing import Any

from contracts.verification import (
    EligibilityPassed,
    EligibilityRefused,
    FindingsStated,
    Hit,
    LineFinding,
    SetRechecked,
    SliceVerified,
)
from kit import chunks
from kit.crashpoint import crashpoint
from kit.db import Tx
from kit.service import Room
from services.verification import ports
from services.verification.domain.periods import month_of
from services.verification.domain.persons import Person
from services.verification.domain.rulebook import FACTS, Rulebook, Ruling, verdict
from services.verification.handlers.door import on
from services.verification.store import checks, facts, projects

TOGETHER = 2000
"""Most 资格校验 in one round."""


@on.worker(every=1.0)
async def check_applications(room: Room) -> bool:
    """Do the open 资格校验 of one project version together."""
    async with room.tx() as tx:
        jobs = await checks.due_applications(tx, TOGETHER)
    if not jobs:
        return False
    crashpoint("verification.before_profiles")
    persons = await ports.profiles(room, [job["subject_id"] for job in jobs])
    crashpoint("verification.after_profiles")
    async with room.tx() as tx:
        locked = await checks.lock_applications(tx, [job["job_id"] for job in jobs])
        if locked:
            await _answer_applications(
                tx, await projects.rulebook(room, tx, jobs[0]["project_version"]), locked, persons
            )
    return True


async def _answer_applications(tx: Tx, book: Rulebook, jobs: list[Any], persons: list[Person]) -> None:
    await facts.prepare(tx)
    await facts.add_applications(
        tx,
        (
            (place, job["job_id"], job["application_id"], job["subject_id"], job["project"], job["township"],
             job["category"], month_of(job["submitted_on"]))
            for place, job in enumerate(jobs)
        ),
    )  # fmt: skip
    await facts.add_persons(tx, persons, book)
    verdicts: dict[str, str] = {}
    found: list[tuple[Any, ...]] = []
    async for row in facts.facts(tx, book):
        rulings = book.judge("application", tuple(row[name] for name in FACTS[1:]))
        job = jobs[row["place"]]
        found += [_hit_row(tx, "application", row, None, one, job["project"]) for one in rulings]
        verdicts[job["job_id"]] = verdict(rulings)
        texts = [f"{one.rule} {one.text}" for one in rulings]
        answer = (
            EligibilityRefused(application_id=job["application_id"], reasons=texts)
            if verdicts[job["job_id"]] == "block"
            else EligibilityPassed(application_id=job["application_id"], warnings=texts)
        )
        tx.emit(answer, cause=job["job_id"])
    await tx.copy("hit", checks.HIT_COLUMNS, found)
    await checks.close_applications(tx, verdicts)


@on.worker(every=1.0)
async def check_lines(room: Room) -> bool:
    """Check the next slice, of a 预警核实 or of a set before its file."""
    async with room.tx() as tx:
        part = await checks.due_slice(tx)
        wanted = await checks.subjects(tx, part["slice_id"], part["revision"]) if part else []
    if part is None:
        return False
    crashpoint("verification.before_profiles")
    persons = await ports.profiles(room, wanted)
    crashpoint("verification.after_profiles")
    async with room.tx() as tx:
        if await checks.lock_slice(tx, part["job_id"], part["slice_id"]):
            await _answer_slice(tx, await projects.rulebook(room, tx, part["project_version"]), part, persons)
    return True


async def _answer_slice(tx: Tx, book: Rulebook, part: Any, persons: list[Person]) -> None:
    job_id, slice_id, stage = part["job_id"], part["slice_id"], part["stage"]
    await facts.prepare(tx)
    await facts.add_lines(tx, job_id, slice_id, part["revision"])
    await facts.add_persons(tx, persons, book)
    counts: Counter[str] = Counter()
    findings: list[LineFinding] = []
    found: list[tuple[Any, ...]] = []
    async for row in facts.facts(tx, book):
        rulings = book.judge(stage, tuple(row[name] for name in FACTS[1:]))
        finding = _finding(tx, row, rulings)
        counts[finding.verdict] += 1
        findings.append(finding)
        found += [_hit_row(tx, stage, row, slice_id, one, part["project"]) for one in rulings]
    await tx.copy("hit", checks.HIT_COLUMNS, found)
    await chunks.state(
        tx, FindingsStated, findings, stream_id=f"findings:{job_id}:{slice_id}", revision=1, cause=job_id,
        slice_id=slice_id, checked_revision=part["revision"], check_id=job_id, stage=stage,
        slices=part["slices"],
    )  # fmt: skip
    totals = await checks.close_slice(
        tx, job_id, slice_id, dict.fromkeys(("pass", "warn", "hold", "block"), 0) | counts
    )
    if totals is not None:
        tx.emit(_outcome(part, totals), cause=job_id)


def _finding(tx: Tx, row: Any, rulings: tuple[Ruling, ...]) -> LineFinding:
    at = tx.now.isoformat()
    hits = [
        Hit(rule=one.rule, effect=one.effect, source=checks.source_of(one, row), text=one.text, at=at)
        for one in rulings
    ]
    # Built without validation: the values are our own, and a county's slice has a hundred thousand of them.
    return LineFinding.model_construct(
        line_id=row["line_id"], rev=row["rev"], verdict=verdict(rulings), hits=hits
    )


def _outcome(part: Any, totals: Any) -> SliceVerified | SetRechecked:
    if part["stage"] == "alert_verification":
        return SliceVerified(slice_id=part["slice_id"], revision=part["revision"] + 1, **totals)
    return SetRechecked(
        set_id=part["target_id"],
        check_id=part["job_id"],
        rechecked=totals["passed"] + totals["warned"] + totals["intercepted"],
        intercepted=totals["intercepted"],
        slices_found=part["slices"],
    )


def _hit_row(
    tx: Tx, stage: str, row: Any, slice_id: str | None, ruling: Ruling, project: str
) -> tuple[Any, ...]:
    return (
        row["job_id"], stage, project, row["township"][:6], row["township"], slice_id, row["line_id"],
        row["rev"],
        row["application_id"], row["subject_id"], ruling.rule, ruling.effect, checks.source_of(ruling, row),
        ruling.text, tx.now,
    )  # fmt: skip

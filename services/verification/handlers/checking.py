"""The checks themselves: profiles are fetched outside transactions; facts, rulings and answers share one.

When the registry is out the workers fail, nothing is parked, and the jobs stay due.
"""

from collections import Counter
from typing import Any

from contracts.verification import EligibilityPassed, EligibilityRefused, SetRechecked, SliceVerified
from kit.crashpoint import crashpoint
from kit.db import Tx
from kit.service import Room
from services.verification import ports
from services.verification.domain.periods import month_of
from services.verification.domain.persons import Person
from services.verification.domain.rulebook import Rulebook, verdict
from services.verification.handlers.door import on
from services.verification.handlers.judging import Found, hit_record, judged
from services.verification.handlers.stating import Findings
from services.verification.store import checks, facts, projects, raising

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
    await raising.prepare(tx)
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
    async for page in judged(tx, book, "application"):
        hits = []
        for row, found in page:
            job = jobs[row["place"]]
            hits += [hit_record(tx, "application", row, None, one, job["project"], book) for one in found]
            verdicts[job["job_id"]] = verdict([one.ruling for one in found])
            texts = [f"{one.ruling.rule} {one.ruling.text}" for one in found]
            answer = (
                EligibilityRefused(application_id=job["application_id"], reasons=texts)
                if verdicts[job["job_id"]] == "block"
                else EligibilityPassed(application_id=job["application_id"], warnings=texts)
            )
            tx.emit(answer, cause=job["job_id"])
        await raising.save(tx, hits)
    await raising.withdraw(tx, "application")
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
    await raising.prepare(tx)
    await facts.add_lines(tx, job_id, slice_id, part["revision"])
    await facts.add_persons(tx, persons, book)
    counts: Counter[str] = Counter()
    findings = Findings()
    async for page in judged(tx, book, stage):
        for row, found in page:
            finding = _finding(tx, row, found)
            counts[finding["verdict"]] += 1
            findings.add(finding)
        await raising.save(
            tx,
            [
                hit_record(tx, stage, row, slice_id, one, part["project"], book)
                for row, found in page
                for one in found
            ],
        )
    await raising.withdraw(tx, stage)
    await findings.state(
        tx, f"findings:{job_id}:{slice_id}", job_id, slice_id=slice_id, checked_revision=part["revision"],
        check_id=job_id, stage=stage, slices=part["slices"],
    )  # fmt: skip
    totals = await checks.close_slice(
        tx, job_id, slice_id, dict.fromkeys(("pass", "warn", "hold", "block"), 0) | counts
    )
    if totals is not None:
        tx.emit(_outcome(part, totals), cause=job_id)


def _finding(tx: Tx, row: Any, found: list[Found]) -> dict[str, Any]:
    at = tx.now.isoformat()
    hits = [
        {
            "rule": one.rule,
            "effect": one.effect,
            "source": checks.source_of(one, row),
            "text": one.text,
            "at": at,
        }
        for one, _ in found
    ]
    answer = verdict([one.ruling for one in found])
    return {"line_id": row["line_id"], "rev": row["rev"], "verdict": answer, "hits": hits}


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

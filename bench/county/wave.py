"""One wave: the batches of a month, opened, submitted, matched, verified, published, signed, paid and closed."""

import asyncio
import time
from typing import Any

from bench.county.desks import CountyRun, Desks
from bench.county.shape import COUNTY, Program
from bench.officials import PATIENCE_S as LISTING_S
from demo.client import Refused
from demo.people import Population
from demo.rosters import write_rosters
from demo.run import Stuck

HANDLER = f"county_handler@{COUNTY}"
BATCHES = "/api/batch/v1/batches"


async def wave(run: CountyRun, programs: list[Program], period: str, *, rosters: bool) -> float:
    """Everything of these programs for a period; seconds. Raises RuntimeError when not every line was paid."""
    began = time.perf_counter()
    desks = Desks(run)
    batches = {one.code: await _open(run, one, period) for one in programs}
    if rosters:
        await _rosters(run, programs, batches, period)
    run.timed("清单", began)
    await _submit(run, desks, programs, batches)
    slices = len(desks.slices)

    await desks.until("匹卡、核实", lambda: desks.finished("township_confirm"), slices)
    await desks.until("公示①", lambda: desks.published(1), slices, hang=1)
    await desks.take_down("公示①确认", 1)
    await desks.until("乡镇审核", lambda: _arrived(run, desks, batches), slices)
    await _sets(run, desks, batches)
    sets = len(desks.sets)

    await desks.until("测算、部门审核", lambda: desks.finished("department_review"), sets)
    await desks.until("公示②", lambda: desks.published(2), slices, hang=2)
    await desks.take_down("公示②确认", 2)
    await desks.until("财政复核、挂账", lambda: desks.finished("payment_request"), sets)
    await desks.until("冻结、支付、回盘", lambda: _closed(run, batches), sets)
    seconds = time.perf_counter() - began
    await _all_paid(run, programs, batches)
    return seconds


async def _open(run: CountyRun, one: Program, period: str) -> str:
    """批次创建; a program reaches the batch room as an event, a moment after its deployment."""
    body = {"project": one.code, "period": period, "county": COUNTY}
    for _ in range(600):
        try:
            return str((await run.portal.post(HANDLER, BATCHES, body))["batch_id"])
        except Refused as refused:
            if refused.slug != "unknown-project":
                raise
            await asyncio.sleep(0.2)
    raise Stuck("项目未送达批次室 (the project did not reach the batch room)")


async def _rosters(run: CountyRun, programs: list[Program], batches: dict[str, str], period: str) -> None:
    """The first month: everybody comes by a roster per township."""
    stage = run.board.stage("名册")
    todo = []
    for program in programs:
        folder = run.options.run_dir / "rosters" / program.code
        files = write_rosters(Population(program.people, period, run.options.seed), folder)
        todo += [(batches[program.code], place, path) for place, path in files.items()]

    async def upload(one: tuple[str, str, Any]) -> None:
        batch, place, path = one
        content = {"file": (path.name, path.read_bytes())}
        answer = await run.portal.post(
            f"township_handler@{place}", f"{BATCHES}/{batch}/rosters", files=content, again=("roster-known",)
        )
        if answer.get("rejected"):
            raise RuntimeError(f"{answer['rejected']} rows of a faultless roster were refused")

    await run.together(upload, todo, stage)


async def _submit(run: CountyRun, desks: Desks, programs: list[Program], batches: dict[str, str]) -> None:
    """补贴清单确认, township by township, once everybody stands on the list; carried over or by roster."""
    began = time.perf_counter()
    stage = run.board.stage("清单确认")

    async def one(program: Program) -> None:
        batch = batches[program.code]
        await _listed(run, batch, program)
        for place in program.townships:
            made = await run.portal.post(
                f"township_handler@{place}", f"{BATCHES}/{batch}/slices",
                {"township": place, "application_ids": "all"},
            )  # fmt: skip
            desks.slices |= {str(found["slice_id"]) for found in made}

    await run.together(one, programs, stage)
    run.timed("清单确认", began)


async def _listed(run: CountyRun, batch: str, program: Program) -> None:
    end = time.monotonic() + LISTING_S
    while time.monotonic() < end:
        new = await run.portal.get(HANDLER, f"{BATCHES}/{batch}/candidates", limit=1)
        carried = await run.portal.get(HANDLER, f"{BATCHES}/{batch}/carry-over", limit=1)
        here = sum(new["counts"].values()) + sum(carried["counts"].values())
        if here >= len(program.people):
            return
        await asyncio.sleep(0.5 + len(program.people) / 40_000)
    raise Stuck(f"{program.code}: {here}/{len(program.people)} 列入清单 (listed)")


async def _arrived(run: CountyRun, desks: Desks, batches: dict[str, str]) -> int:
    signed = len(desks.done["township_review"])
    if signed < len(desks.slices):
        return min(signed, len(desks.slices) - 1)
    count = 0
    for batch in batches.values():
        found = await run.portal.get(HANDLER, "/api/batch/v1/slices", batch_id=batch)
        count += sum(one["state"] == "arrived" for one in found)
    return count


async def _sets(run: CountyRun, desks: Desks, batches: dict[str, str]) -> None:
    for batch in batches.values():
        body = {"batch_id": batch, "slice_ids": "all_arrived"}
        answer = await run.portal.post(HANDLER, "/api/batch/v1/sets", body)
        desks.sets.add(str(answer["set_id"]))


async def _closed(run: CountyRun, batches: dict[str, str]) -> int:
    states = [one["state"] for batch in batches.values() for one in await _sets_of(run, batch)]
    return sum(state in ("closed", "ended") for state in states)


async def _sets_of(run: CountyRun, batch: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await run.portal.get(HANDLER, "/api/batch/v1/sets", batch_id=batch)
    return found


async def _all_paid(run: CountyRun, programs: list[Program], batches: dict[str, str]) -> None:
    for program in programs:
        paid = sum(one["paid"] for one in await _sets_of(run, batches[program.code]))
        if paid != len(program.people):
            raise RuntimeError(f"{program.code}: {paid} of {len(program.people)} lines were paid")

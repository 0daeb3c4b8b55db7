"""The officials of one county, scripted: the demonstration's stages without its harm, objections and silence."""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson

from bench.crowd import COUNTY
from demo import county, deploy, reference, regions, setup, township
from demo.client import Refused
from demo.progress import Stage
from demo.rosters import write_rosters
from demo.run import OPERATOR, Count, Run, Stuck

QUOTA_FEN = 100_000_000_00
AGENCY = {"processing_rate": 0.0, "delay_ms": 0}
BANK = {"fail_rate": 0.0, "unknown_rate": 0.0}
UPLOADS = 2
"""Rosters under way at once: each of them answers within the portal's minute, whatever the size of the run."""
POLL_S = 0.5
POLL_S_PER_LINE = 1 / 40_000
"""The lists that are looked at count all lines anew each time: who looks too often measures only that."""
PATIENCE_S = 600.0
"""A stage of a hundred thousand lines may be one long transaction in a room: its count stands still meanwhile."""


@dataclass(slots=True)
class Bench(Run):
    """A run for one county that notes when each stage began."""

    begun: list[tuple[str, float]] = field(default_factory=list)
    signed_again: set[str] = field(default_factory=set)

    @property
    def counties(self) -> list[str]:
        """The one county."""
        return [COUNTY]

    @property
    def silent(self) -> str:
        """Nobody is."""
        return ""

    async def begin(self, name: str) -> Stage:
        """Begin a stage; the one before ends with it."""
        self.begun.append((name, time.perf_counter()))
        return self.board.stage(name)

    async def wait(self, name: str, probe: Any, *, stage: Stage | None = None) -> None:
        """Poll until done = total. Raises Stuck after ten minutes without any change, or when a room ended."""
        stage = stage or await self.begin(name)
        last: Count | None = None
        changed = time.monotonic()
        while True:
            if name == "公示②":
                await self._sign_again()
            count = await probe()
            stage.show(*count)
            if count[0] >= count[1]:
                return
            if count != last:
                last, changed = count, time.monotonic()
            if ended := self.stack.check():
                raise Stuck(f"{name}: {ended[0].name} 意外退出 (ended):\n{ended[0].log_tail}")
            if time.monotonic() - changed > PATIENCE_S:
                raise Stuck(f"{name}: {count[0]}/{count[1]} {count[2]}; {await self.standstill()}")
            await asyncio.sleep(POLL_S + len(self.people.people) * POLL_S_PER_LINE)

    async def _sign_again(self) -> None:
        """部门审核 is refused when 测算 was still being written into the lines that the reviewer looked at."""
        for item in await self.items(node="department_review"):
            if item["id"] not in self.signed_again:
                self.signed_again.add(item["id"])
                who = f"county_reviewer@{item['region']}"
                path = f"/api/batch/v1/sets/{item['business_key']}/manifest"
                manifest = await self.portal.get(who, path, node=item["node"])
                await self.complete(who, item, "approve", root=manifest["root"])

    def stages_s(self, end: float) -> list[tuple[str, float]]:
        """Seconds of each stage, in order; `end` is when the last one was over."""
        ends = [at for _, at in self.begun[1:]] + [end]
        return [(name, over - at) for (name, at), over in zip(self.begun, ends, strict=True)]


async def prepare(run: Bench) -> dict[str, Path]:
    """Everything before the measurement: worlds, project, reference data, money, batch; the roster files."""
    await _worlds(run)
    await deploy.deploy(run.portal, OPERATOR, setup.PROJECT_FOLDER)
    files = await asyncio.to_thread(reference.write_all, run.people, run.options.run_dir / "reference", "csv")
    for kind, path in files.items():
        content = {"file": (path.name, path.read_bytes(), "text/csv")}
        await run.portal.post(OPERATOR, f"/api/verification/v1/reference/{kind}", files=content)
    for category, price in setup.PRICES.items():
        await setup.standard(run, COUNTY, category, price)
    await setup.quota(run, COUNTY, int(run.options.period[:4]), QUOTA_FEN, "1")
    await _open_batch(run)
    return await asyncio.to_thread(write_rosters, run.people, run.options.run_dir / "rosters")


async def _worlds(run: Bench) -> None:
    """The agency's cards and the bank's accounts; both answer at once and refuse nobody by chance."""
    async with httpx.AsyncClient(timeout=300, trust_env=False) as outside:
        for name, rows, behaviour in (
            ("agency", run.people.agency_world(), AGENCY),
            ("bank", run.people.bank_world(), BANK),
        ):
            url = run.stack.urls[name]
            lines = b"".join(orjson.dumps(row) + b"\n" for row in rows)
            (await outside.post(f"{url}/v1/world", content=lines)).raise_for_status()
            (await outside.post(f"{url}/v1/behaviour", json=behaviour)).raise_for_status()


async def _open_batch(run: Bench) -> None:
    """批次创建; the project reaches the batch room as an event, a moment after its deployment."""
    body = {"project": run.options.project, "period": run.options.period, "county": COUNTY}
    for _ in range(100):
        try:
            answer = await run.portal.post(f"county_handler@{COUNTY}", "/api/batch/v1/batches", body)
        except Refused as refused:
            if refused.slug != "unknown-project":
                raise
            await asyncio.sleep(0.2)
        else:
            run.batches[COUNTY] = str(answer["batch_id"])
            return
    raise Stuck("项目未送达批次室 (the project did not reach the batch room)")


async def pay_all(run: Bench, rosters: dict[str, Path]) -> None:
    """Roster upload to the last line paid. Raises RuntimeError when not every line was paid."""
    await _upload(run, rosters)
    await _listed(run)
    await _confirm_lists(run)
    await township.verified(run)
    slices = await _confirm(run)
    await township.hang(run, slices, 1, "公示①")
    await township.take_down(run, slices, 1, "公示①确认")
    await township.review(run, slices)
    sets = await county.open_sets(run)
    await county.settle(run, sets, send_one_back=False)
    paid = sum(one["paid"] for one in await county.all_sets(run))
    if paid != len(run.people.people):
        raise RuntimeError(f"{paid} of {len(run.people.people)} lines were paid")


async def _upload(run: Bench, rosters: dict[str, Path]) -> None:
    stage = await run.begin("名册导入")
    gate = asyncio.Semaphore(UPLOADS)

    async def one(place: str) -> None:
        content = {"file": (rosters[place].name, rosters[place].read_bytes())}
        path = f"/api/batch/v1/batches/{run.batches[COUNTY]}/rosters"
        async with gate:
            # An answer that took longer than a minute is asked for again, and found to be known.
            answer = await run.portal.post(
                f"township_handler@{place}", path, files=content, again=("roster-known",)
            )
        if answer.get("rejected"):
            raise RuntimeError(f"{answer['rejected']} rows of a faultless roster were refused")

    await run.together(one, rosters, stage)


async def _listed(run: Bench) -> None:
    async def listed() -> Count:
        path = f"/api/batch/v1/batches/{run.batches[COUNTY]}/candidates"
        found = await run.portal.get(f"county_handler@{COUNTY}", path, limit=1)
        return sum(found["counts"].values()), len(run.people.people), ""

    await run.wait("补贴清单", listed)


async def _confirm_lists(run: Bench) -> None:
    stage = await run.begin("清单确认")

    async def one(code: str) -> None:
        path = f"/api/batch/v1/batches/{run.batches[COUNTY]}/slices"
        await run.portal.post(f"township_handler@{code}", path, {"township": code, "application_ids": "all"})

    await run.together(one, [one.code for one in regions.at("township", COUNTY)], stage)


async def _confirm(run: Bench) -> set[str]:
    stage = await run.begin("乡镇确认")
    todo = await run.items(node="township_confirm")

    async def one(item: dict[str, Any]) -> None:
        await run.complete(f"township_handler@{item['region']}", item, "approve")

    await run.together(one, todo, stage)
    return {str(one["business_key"]) for one in todo}

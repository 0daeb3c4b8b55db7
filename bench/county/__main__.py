"""`make bench-county`: a county's year on a fresh system; `SCALE=60` (default) takes a sixtieth, `SCALE=1` all of it.

Small batches first, month by month (rosters, then carry-over), then the huge one; officials answer at once. Beside
it the floor of `bench.floor` over everything that was written. The last line is JSON.
"""

import asyncio
import json
import os
import re
import shutil
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import httpx
import orjson

from bench import floor, usage
from bench.county.desks import CountyRun
from bench.county.report import figures, show
from bench.county.shape import COUNTY, FIRST_PERIOD, SEED, Program, Shape, shape
from bench.county.wave import wave
from bench.officials import AGENCY, BANK
from demo import reference, setup
from demo.client import Portal
from demo.journal import Journal
from demo.options import Options
from demo.progress import Board
from demo.run import OPERATOR
from engine.folder import read_folder
from kit.clock import CHINA
from stack.paths import CHECKOUT, HOME
from stack.rooms import ROOMS, Stack
from stack.supervisor import ends_cleanly

START_DAY = 4
CALL = re.compile(r"<(?:\w+:)?callActivity\b[^>]*?\bid=\"([^\"]+)\"")
SCALE = 60.0
QUOTA_FEN = 100_000_000_00
PRICE = ("minimum_living", "50.00")
NODES = """
SELECT element, count(*) AS times, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS p50,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) AS p95, max(seconds) AS most
  FROM (SELECT element, what, extract(epoch FROM lead(at) OVER same - at)::float AS seconds,
               lead(what) OVER same AS next
          FROM history WHERE what IN ('entered', 'left')
        WINDOW same AS (PARTITION BY instance_id, element ORDER BY number)) AS step
 WHERE what = 'entered' AND next = 'left' AND element NOT IN (SELECT node FROM work_item)
   AND element <> ALL($1)
 GROUP BY element HAVING max(seconds) > 0.2 ORDER BY sum(seconds) DESC
"""
"""Seconds from entering to leaving the nodes where nobody acts: what the rooms take, waiting in line included."""


async def _prepare(run: CountyRun, wanted: Shape) -> None:
    """Worlds, reference lists, and every program with its standard and money."""
    for name, behaviour in (("agency", AGENCY), ("bank", BANK)):
        rows = run.people.agency_world() if name == "agency" else run.people.bank_world()
        async with httpx.AsyncClient(base_url=run.stack.urls[name], timeout=600, trust_env=False) as outside:
            content = b"".join(orjson.dumps(row) + b"\n" for row in rows)
            (await outside.post("/v1/world", content=content)).raise_for_status()
            (await outside.post("/v1/behaviour", json=behaviour)).raise_for_status()
    files = await asyncio.to_thread(reference.write_all, run.people, run.options.run_dir / "reference", "csv")
    for kind, path in files.items():
        sent = {"file": (path.name, path.read_bytes(), "text/csv")}
        await run.portal.post(OPERATOR, f"/api/verification/v1/reference/{kind}", files=sent)
    for program in (*wanted.programs, wanted.huge):
        await _program(run, program)


async def _program(run: CountyRun, program: Program) -> None:
    """The elderly project under another code."""
    files = {
        name: text
        for name, text in read_folder(setup.PROJECT_FOLDER).items()
        if not name.startswith("scenarios/")
    }
    files["project.toml"] = files["project.toml"].replace('code = "11810"', f'code = "{program.code}"')
    await run.portal.post(OPERATOR, "/api/orchestrator/v1/projects", {"files": files})
    category, price = PRICE
    place = {"project": program.code, "county": COUNTY}
    body = place | {"category": category, "unit_price": price, "valid_from": f"{FIRST_PERIOD[:4]}-01-01"}
    await run.portal.post(f"county_handler@{COUNTY}", "/api/payment/v1/standards", body)
    granted = place | {
        "year": int(FIRST_PERIOD[:4]),
        "amount_fen": QUOTA_FEN,
        "document_no": f"{program.code}号",
    }
    await run.portal.post(f"finance_reviewer@{COUNTY}", "/api/payment/v1/quotas", granted)


async def _year(run: CountyRun, wanted: Shape) -> dict[str, Any]:
    """All waves; seconds and lines of the small batches and of the huge one."""
    small = 0.0
    for number, period in enumerate(wanted.periods):
        _go_to(run, period)
        seconds = await wave(run, wanted.programs, period, rosters=number == 0)
        run.board.say(f"{period}: {len(wanted.programs)} 批 (batches), {seconds:.0f} s")
        small += seconds
    run.board.say(f"大批次 (the huge batch): {len(wanted.huge.people):,} 行 (lines)")
    stages = dict(run.spent)
    run.spent.clear()
    huge = await wave(run, [wanted.huge], wanted.periods[-1], rosters=True)
    lines = sum(len(one.people) for one in wanted.programs) * len(wanted.periods)
    return {
        "batches": len(wanted.programs) * len(wanted.periods), "lines": lines, "seconds": small,
        "stages": stages, "huge_lines": len(wanted.huge.people), "huge_seconds": huge,
        "huge_stages": dict(run.spent),
    }  # fmt: skip


def _go_to(run: CountyRun, period: str) -> None:
    """The business clock never goes back."""
    wanted = date(int(period[:4]), int(period[4:]), START_DAY)
    if (days := (wanted - run.today().date()).days) > 0:
        run.move_clock(days)


async def _measure(stack: Stack, options: Options, wanted: Shape, board: Board) -> dict[str, Any]:
    async def nothing(_name: str) -> None:
        """No planned faults."""

    with Journal(options.run_dir) as journal:
        portal = Portal(stack.urls["portal"], journal)
        try:
            run = CountyRun(options, stack, portal, wanted.everybody, board, nothing)
            await _prepare(run, wanted)
            before = usage.read(stack, os.getpid())
            found = await _year(run, wanted)
            after, busy = usage.read(stack, os.getpid()), await usage.sessions(stack.postgres.dsn)
        finally:
            await portal.close()
    found["cpu_s"] = {name: one.cpu_s - before[name].cpu_s for name, one in after.items() if name in before}
    found["peak_mib"] = {name: one.peak_mib for name, one in after.items()}
    found["sessions_s"] = busy
    found["nodes"] = await _rows(stack, "orchestrator", NODES, _blocks())
    sizes = "SELECT pg_database_size(current_database()) / 1048576.0 AS mib"
    found["database_mib"] = {room: (await _rows(stack, room, sizes))[0]["mib"] for room in ROOMS}
    return found


async def _rows(stack: Stack, room: str, sql: str, *args: Any) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(stack.dsns[room])
    try:
        return [
            {name: _plain(value) for name, value in row.items()} for row in await connection.fetch(sql, *args)
        ]
    finally:
        await connection.close()


def _blocks() -> list[str]:
    """Call activities: officials act inside them."""
    files = (CHECKOUT / "bpmn" / "library").glob("*.bpmn")
    return [name for one in files for name in CALL.findall(one.read_text(encoding="utf-8"))]


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def measure(scale: float, board: Board) -> dict[str, Any]:
    """A fresh system, the year, the floor; all deleted again but the figures."""
    wanted = shape(scale)
    logs = HOME / "bench" / f"county-{os.getpid()}"
    data = logs / "data"
    data.mkdir(parents=True)
    began = datetime(int(FIRST_PERIOD[:4]), int(FIRST_PERIOD[4:]), START_DAY, 9, 0, tzinfo=CHINA)
    try:
        with Stack(data_dir=data, run_dir=logs, say=board.say, business_now=began) as stack:
            options = Options(seed=SEED, period=FIRST_PERIOD, data_dir=data, run_dir=logs)
            found = asyncio.run(_measure(stack, options, wanted, board))
            stack.supervisor.stop_all()
            board.say("底线 (floor): COPY …")
            seconds, tables = asyncio.run(floor.measure(stack.postgres.dsn, list(ROOMS)))
    finally:
        shutil.rmtree(logs, ignore_errors=True)
    return found | {
        "scale": scale, "load": os.getloadavg(), "floor_s": seconds, "rows": sum(one.rows for one in tables),
        "bytes": sum(one.bytes for one in tables),
    }  # fmt: skip


def main() -> None:
    """Measure, show, keep."""
    scale = float(os.environ.get("SCALE") or SCALE)
    if scale < 1:
        raise SystemExit("SCALE 至少 1 (at least 1: the whole year)")
    with Board() as board, ends_cleanly():
        found = measure(scale, board)
    show(found)
    (HOME / "bench" / "county.json").write_text(
        json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8"
    )
    print(json.dumps(figures(found)))


if __name__ == "__main__":
    main()

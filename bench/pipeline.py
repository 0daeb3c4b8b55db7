"""`make bench-pipeline`: roster upload → last line paid through the whole running system, beside a floor.

`LINES=2000,20000,100000` names the sizes, each on a fresh system; `PROFILE=1` samples every room into the run's
folder, which stays. The last line is JSON.
"""

import asyncio
import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from bench import floor, usage
from bench.crowd import PERIOD, SEED, crowd
from bench.officials import Bench, pay_all, prepare
from demo.client import Portal
from demo.journal import Journal
from demo.options import Options
from demo.progress import Board
from kit.clock import CHINA
from stack.paths import HOME
from stack.rooms import ROOMS, Stack
from stack.supervisor import Service, ends_cleanly

START = datetime(2023, 5, 4, 9, 0, tzinfo=CHINA)
SIZES = "2000,20000,100000"


class ProfiledStack(Stack):
    """Every room under the sampler of `bench.profiled`."""

    def _room(self, name: str) -> Service:
        one = super()._room(name)
        told = {
            "DAOHU_BENCH_MODULE": one.module,
            "DAOHU_BENCH_PROFILE": str(self.run_dir / f"{name}.profile"),
        }
        return Service(
            one.name, module="bench.profiled", env={**one.env, **told}, health=one.health, cwd=one.cwd
        )


@dataclass(frozen=True)
class Result:
    """One size. Seconds are wall time; CPU of every process from the upload to the last line paid."""

    lines: int
    seconds: float
    stages: list[tuple[str, float]]
    cpu_s: dict[str, float]
    peak_mib: dict[str, float]
    sessions_s: dict[str, float]
    floor_s: float
    tables: list[floor.Table]

    def figures(self) -> dict[str, Any]:
        """For the last line."""
        rate, best = self.lines / self.seconds, self.lines / self.floor_s
        return {"per_s": round(rate, 1), "floor_per_s": round(best, 1), "ratio": round(best / rate, 1)}


def measure(lines: int, board: Board) -> Result:
    """A fresh system, everything paid once, stopped and deleted again."""
    logs = HOME / "bench" / f"{os.getpid()}-{lines}"  # its own: two measurements may run side by side
    data = logs / "data"
    data.mkdir(parents=True)
    kind = ProfiledStack if os.environ.get("PROFILE") else Stack
    try:
        with kind(data_dir=data, run_dir=logs, say=board.say, business_now=START) as stack:
            board.say(f"{lines} 行 (lines): 准备 (preparing)")
            options = Options(people=lines, seed=SEED, period=PERIOD, data_dir=data, run_dir=logs)
            result = asyncio.run(_run(lines, options, stack, board))
            stack.supervisor.stop_all()
            board.say("底线 (floor): COPY …")
            floor_s, tables = asyncio.run(floor.measure(stack.postgres.dsn, list(ROOMS)))
            return Result(**result, floor_s=floor_s, tables=tables)
    finally:
        shutil.rmtree(data if os.environ.get("PROFILE") else logs, ignore_errors=True)


async def _run(lines: int, options: Options, stack: Stack, board: Board) -> dict[str, Any]:
    async def nothing(_name: str) -> None:
        """No planned faults."""

    with Journal(options.run_dir) as journal:
        portal = Portal(stack.urls["portal"], journal)
        try:
            run = Bench(options, stack, portal, crowd(lines), board, nothing)
            rosters = await prepare(run)
            before, sessions = usage.read(stack, os.getpid()), await usage.sessions(stack.postgres.dsn)
            began = time.perf_counter()
            await pay_all(run, rosters)
            ended = time.perf_counter()
            after = usage.read(stack, os.getpid())
            busy = await usage.sessions(stack.postgres.dsn)
        finally:
            await portal.close()
    return {
        "lines": lines,
        "seconds": ended - began,
        "stages": run.stages_s(ended),
        "cpu_s": {name: one.cpu_s - before[name].cpu_s for name, one in after.items() if name in before},
        "peak_mib": {name: one.peak_mib for name, one in after.items()},
        "sessions_s": {name: seconds - sessions.get(name, 0.0) for name, seconds in busy.items()},
    }


def show(results: list[Result]) -> None:
    """The tables: rates, stages, processes, the largest tables."""
    sizes = "".join(f"{one.lines:>12,}" for one in results)
    print(f"\n{'行 (lines)':<34}{sizes}")
    _row("全程秒 (whole, s)", [one.seconds for one in results])
    _row("行/秒 (lines per s)", [one.lines / one.seconds for one in results])
    _row("毫秒/行 (ms per line)", [one.seconds / one.lines * 1000 for one in results], 2)
    _row("CPU 毫秒/行 (CPU ms per line)", [sum(one.cpu_s.values()) / one.lines * 1000 for one in results], 2)
    _row("底线秒 (floor, s)", [one.floor_s for one in results], 2)
    _row("底线行/秒 (floor, lines per s)", [one.lines / one.floor_s for one in results])
    _row("倍 (times the floor)", [one.seconds / one.floor_s for one in results])
    _row("表行数/行 (rows per line)", [sum(t.rows for t in one.tables) / one.lines for one in results], 2)
    _row("字节/行 (bytes per line)", [sum(t.bytes for t in one.tables) / one.lines for one in results], 0)
    _row("含索引 (on disk with indexes)", [sum(t.disk for t in one.tables) / one.lines for one in results], 0)
    print("\n各环节 (stages), 秒 (s)")
    for at, (name, _) in enumerate(results[0].stages):
        _row(name, [one.stages[at][1] for one in results])
    print("\n进程 (processes), CPU 秒 (s)")
    for name in sorted(results[-1].cpu_s, key=lambda name: -results[-1].cpu_s[name]):
        _row(name, [one.cpu_s.get(name, 0.0) for one in results])
    print("\nPostgreSQL 会话 (sessions), CPU 秒 (s)")
    for name in sorted(results[-1].sessions_s, key=lambda name: -results[-1].sessions_s[name]):
        _row(name, [one.sessions_s.get(name, 0.0) for one in results])
    print("\n内存峰值 (peak memory), MiB")
    for name in sorted(results[-1].peak_mib, key=lambda name: -results[-1].peak_mib[name]):
        _row(name, [one.peak_mib.get(name, 0.0) for one in results], 0)
    largest = sorted(results[-1].tables, key=lambda one: -one.seconds)[:15]
    print(f"\n最大的表 (largest tables), {results[-1].lines:,} 行 (lines): 行/行, 字节/行, COPY 秒")
    for one in largest:
        print(
            f"  {one.room + '.' + one.name:<32}{one.rows / results[-1].lines:>10.2f}"
            f"{one.bytes / results[-1].lines:>10.0f}{one.seconds:>10.2f}"
        )


def _row(name: str, values: list[float], digits: int = 1) -> None:
    wide = sum(1 for sign in name if sign > "\u2e80")  # takes two columns on a terminal
    print(f"  {name:<{32 - wide}}" + "".join(f"{value:>12,.{digits}f}" for value in values), flush=True)


def sizes_of(environ: Mapping[str, str]) -> list[int]:
    """`LINES` as numbers. Raises SystemExit for what is none, or below 100."""
    texts = [text.strip() for text in (environ.get("LINES") or SIZES).split(",")]
    if not all(text.isdecimal() and int(text) >= 100 for text in texts):
        raise SystemExit(
            "LINES 应为不小于 100 的整数，以逗号分隔 (whole numbers from 100, separated by commas)"
        )
    return [int(text) for text in texts]


def main() -> None:
    """Measure every size; the last line is JSON."""
    sizes = sizes_of(os.environ)
    with Board() as board, ends_cleanly():
        results = [measure(lines, board) for lines in sizes]
    show(results)
    keep = HOME / "bench" / "pipeline.json"
    keep.write_text(
        json.dumps([asdict(one) for one in results], ensure_ascii=False, indent=1), encoding="utf-8"
    )
    print(json.dumps({"lines": {str(one.lines): one.figures() for one in results}}))


if __name__ == "__main__":
    main()

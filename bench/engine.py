"""`make bench-engine`: the approval shape on our engine and on the naive way, same PostgreSQL, fsync on.

Latency is what one event waits for its commit, that is, the whole batch it came in. CPU counts this process
and the
whole server. The last line is JSON."""

import argparse
import asyncio
import gc
import json
import logging
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg

from bench import alone, approval, cpu
from bench.batched import Batched
from bench.naive import Naive
from stack.postgres import Postgres


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


async def measure(db: Any, label: str, way: Batched | Naive, cases: int) -> dict[str, Any]:
    backend = db.get_server_pid()
    before = cpu.seconds(backend)
    spent = await way.run(cases)
    used = cpu.seconds(backend) - before
    latency = [value for values in way.latency.values() for value in values]
    assert len(latency) == cases * approval.PER_CASE, "an event was lost or done twice"
    figures = {
        "per_s": round(cases / spent, 1),
        "p50_ms": round(percentile(latency, 0.50), 2),
        "p99_ms": round(percentile(latency, 0.99), 2),
        "cpu_ms": round(used / cases * 1000, 2),
    }
    print(
        f"{label:<44}{cases:>7}{figures['per_s']:>10}{len(latency) / spent:>10.0f}{figures['p50_ms']:>10}"
        f"{figures['p99_ms']:>10}{figures['cpu_ms']:>9}",
        flush=True,
    )
    return figures


def classes(way: Batched) -> None:
    print("\n每类事件 (each class of event), 批次 200 (batches of 200)")
    for kind in approval.EVENTS:
        values = way.latency[kind]
        print(
            f"  {kind:<10}{len(values):>8}   p50 {statistics.median(values) * 1000:7.2f} ms   p99 "
            f"{percentile(values, 0.99):7.2f} ms"
        )
    looked = way.hits + way.loads
    print(
        f"  状态 (state) {way.state_bytes / way.states:.0f} B; 缓存命中 (cache hits) {way.hits / looked:.0%}"
    )


async def run(dsn: str, cases: int, naive_cases: int) -> dict[str, Any]:
    db = await asyncpg.connect(dsn)
    try:
        print(f"{'':<44}{'cases':>7}{'cases/s':>10}{'events/s':>10}{'p50 ms':>10}{'p99 ms':>10}{'CPU ms':>9}")
        await Batched(db, 200, 500).run(300)  # warm up: code, server cache, prepared statements
        main = Batched(db, batch=200, cache=500)
        ours = await measure(db, "daohu, batch 200, cache for half", main, cases)
        await measure(db, "daohu, batch 200, always cold", Batched(db, 200, 0), cases)
        await measure(db, "daohu, batch 20, cache for half", Batched(db, 20, 500), cases)
        await measure(db, "daohu, commit per event, always cold", Batched(db, 1, 0), max(100, cases // 10))
        naive = await measure(db, "naive: stock Spiff, JSON, commit per event", Naive(db), naive_cases)
        classes(main)
        mine, theirs = alone.ours(main.program, 300), alone.stock(30)
        print(
            f"\n引擎本身 (engine alone; load, step, store; CPU per event): daohu {mine:.0f} µs,"
            f" stock {theirs:.0f} µs, {theirs / mine:.0f}×"
        )
        return {"approval": {"daohu": ours, "naive": naive}}
    finally:
        await db.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=3000)
    parser.add_argument("--naive-cases", type=int, default=150)
    parser.add_argument("--dsn", help="an external PostgreSQL; without it one is started from the wheel")
    options = parser.parse_args()
    logging.getLogger("spiff").setLevel(logging.WARNING)
    # Thousands of live cases make the default collector walk them all again and again (engine/README.md).
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    if options.dsn:
        print(json.dumps(asyncio.run(run(options.dsn, options.cases, options.naive_cases))))
        return
    with tempfile.TemporaryDirectory(prefix="daohu-bench-") as folder:
        server = Postgres(Path(folder) / "pg")
        begun = time.perf_counter()
        dsn = server.start()
        print(f"PostgreSQL 已启动 (started in {time.perf_counter() - begun:.1f} s, fsync on)", flush=True)
        try:
            print(json.dumps(asyncio.run(run(dsn, options.cases, options.naive_cases))))
        finally:
            server.wipe()


if __name__ == "__main__":
    main()

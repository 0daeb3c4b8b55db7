"""`make bench-nodes`: a slice of `LINES` (200,000) through each automatic node; `ROOMS=batch,payment` for some rooms.

A server of its own with fsync, a process of its own for each room, one after the other. The last line is JSON.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from bench.nodes import world
from bench.nodes.room import ROOMS
from simulators.tests.process import free_port, running
from stack import databases
from stack.brokers import choose_postgres
from stack.paths import CHECKOUT, HOME

LINES = 200_000
STDERR = 2000
GOAL_S = 600.0
"""Design target: any automatic node of a 200,000-line slice within ten minutes."""


@contextmanager
def _world(name: str, folder: Path, rows: Iterator[bytes], behaviour: dict[str, float]) -> Iterator[str]:
    """A simulator as its own process, its world loaded."""
    with running(f"simulators.{name}.app", folder / name, free_port()) as (client, _):
        address = str(client.base_url).rstrip("/")
        with httpx.Client(base_url=address, timeout=1800, trust_env=False) as loading:
            loading.post("/v1/world", content=rows).raise_for_status()
            loading.post("/v1/behaviour", json=behaviour).raise_for_status()
        yield address


def measure(
    lines: int, rooms: list[str], folder: Path, say: Callable[[str], None]
) -> tuple[list[dict[str, object]], list[str]]:
    """Every node of these rooms, and the rooms that did not come to their end."""
    server = choose_postgres(folder / "postgres")
    keys = folder / "keys"
    keys.mkdir(mode=0o700)
    figures: list[dict[str, object]] = []
    failed: list[str] = []
    try:
        server.start()
        for room in rooms:
            say(f"{room}: {lines:,} 行 (lines)")
            dsn = databases.create(server.dsn, {room: secrets.token_hex(8)})[room]
            with ExitStack() as around:
                agency, bank = beside(room, lines, folder, around)
                command = [sys.executable, "-m", "bench.nodes.room", room, str(lines)]
                command += ["--agency", agency, "--bank", bank]
                env = {
                    **os.environ,
                    "DAOHU_PROFILE": "development",
                    "DAOHU_DSN": dsn,
                    "DAOHU_KEY_DIR": str(keys),
                }
                done = subprocess.run(command, cwd=CHECKOUT, env=env, capture_output=True, text=True)
            found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
            show(found)
            figures += found
            if done.returncode:
                failed.append(room)
                say(done.stderr[-STDERR:])
            databases.drop(server.dsn, [room])
    finally:
        server.stop()
    return figures, failed


def beside(room: str, lines: int, folder: Path, around: ExitStack) -> tuple[str, str]:
    """The addresses of the agency and the bank that a room needs; their processes end with `around`."""
    if room == "card_matching":
        told = {"processing_rate": 0.0, "delay_ms": 0}
        return around.enter_context(_world("agency", folder, world.cards(lines), told)), ""
    if room == "payment":
        told = {"fail_rate": 0.0, "unknown_rate": 0.0}
        return "", around.enter_context(_world("bank", folder, world.accounts(lines), told))
    return "", ""


def show(figures: list[dict[str, object]]) -> None:
    """One row per node."""
    print(
        f"\n{'房间 (room)':<16}{'秒 s':>9}{'CPU s':>9}{'SQL CPU s':>11}{'内存峰值 MiB':>14}{'此前 before':>13}"
        f"{'会话 session':>14}  环节 (node)"
    )
    for one in figures:
        print(
            f"{one['room']:<18}{one['seconds']:>9.1f}{one['cpu_s']:>9.1f}{one['session_cpu_s']:>11.1f}"
            f"{one['peak_mib']:>16.0f}{one['before_mib']:>15.0f}{one['session_peak_mib']:>15.0f}  {one['node']}"
        )


def main() -> None:
    """Measure, show, keep; the last line is JSON."""
    lines = int(os.environ.get("LINES") or LINES)
    rooms = [one for one in (os.environ.get("ROOMS") or ",".join(ROOMS)).split(",") if one]
    if unknown := set(rooms) - set(ROOMS):
        raise SystemExit(f"没有此房间的测量 (not measured here): {', '.join(sorted(unknown))}")
    folder = HOME / "bench" / f"nodes-{os.getpid()}"
    folder.mkdir(parents=True)
    try:
        figures, failed = measure(lines, rooms, folder, lambda text: print(text, flush=True))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    (HOME / "bench" / "nodes.json").write_text(
        json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8"
    )
    slowest = max(figures, key=lambda one: float(str(one["seconds"])))
    seconds = float(str(slowest["seconds"]))
    told = {"lines": lines, "load": os.getloadavg()[0], "slowest": slowest["node"], "slowest_s": seconds}
    told |= {"within_goal": not failed and seconds < GOAL_S, "failed": failed}
    print(json.dumps(told, ensure_ascii=False))
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()

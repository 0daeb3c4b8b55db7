"""CPU seconds and peak memory of the processes of a running system, read from /proc."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench.cpu import TICKS
from stack.processes import descendants
from stack.rooms import Stack


@dataclass(frozen=True)
class Usage:
    """`peak_mib` counts memory that forked processes share in each of them."""

    cpu_s: float
    peak_mib: float


def read(stack: Stack, own: int) -> dict[str, Usage]:
    """Usage so far: rooms, simulators, servers and this process (its id is `own`) as `bench`."""
    names = stack.supervisor.names()
    found = {name: _usage([stack.supervisor.pid(name)]) for name in names}
    rooms = {stack.supervisor.pid(name) for name in names}
    for pid in descendants(own):
        command = _command(pid)
        if pid in rooms:
            continue
        if command == "java":
            found["kafka"] = _usage([pid])
        elif command == "postgres":
            found["postgres"] = found.get("postgres", Usage(0, 0))
            part = _usage([pid], ended=_command(_parent(pid)) != "postgres")
            known = found["postgres"]
            found["postgres"] = Usage(known.cpu_s + part.cpu_s, max(known.peak_mib, part.peak_mib))
    found["bench"] = _usage([own])
    return found


async def sessions(dsn: str) -> dict[str, float]:
    """CPU seconds of the sessions now open, by database: which room keeps PostgreSQL busy."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "SELECT datname, pid FROM pg_stat_activity WHERE datname IS NOT NULL AND pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()
    found: dict[str, float] = defaultdict(float)
    for row in rows:
        found[row["datname"]] += _usage([row["pid"]]).cpu_s
    return dict(found)


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _parent(pid: int) -> int:
    try:
        return int(_stat(pid)[1])
    except OSError:
        return 0


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _usage(pids: list[int], *, ended: bool = False) -> Usage:
    """Of these processes; with `ended` also of their children that have ended."""
    ticks, peak = 0, 0
    for pid in pids:
        try:
            ticks += sum(int(value) for value in _stat(pid)[11 : 15 if ended else 13])
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            continue  # it ended meanwhile
        peak = max([peak, *(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))])
    return Usage(ticks / TICKS, peak / 1024)

"""Seconds, CPU and peak memory of one node: this process, and the PostgreSQL sessions of its database."""

import contextlib
import gc
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench.cpu import TICKS

_MIB = 1024


@dataclass(frozen=True)
class Figure:
    """One node. Peaks are resident memory of the process, and of its largest session (shared buffers included)."""

    room: str
    node: str
    seconds: float
    cpu_s: float
    before_mib: float
    peak_mib: float
    session_cpu_s: float
    session_peak_mib: float


class Meter:
    """Measures nodes one after the other: `async with meter.node("verify_slice"): …`."""

    def __init__(self, room: str, dsn: str) -> None:
        self._room, self._dsn = room, dsn
        self.figures: list[Figure] = []

    @asynccontextmanager
    async def node(self, name: str) -> AsyncIterator[None]:
        """Measure what happens inside the block."""
        gc.collect()
        watched = await self._sessions()
        for pid in (os.getpid(), *watched):
            _forget_peak(pid)
        before, cpu = _memory(os.getpid(), "VmRSS"), time.process_time()
        busy = {pid: _cpu(pid) for pid in watched}
        began = time.perf_counter()
        yield
        seconds = time.perf_counter() - began
        ended = await self._sessions()
        self.figures.append(
            Figure(
                room=self._room,
                node=name,
                seconds=seconds,
                cpu_s=time.process_time() - cpu,
                before_mib=before,
                peak_mib=_memory(os.getpid(), "VmHWM"),
                session_cpu_s=sum(_cpu(pid) - busy.get(pid, 0.0) for pid in ended),
                session_peak_mib=max([_memory(pid, "VmHWM") for pid in ended], default=0.0),
            )
        )

    async def _sessions(self) -> list[int]:
        connection = await asyncpg.connect(self._dsn)
        try:
            rows = await connection.fetch(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        finally:
            await connection.close()
        return [row["pid"] for row in rows]


def _forget_peak(pid: int) -> None:
    """Begin the peak anew, where the kernel lets us (proc(5): clear_refs); else it is that of the whole run."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def _memory(pid: int, name: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0  # it ended meanwhile
    return max([int(line.split()[1]) / _MIB for line in lines if line.startswith(name + ":")], default=0.0)


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(value) for value in fields[11:13]) / TICKS

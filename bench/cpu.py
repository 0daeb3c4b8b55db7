"""CPU seconds of this process and of the PostgreSQL server it talks to, read from /proc."""

import os
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def server_seconds(backend: int) -> float:
    """User and system time of the whole server that a backend belongs to, sessions that ended included."""
    postmaster = int(_stat(backend)[1])
    ticks = sum(int(value) for value in _stat(postmaster)[11:15])
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = _stat(int(entry.name))
            except OSError:
                continue  # it ended between the listing and the reading
            if int(fields[1]) == postmaster:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


def seconds(backend: int) -> float:
    return time.process_time() + server_seconds(backend)

"""Kills every process group a supervisor started once that supervisor is gone, however it went.

One small process per supervisor holds the reading end of a pipe. Children write their own process group
into it before they exec; when the supervisor dies (SIGKILL too) the pipe closes and the groups are killed.
A parent-death signal would not do: it fires when the forking *thread* ends, and misses grandchildren.
"""

import os
import signal
import subprocess
import sys
from typing import Final

_OUR_PIPE: Final[dict[int, int]] = {}  # process id that opened it -> writing end


def pipe() -> int:
    """The descriptor to announce groups on; starts the reaper at first use in this process."""
    pid = os.getpid()
    if pid not in _OUR_PIPE:
        reading, writing = os.pipe()
        subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=reading,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        ).returncode = 0  # never waited for: it outlives us by design
        os.close(reading)
        _OUR_PIPE[pid] = writing
    return _OUR_PIPE[pid]


def announce(group: int) -> None:
    """Have `group` killed when this process ends."""
    os.write(pipe(), f"+{group}\n".encode())


def forget(group: int) -> None:
    """`group` has ended and been waited for: its number may be given to a stranger."""
    os.write(pipe(), f"-{group}\n".encode())


def _main() -> None:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        (groups.add if line[0] == "+" else groups.discard)(group)
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


if __name__ == "__main__":
    _main()

"""Starting and ending one process with all its descendants."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from stack import reaper


class Running(Protocol):
    """What is needed of a process to end it: a `Popen`, or one of the fork server's."""

    pid: int

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...


def spawn(
    argv: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: str | Path = "/",
    uid: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start `argv` as the leader of its own group, output appended to `log`, to die with this process."""
    log.parent.mkdir(parents=True, exist_ok=True)
    announce_on = reaper.pipe()

    def before_exec() -> None:
        # Announced by the child itself, so that no instant exists in which it runs unannounced.
        os.setsid()
        os.write(announce_on, b"+%d\n" % os.getpid())
        if uid is not None:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)

    with log.open("ab") as out:
        return subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            preexec_fn=before_exec,
        )


def descendants(pid: int) -> list[int]:
    """Every living descendant of `pid`: servers such as PostgreSQL move their children to other groups."""
    parents: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        with contextlib.suppress(OSError, ValueError, IndexError):
            stat = Path(f"/proc/{entry}/stat").read_text()
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry))
    found: list[int] = []
    queue = [pid]
    while queue:
        children = parents.get(queue.pop(), [])
        found += children
        queue += children
    return found


def kill(process: Running) -> None:
    """SIGKILL the process, its group and all descendants; returns when the process is gone."""
    if process.poll() is None:
        others = descendants(process.pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        for pid in others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        _wait_gone(others)
    reaper.forget(process.pid)


def stop(process: Running, *, sig: int = signal.SIGTERM, grace: float = 10.0) -> None:
    """Ask the process to end with `sig` (0: it has been asked); after `grace` seconds kill it and its descendants."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(sig)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace)
    if process.poll() is None:
        kill(process)
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # what the leader may have left behind
    reaper.forget(process.pid)


def _wait_gone(pids: Sequence[int], limit: float = 5.0) -> None:
    until = time.monotonic() + limit
    while time.monotonic() < until and any(alive(pid) for pid in pids):
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Not even a zombie waiting for init."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, for the text of an error."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])

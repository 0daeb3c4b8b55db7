"""The supervisor's side of the fork server: start it, ask for processes, follow them to their end."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from stack import processes, reaper
from stack.paths import CHECKOUT, StackError


class Forked:
    """A process of the fork server; the part of `subprocess.Popen` that the supervisor needs."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.ended = threading.Event()

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end. Raises subprocess.TimeoutExpired."""
        if not self.ended.wait(timeout) or self.returncode is None:
            raise subprocess.TimeoutExpired([str(self.pid)], timeout or 0.0)
        return self.returncode

    def send_signal(self, sig: int) -> None:
        """Send a signal while it runs."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, sig)


class ForkServer:
    """One process with the libraries imported. `begin()` returns at once; the first `spawn` waits for it."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._server: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[int] = queue.Queue()
        self._lock = threading.Lock()
        self._telling = threading.Lock()
        self._children: dict[int, Forked] = {}
        self._early: dict[int, int] = {}
        self._reaper_fd = -1

    def begin(self) -> None:
        """Start it; it imports while others start."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        announce_on = reaper.pipe()
        self._reaper_fd = announce_on

        def before_exec() -> None:
            os.setsid()
            os.write(announce_on, b"+%d\n" % os.getpid())

        with self._log.open("ab") as log:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "stack.forkserver"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                cwd=CHECKOUT, env=python_env(), pass_fds=(announce_on,), preexec_fn=before_exec,
            )  # fmt: skip
        threading.Thread(target=self._listen, args=(self._server.stdout,), daemon=True).start()

    def spawn(self, name: str, module: str, *, env: Mapping[str, str], log: Path, cwd: Path) -> Forked:
        """Fork a process that runs `module`."""
        assert self._server is not None
        assert self._server.stdin is not None
        log.parent.mkdir(parents=True, exist_ok=True)
        request = {
            "name": name, "module": module, "env": dict(env), "log": str(log), "cwd": str(cwd),
            "reaper": self._reaper_fd,
        }  # fmt: skip
        with self._lock:
            try:
                self._server.stdin.write(json.dumps(request).encode() + b"\n")
                self._server.stdin.flush()
                pid = self._answers.get(timeout=60)
            except (OSError, queue.Empty) as problem:
                raise StackError(f"fork server: {problem!r}\n{processes.tail(self._log)}") from problem
            child = Forked(pid)
            with self._telling:
                self._children[pid] = child
                if pid in self._early:
                    self._end(self._children.pop(pid), self._early.pop(pid))
        return child

    def stop(self) -> None:
        """End the server itself; the services have been stopped before."""
        if self._server is None:
            return
        if self._server.stdin is not None:
            with contextlib.suppress(OSError):
                self._server.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._server.wait(2)
        if self._server.poll() is None:
            self._server.send_signal(signal.SIGKILL)
            self._server.wait()
        reaper.forget(self._server.pid)
        self._server = None

    def _listen(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                message = json.loads(line)
                if "pid" in message:
                    self._answers.put(message["pid"])
                elif "ended" in message:
                    with self._telling:
                        child = self._children.pop(message["ended"], None)
                        if child is None:  # ended before `spawn` could note it
                            self._early[message["ended"]] = message["code"]
                        else:
                            self._end(child, message["code"])
        # The server is gone, and its children's ends will not be told: look for ourselves.
        for child in list(self._children.values()):
            while processes.alive(child.pid):
                time.sleep(0.1)
            self._end(child, -1)

    @staticmethod
    def _end(child: Forked, code: int) -> None:
        child.returncode = code
        child.ended.set()


def python_env() -> dict[str, str]:
    """Our environment for a Python child; byte code is kept (without it a start takes thrice as long)."""
    dropped = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return kept | {"PYTHONUNBUFFERED": "1"}

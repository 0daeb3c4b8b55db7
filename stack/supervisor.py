"""Starts, watches, kills, restarts and in the end stops processes, each in its own group with its own log."""

import contextlib
import http.client
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from stack import processes
from stack.forked import Forked, ForkServer, python_env
from stack.paths import CHECKOUT, StackError

Say = Callable[[str], None]


@dataclass(frozen=True)
class Service:
    """A process to run: a Python module (forked) or a command line; ready when `health` answers 200."""

    name: str
    module: str = ""
    argv: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    health: str = ""
    cwd: Path = CHECKOUT


@dataclass(frozen=True)
class Exit:
    """A process that ended although nobody asked it to."""

    name: str
    code: int
    log_tail: str


class Supervisor:
    """Use as a context manager: whatever happens inside, everything started is stopped at the end.

    `restart_ended` makes `check()` start unexpectedly ended processes again instead of only telling them.
    """

    def __init__(self, log_dir: Path, *, say: Say = lambda _: None, restart_ended: bool = False) -> None:
        self.log_dir = log_dir
        self._say = say
        self._restart_ended = restart_ended
        self._services: dict[str, Service] = {}
        self._running: dict[str, subprocess.Popen[bytes] | Forked] = {}
        self._lock = threading.RLock()
        self.forks = ForkServer(log_dir / "forkserver.log")
        self._forking = False

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_all()

    def preload(self) -> None:
        """Begin to import the heavy libraries; worthwhile while a database or broker starts."""
        if not self._forking:
            self.forks.begin()
            self._forking = True

    def log(self, name: str) -> Path:
        """The log of a process."""
        return self.log_dir / f"{name}.log"

    def pid(self, name: str) -> int:
        """The process id of a running service."""
        return self._running[name].pid

    def names(self) -> list[str]:
        """All services, in the order in which they were first started."""
        return list(self._services)

    def start(self, service: Service) -> None:
        """Start without waiting."""
        with self._lock:
            self._services[service.name] = service
            env = python_env() | dict(service.env)
            log = self.log(service.name)
            if service.module:
                self.preload()
                self._running[service.name] = self.forks.spawn(
                    service.name, service.module, env=env, log=log, cwd=service.cwd
                )
            else:
                self._running[service.name] = processes.spawn(service.argv, log=log, env=env, cwd=service.cwd)

    def wait_ready(self, names: Iterable[str], limit: float = 60.0) -> None:
        """Until every named service's health answers 200. Raises StackError with who did not, and its log."""
        waiting, total, started = list(names), len(self._services), time.monotonic()
        wanted = len(waiting)
        while waiting:
            for name in list(waiting):
                code = self._running[name].poll()
                if code is not None:
                    raise StackError(f"{name} 已退出 (ended, {code}):\n{processes.tail(self.log(name), 30)}")
                health = self._services[name].health
                if not health or answers(health):
                    waiting.remove(name)
                    seconds = time.monotonic() - started
                    self._say(f"  就绪 {wanted - len(waiting)}/{wanted} {name} (ready, {seconds:.1f} s)")
            if waiting and time.monotonic() - started > limit:
                logs = "\n".join(processes.tail(self.log(name), 10) for name in waiting)
                raise StackError(f"未就绪 (not ready of {total}): {', '.join(waiting)}\n{logs}")
            if waiting:
                time.sleep(0.05)

    def kill(self, name: str) -> None:
        """SIGKILL a service with all its descendants."""
        with self._lock:
            processes.kill(self._running.pop(name))

    def stop(self, name: str, grace: float = 10.0) -> None:
        """Ask a service to end, kill it when it does not."""
        with self._lock:
            if (process := self._running.pop(name, None)) is not None:
                processes.stop(process, grace=grace)

    def restart(self, name: str, *, wait: float = 60.0) -> None:
        """Stop it if it runs, start it again, wait until it is ready."""
        self.stop(name)
        self.start(self._services[name])
        self.wait_ready([name], wait)

    def check(self) -> list[Exit]:
        """Services that ended by themselves since the last call (started again under `restart_ended`)."""
        ended = []
        with self._lock:
            for name, process in list(self._running.items()):
                code = process.poll()
                if code is not None:
                    processes.stop(self._running.pop(name))
                    ended.append(Exit(name, code, processes.tail(self.log(name))))
            if self._restart_ended:
                for one in ended:
                    self.start(self._services[one.name])
        return ended

    def stop_all(self, grace: float = 8.0) -> None:
        """Ask all to end at once, then wait; those that do not are killed."""
        with self._lock:
            for process in self._running.values():
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)
            until = time.monotonic() + grace
            for process in self._running.values():
                # They have been asked; asking twice would interrupt what they do to end in order.
                processes.stop(process, sig=0, grace=max(0.1, until - time.monotonic()))
            self._running.clear()
            if self._forking:
                self.forks.stop()
                self._forking = False


def answers(url: str, timeout: float = 1.0) -> bool:
    """Whether a GET of this http URL answers 200."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Stopped(SystemExit):
    """The command was asked to end (SIGTERM, SIGHUP); raised so that `with` blocks clean up."""


@contextmanager
def ends_cleanly() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into an exception, once; a second signal cannot interrupt the cleaning up."""

    def handler(number: int, _frame: object) -> None:
        for later in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(later, signal.SIG_IGN)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise Stopped(128 + number)

    assert threading.current_thread() is threading.main_thread()
    old = {
        number: signal.signal(number, handler) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, before in old.items():
            signal.signal(number, before)

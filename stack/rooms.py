"""Brings up the whole system on one machine: PostgreSQL, broker, simulators and rooms, in the right order."""

import contextlib
import json
import os
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from stack import databases
from stack.brokers import Broker, Database, capabilities, choose_broker, choose_postgres
from stack.paths import HOME, free_port
from stack.supervisor import Exit, Service, Supervisor

ROOMS: Final = (
    "registry", "application", "batch", "verification", "card_matching",
    "publicity", "grievance", "payment", "supervision", "orchestrator", "exchange", "portal",
)  # fmt: skip
SIMULATORS: Final = ("agency", "bank")
POSTGRES: Final = "postgres"
BROKER: Final = "broker"

Say = Callable[[str], None]
_READY_PATH = "/health/ready"


class Stack:
    """The running system; a context manager that stops whatever it started.

    `data_dir` survives (databases, topics, the simulators' books, development keys); `run_dir` holds
    this run's logs and `stack.json`. `env` goes to every room, `room_env` to one of them (by name).
    """

    def __init__(
        self,
        *,
        data_dir: Path = HOME / "data",
        run_dir: Path | None = None,
        say: Say = lambda _: None,
        business_now: datetime | None = None,
        rooms: Iterable[str] = ROOMS,
        simulators: Iterable[str] = SIMULATORS,
        env: Mapping[str, str] | None = None,
        room_env: Mapping[str, Mapping[str, str]] | None = None,
        portal_port: int = 0,
        fast: bool = False,
        restart_ended: bool = False,
    ) -> None:
        self.data_dir = Path(data_dir).resolve()
        self.run_dir = run_dir or HOME / "run" / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}"  # noqa: TID251 - a folder's name
        self.run_dir = self.run_dir.resolve()
        self.log_dir = self.run_dir / "logs"
        self._say = say
        self._business_now = business_now
        self._rooms = tuple(rooms)
        self._simulators = tuple(simulators)
        self._env = dict(env or {})
        self._room_env = dict(room_env or {})
        self._portal_port = portal_port
        self._fast = fast
        self.supervisor = Supervisor(self.log_dir, say=say, restart_ended=restart_ended)
        self.postgres: Database
        self.broker: Broker
        self.urls: dict[str, str] = {}
        self.dsns: dict[str, str] = {}

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def business_clock_file(self) -> Path:
        """Holds the business time all rooms share; rewritten by whoever moves it (development only)."""
        return self.data_dir / "business-clock"

    @property
    def key_dir(self) -> Path:
        """The development keys, made by the first room that needs one."""
        return self.data_dir / "keys"

    def simulator_dir(self, name: str) -> Path:
        """The folder with the simulator's own book."""
        return self.data_dir / "simulators" / name

    def start(self) -> None:
        """Servers first (together), then simulators and rooms (together); returns when all are ready."""
        began = time.monotonic()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.log_dir.mkdir(parents=True, exist_ok=True)
        self.key_dir.mkdir(mode=0o700, exist_ok=True)
        self.start_servers()
        self._set_clock()
        self._give_addresses()
        services = [self._simulator(name) for name in self._simulators] + [
            self._room(name) for name in self._rooms
        ]
        for service in services:
            self.supervisor.start(service)
        self._write_state()
        # A busy machine is slow; what dies is told at once, whatever the limit.
        self.supervisor.wait_ready([service.name for service in services], limit=240)
        self._say(f"系统就绪 (everything is ready): {time.monotonic() - began:.1f} s")

    def start_servers(self) -> None:
        """PostgreSQL and the broker; the fork server imports meanwhile."""
        began = time.monotonic()
        self.broker = self._choose_broker()
        self.postgres = choose_postgres(
            self.data_dir / "postgres", log=self.log_dir / "postgres.log", fast=self._fast
        )
        self.broker.begin()
        self.supervisor.preload()
        self.postgres.start()
        self.dsns = databases.create(self.postgres.dsn, {name: secrets.token_hex(12) for name in self._rooms})
        self._say(f"  就绪 PostgreSQL (ready, {time.monotonic() - began:.1f} s)")
        self.broker.wait()
        self._say(f"  就绪 消息服务 {self.broker_label} (broker ready, {time.monotonic() - began:.1f} s)")

    def _choose_broker(self) -> Broker:
        """Not yet started; tests choose another."""
        return choose_broker(self.data_dir / "kafka", say=self._say, log=self.log_dir / "broker.log")

    @property
    def broker_label(self) -> str:
        """The broker's kind for people and reports."""
        return {"kafka": "Apache Kafka", "wheel": "wheel broker (memory only)"}[self.broker.kind]

    def kill(self, name: str) -> None:
        """SIGKILL a room, a simulator, `postgres` or `broker`."""
        server = self._server(name)
        server.kill() if server else self.supervisor.kill(name)

    def restart(self, name: str, *, wait: float = 60.0) -> None:
        """Start it again (same address), stopping it first if it runs; returns when it is ready."""
        server = self._server(name)
        if server is None:
            self.supervisor.restart(name, wait=wait)
        else:
            server.stop()
            server.start()

    def wipe_broker(self) -> None:
        """The broker comes back empty, at the same address: the outboxes must rebuild the topics."""
        self.broker.wipe()
        self.broker.start()

    def check(self) -> list[Exit]:
        """What ended by itself since the last call."""
        return self.supervisor.check()

    def log(self, name: str) -> Path:
        """The log of a room, a simulator, `postgres` or `broker`."""
        return self.supervisor.log(name)

    def stop(self) -> None:
        """Rooms first, so that they end their work in order; then the servers."""
        self.supervisor.stop_all()
        for server in (getattr(self, "broker", None), getattr(self, "postgres", None)):
            if server is not None:
                server.stop()
        with contextlib.suppress(FileNotFoundError):
            (self.run_dir / "stack.json").unlink()

    def _server(self, name: str) -> Broker | Database | None:
        if name == BROKER:
            return self.broker
        return self.postgres if name == POSTGRES else None

    def _set_clock(self) -> None:
        if self._business_now is not None:
            wall = datetime.now(UTC)  # noqa: TID251 - the anchor that gives all rooms the same offset
            self.business_clock_file.write_text(f"{self._business_now.isoformat()}@{wall.isoformat()}")

    def _give_addresses(self) -> None:
        for name in (*self._simulators, *self._rooms):
            port = self._portal_port if name == "portal" and self._portal_port else free_port()
            self.urls[name] = f"http://127.0.0.1:{port}"

    def _simulator(self, name: str) -> Service:
        folder = self.simulator_dir(name)
        folder.mkdir(parents=True, exist_ok=True)
        env = self._common(name) | {"DAOHU_DATA_DIR": str(folder)}
        return Service(name, module=f"simulators.{name}.app", env=env, health=self.urls[name] + _READY_PATH)

    def _room(self, name: str) -> Service:
        env = self._common(name) | {
            "DAOHU_DSN": self.dsns[name],
            "DAOHU_KAFKA_BOOTSTRAP": self.broker.bootstrap,
            "DAOHU_KAFKA_IDEMPOTENT": str("idempotent_producer" in capabilities(self.broker.kind)).lower(),
            "DAOHU_ROOM_URLS": json.dumps({room: self.urls[room] for room in self._rooms}),
            "DAOHU_KEY_DIR": str(self.key_dir),
            "DAOHU_AGENCY_URL": self.urls.get("agency", ""),
            "DAOHU_BANK_URL": self.urls.get("bank", ""),
        }
        return Service(name, module=f"services.{name}.app", env=env, health=self.urls[name] + _READY_PATH)

    def _common(self, name: str) -> dict[str, str]:
        return {
            "DAOHU_PROFILE": "development",
            "DAOHU_PORT": self.urls[name].rpartition(":")[2],
            "DAOHU_BUSINESS_CLOCK_FILE": str(self.business_clock_file),
            **self._env,
            **self._room_env.get(name, {}),
        }

    def _write_state(self) -> None:
        """For other commands on this machine (readable by its owner alone: it holds the rooms' passwords)."""
        path = self.run_dir / "stack.json"
        path.touch(mode=0o600)
        state = {
            "pid": os.getpid(), "urls": self.urls, "dsns": self.dsns, "postgres": self.postgres.dsn,
            "bootstrap": self.broker.bootstrap, "broker": self.broker.kind, "data_dir": str(self.data_dir),
            "logs": str(self.log_dir), "key_dir": str(self.key_dir),
        }  # fmt: skip
        path.write_text(json.dumps(state, indent=1))

"""Which broker and which PostgreSQL to use, and what each kind of broker can do.

What is given by setting comes first; then (in tests) a container where Docker answers; then our own.
"""

import os
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

from stack import kafka
from stack.containers import ContainerKafka, ContainerPostgres, docker_answers
from stack.kafka import Kafka
from stack.paths import StackError
from stack.postgres import Postgres
from stack.wheelbroker import WheelBroker

Say = Callable[[str], None]

# Measured with our client on each kind. Tests of a capability run on the kinds that have it, and only
# those cases are left out elsewhere; durability is claimed on Apache Kafka alone.
CAPABILITIES: Final = MappingProxyType(
    {
        "kafka": frozenset(
            {
                "durable",
                "idempotent_producer",
                "transactions",
                "end_offsets",
                "group_admin",
                "quick_rebalance",
            }
        ),
        "wheel": frozenset[str](),
    }
)


class Broker(Protocol):
    """What the stack can do with a broker, whatever its kind."""

    kind: str

    @property
    def bootstrap(self) -> str: ...
    @property
    def running(self) -> bool: ...
    def begin(self) -> None: ...
    def wait(self, limit: float = ...) -> None: ...
    def start(self, limit: float = ...) -> str: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def wipe(self) -> None: ...


class Database(Protocol):
    """What the stack can do with a PostgreSQL server."""

    @property
    def dsn(self) -> str: ...
    @property
    def running(self) -> bool: ...
    def start(self, limit: float = ...) -> str: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def wipe(self) -> None: ...


class External:
    """A server given by setting: not ours to start, stop or kill."""

    kind = "kafka"
    running = True

    def __init__(self, address: str) -> None:
        self.dsn = self.bootstrap = address

    def begin(self) -> None:
        """It runs already."""

    def wait(self, limit: float = 30.0) -> None:
        """Nothing to wait for; the rooms' own readiness tells whether it answers."""

    def start(self, limit: float = 30.0) -> str:
        """The given address."""
        return self.dsn

    def stop(self) -> None:
        """Left as it is."""

    def kill(self) -> None:
        """Refused: the server belongs to somebody else."""
        raise StackError("外部服务不由本命令停止 (an external server is not ours to kill)")

    def wipe(self) -> None:
        """Refused: the server belongs to somebody else."""
        raise StackError("外部服务的数据不由本命令清除 (an external server's data are not ours to delete)")


def capabilities(kind: str) -> frozenset[str]:
    """What a broker of this kind can do."""
    return CAPABILITIES[kind]


def choose_broker(
    data_dir: Path, *, say: Say = print, log: Path | None = None, tests: bool = False
) -> Broker:
    """The broker to use, not yet started. DAOHU_BROKER=kafka|wheel forces an embedded kind."""
    forced = os.environ.get("DAOHU_BROKER", "")
    if forced not in ("", "kafka", "wheel"):
        raise StackError(f"DAOHU_BROKER={forced}: kafka | wheel")
    if not forced and (given := os.environ.get("DAOHU_KAFKA_BOOTSTRAP")):
        return External(given)
    if not forced and tests and docker_answers():
        return ContainerKafka()
    if forced != "wheel":
        lacking = kafka.available(say)
        if lacking is None:
            return Kafka(data_dir, log=log, say=say)
        if forced:
            raise StackError(lacking)
        say(f"注意：Apache Kafka 不可用，改用轮子消息服务，只在内存 (wheel broker, memory only): {lacking}")
    return WheelBroker(data_dir, log=log)


def choose_postgres(
    data_dir: Path, *, log: Path | None = None, fast: bool = False, tests: bool = False
) -> Database:
    """The PostgreSQL server to use, not yet started. DAOHU_POSTGRES_DSN names one (its superuser)."""
    if given := os.environ.get("DAOHU_POSTGRES_DSN"):
        return External(given)
    if tests and docker_answers():
        return ContainerPostgres()
    return Postgres(data_dir, log=log, fast=fast)

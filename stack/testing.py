"""Fixtures for every test that needs a real server: started at first use, one of each per session.

Enabled for all tests by the root `conftest.py`. Databases, topics and groups are never shared between tests:
take a new database from `postgres_dsn_factory`, and put `unique()` into topic and group names.
"""

import itertools
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack import databases, kafka
from stack.brokers import Broker, Database, External, choose_broker, choose_postgres
from stack.kafka import Kafka
from stack.postgres import Postgres
from stack.wheelbroker import WheelBroker

_numbers = itertools.count(1)


def unique(prefix: str = "t") -> str:
    """A name no other test of this or another session uses; fit for databases, topics and groups."""
    return f"{prefix}_{next(_numbers)}_{secrets.token_hex(3)}"


class TestServer:
    """The session's PostgreSQL server."""

    __test__ = False  # not a test class, whatever its name looks like

    def __init__(self, server: Database) -> None:
        self.server = server
        self.made: list[str] = []

    @property
    def dsn(self) -> str:
        """The superuser's address."""
        return self.server.dsn

    def create_database(self, name: str | None = None) -> str:
        """A new, empty database owned by a role of the same name; returns that role's DSN."""
        name = name or unique("db")
        self.made.append(name)
        return databases.create(self.server.dsn, {name: secrets.token_hex(8)})[name]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    """The session's PostgreSQL server: by setting, in a container, or embedded."""
    server = choose_postgres(tmp_path_factory.mktemp("postgres") / "data", fast=True, tests=True)
    server.start()
    tested = TestServer(server)
    yield tested
    if isinstance(server, External):
        databases.drop(server.dsn, tested.made)
    else:
        server.wipe()


@pytest.fixture(scope="session")
def postgres_dsn_factory(postgres: TestServer) -> Callable[[], str]:
    """Each call makes a new, empty database and returns its DSN (postgresql://…)."""
    return postgres.create_database


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[Postgres]:
    """A server of the test's own, to be killed and restarted."""
    server = Postgres(tmp_path / "data", fast=True)
    server.start()
    yield server
    server.wipe()


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The session's Apache Kafka: by setting, in a container, or embedded. Skips where none can be had."""
    broker = choose_broker(tmp_path_factory.mktemp("kafka") / "data", say=lambda _: None, tests=True)
    if broker.kind != "kafka":
        pytest.skip("Apache Kafka cannot be had here: not run")
    broker.start()
    yield broker
    if isinstance(broker, External):
        broker.stop()
    else:
        broker.wipe()


@pytest.fixture(scope="session")
def wheel_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The session's wheel broker (memory only)."""
    broker = WheelBroker(tmp_path_factory.mktemp("wheel") / "data")
    broker.start()
    yield broker
    broker.wipe()


@pytest.fixture(scope="session")
def kafka_bootstrap(kafka_broker: Broker) -> str:
    """Address of the session's Apache Kafka."""
    return kafka_broker.bootstrap


@pytest.fixture(scope="session")
def wheel_bootstrap(wheel_broker: Broker) -> str:
    """Address of the session's wheel broker."""
    return wheel_broker.bootstrap


@pytest.fixture(scope="session", params=["kafka", "wheel"])
def broker(request: pytest.FixtureRequest) -> Broker:
    """Runs the test on both kinds; leave cases out by `stack.brokers.capabilities(broker.kind)` only."""
    chosen: Broker = request.getfixturevalue(f"{request.param}_broker")
    return chosen


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Callable[[str], Broker]]:
    """`own_broker("kafka" | "wheel")`: a started broker of the test's own, to be killed or wiped."""
    made: list[Broker] = []

    def make(kind: str) -> Broker:
        folder = tmp_path / f"broker-{len(made)}" / "data"
        if kind == "kafka" and (lacking := kafka.available()):
            pytest.skip(f"Apache Kafka cannot be had here, not run: {lacking}")
        one: Broker = Kafka(folder) if kind == "kafka" else WheelBroker(folder)
        made.append(one)
        one.start()
        return one

    yield make
    for one in made:
        one.wipe()

"""PostgreSQL and Kafka as containers, for tests on machines where Docker answers (testcontainers)."""

import shutil
import subprocess
from functools import cache
from typing import Any

from stack.paths import StackError


@cache
def docker_answers() -> bool:
    """Whether a container engine is there; asked once, in well under a second."""
    if shutil.which("docker") is None:
        return False
    try:
        return subprocess.run(["docker", "info"], capture_output=True, timeout=5, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


class _Container:
    """The common part: started once, removed at the end."""

    def __init__(self) -> None:
        self._container: Any = None

    @property
    def running(self) -> bool:
        """Whether the container was started."""
        return self._container is not None

    def stop(self) -> None:
        """Stop and remove the container."""
        if self._container is not None:
            self._container.stop()
            self._container = None

    def kill(self) -> None:
        """Not offered: a removed container would come back empty, at another address."""
        raise StackError("容器不支持 kill (kill and restart need the embedded server)")

    def wipe(self) -> None:
        """Remove the container with its data."""
        self.stop()


class ContainerKafka(_Container):
    """Apache Kafka in a container."""

    kind = "kafka"

    @property
    def bootstrap(self) -> str:
        """host:port for clients."""
        return str(self._container.get_bootstrap_server())

    def begin(self) -> None:
        """Start the container; it waits for readiness itself."""
        from testcontainers.community.kafka import KafkaContainer

        # Topics are created on purpose, as on our own broker; a misspelt name must not make one.
        self._container = KafkaContainer().with_kraft().with_env("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
        self._container.start()

    def wait(self, limit: float = 60.0) -> None:
        """Ready since `begin`."""

    def start(self, limit: float = 60.0) -> str:
        """Start the container; returns its address."""
        self.begin()
        return self.bootstrap


class ContainerPostgres(_Container):
    """PostgreSQL in a container."""

    @property
    def dsn(self) -> str:
        """The superuser's address."""
        return str(self._container.get_connection_url(driver=None))

    def start(self, limit: float = 60.0) -> str:
        """Start the container; returns the superuser's DSN."""
        from testcontainers.community.postgres import PostgresContainer

        self._container = PostgresContainer("postgres:18", username="postgres", dbname="postgres")
        self._container.start()
        return self.dsn

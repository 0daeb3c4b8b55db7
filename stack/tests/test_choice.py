"""Which broker and database are taken, and that only the pinned jars are trusted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stack import artifacts, brokers, kafka
from stack.artifacts import Jar
from stack.brokers import External, choose_broker, choose_postgres
from stack.java import java_version
from stack.kafka import Kafka
from stack.paths import StackError, free_port
from stack.postgres import Postgres
from stack.wheelbroker import WheelBroker


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DAOHU_KAFKA_BOOTSTRAP", "DAOHU_POSTGRES_DSN", "DAOHU_BROKER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(brokers, "docker_answers", lambda: False)


def test_given_servers_are_taken_and_never_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAOHU_KAFKA_BOOTSTRAP", "kafka.example:9092")
    monkeypatch.setenv("DAOHU_POSTGRES_DSN", "postgresql://me@db.example/postgres")
    broker, database = choose_broker(tmp_path), choose_postgres(tmp_path)
    assert broker.start() == "kafka.example:9092"
    assert database.start() == "postgresql://me@db.example/postgres"
    for server in (broker, database):
        assert isinstance(server, External)
        with pytest.raises(StackError):
            server.kill()
        with pytest.raises(StackError):
            server.wipe()


def test_apache_kafka_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "prepare", lambda say: None)
    said: list[str] = []
    assert isinstance(choose_broker(tmp_path, say=said.append), Kafka)
    assert isinstance(choose_postgres(tmp_path), Postgres)
    assert said == []


def test_without_apache_kafka_the_wheel_broker_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka, "available", lambda say: "no jars")
    said: list[str] = []
    assert isinstance(choose_broker(tmp_path, say=said.append), WheelBroker)
    assert len(said) == 1
    assert "no jars" in said[0]
    assert "\n" not in said[0]


def test_a_forced_broker_is_that_or_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "available", lambda say: "no jars")
    monkeypatch.setenv("DAOHU_BROKER", "wheel")
    assert isinstance(choose_broker(tmp_path), WheelBroker)
    monkeypatch.setenv("DAOHU_BROKER", "kafka")
    with pytest.raises(StackError, match="no jars"):
        choose_broker(tmp_path)
    monkeypatch.setenv("DAOHU_BROKER", "rabbit")
    with pytest.raises(StackError, match="rabbit"):
        choose_broker(tmp_path)


def test_the_whole_class_path_is_pinned() -> None:
    jars = artifacts.pinned()
    assert [jar.file for jar in jars] == sorted({jar.file for jar in jars})
    assert all(len(jar.sha256) == 64 for jar in jars)
    assert artifacts.kafka_version().startswith("4.")
    assert {"log4j-core", "scala-library", "kafka-clients"} <= {jar.artifact for jar in jars}


def test_a_jar_that_is_not_the_pinned_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(jars: list[Jar], folder: Path) -> Iterator[tuple[Jar, Path]]:
        for jar in jars:
            (folder / jar.file).write_bytes(b"something else")
            yield jar, folder / jar.file

    monkeypatch.setenv("DAOHU_CACHE", str(tmp_path))
    monkeypatch.setattr(artifacts, "_by_jgo", wrong)
    monkeypatch.setattr(artifacts, "_by_mvn", wrong)
    with pytest.raises(StackError, match="not the pinned file"):
        artifacts.kafka_jars()
    assert list(tmp_path.rglob("*.jar")) == []
    assert not list(tmp_path.rglob(".complete"))


@pytest.mark.parametrize(
    ("said", "version"),
    [('openjdk version "17.0.15" 2025-04-15', 17), ('java version "1.8.0_402"', 8), ("no java here", None)],
)
def test_java_versions(tmp_path: Path, said: str, version: int | None) -> None:
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\necho '{said}' >&2\n")
    java.chmod(0o755)
    assert java_version(str(java)) == version
    assert java_version(str(tmp_path / "missing")) is None


def test_ports_are_below_the_range_clients_draw_from_and_never_given_twice() -> None:
    ports = [free_port() for _ in range(200)]
    assert len(set(ports)) == 200
    assert max(ports) < 32_768

"""A room on a PostgreSQL and a Kafka that somebody else runs: by settings alone."""

from pathlib import Path

import httpx
import pytest

from stack.brokers import Broker, External
from stack.rooms import Stack
from stack.testing import TestServer


async def test_a_room_runs_on_servers_given_by_settings(
    postgres: TestServer, kafka_broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAOHU_POSTGRES_DSN", postgres.dsn)
    monkeypatch.setenv("DAOHU_KAFKA_BOOTSTRAP", kafka_broker.bootstrap)
    monkeypatch.delenv("DAOHU_BROKER", raising=False)
    with Stack(
        data_dir=tmp_path / "data",
        run_dir=tmp_path / "run",
        rooms=("grievance",),
        simulators=(),
        env={"DAOHU_KAFKA_NAMESPACE": "external."},
    ) as stack:
        assert isinstance(stack.postgres, External) and isinstance(stack.broker, External)
        async with httpx.AsyncClient(base_url=stack.urls["grievance"], trust_env=False) as http:
            ready = (await http.get("/health/ready")).json()
            assert ready["ready"] is True
            assert (await http.get("/api/grievance/v1/openapi.json")).status_code == 200
        assert not (tmp_path / "data" / "postgres").exists(), "no server of our own was started"
        assert not (tmp_path / "data" / "kafka").exists()
    # Ours has ended; theirs runs on.
    assert postgres.server.running and kafka_broker.running
    postgres.made.append("grievance")

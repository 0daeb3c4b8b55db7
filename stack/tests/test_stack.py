"""Servers and simulators come up together, keep addresses over a kill and data over a restart."""

import json
from pathlib import Path

import asyncpg

from stack.rooms import Stack
from stack.supervisor import answers


async def test_addresses_survive_kills_and_data_survive_restarts(tmp_path: Path) -> None:
    said: list[str] = []
    with Stack(data_dir=tmp_path / "data", run_dir=tmp_path / "run", rooms=(), say=said.append) as stack:
        bank, bootstrap, dsn = stack.urls["bank"], stack.broker.bootstrap, stack.postgres.dsn
        state = json.loads((tmp_path / "run" / "stack.json").read_text())
        assert state["urls"] == stack.urls
        assert (tmp_path / "run" / "stack.json").stat().st_mode & 0o777 == 0o600
        assert answers(bank + "/health/ready")
        connection = await asyncpg.connect(dsn)
        await connection.execute("create table kept (n int)")
        await connection.close()
        for name in ("bank", "postgres", "broker"):
            stack.kill(name)
        assert not answers(bank + "/health/ready")
        for name in ("bank", "postgres", "broker"):
            stack.restart(name)
        assert (stack.urls["bank"], stack.broker.bootstrap, stack.postgres.dsn) == (bank, bootstrap, dsn)
        assert answers(bank + "/health/ready")
    assert not answers(bank + "/health/ready")
    assert not (tmp_path / "run" / "stack.json").exists()
    assert any("就绪" in line for line in said)

    with Stack(data_dir=tmp_path / "data", run_dir=tmp_path / "run", rooms=(), simulators=()) as stack:
        connection = await asyncpg.connect(stack.postgres.dsn)
        assert await connection.fetchval("select count(*) from kept") == 0
        await connection.close()
        stack.wipe_broker()

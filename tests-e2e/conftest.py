"""One running system for all tests of the whole: real PostgreSQL, real broker, simulators and every room."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import httpx
import pytest
from living import FOLDER, OPERATOR, ROW_LIMIT, Living, until
from receiver import SpanReceiver

from engine.folder import read_folder
from stack.rooms import Stack
from stack.supervisor import ends_cleanly

KNOWN_AT = (("application", "project"), ("batch", "project"), ("verification", "project_version"))


@pytest.fixture(scope="session")
def spans() -> Iterator[SpanReceiver]:
    """Receives the spans of all rooms."""
    with SpanReceiver() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, spans: SpanReceiver) -> Iterator[Stack]:
    """The processes; started once (about 8 s on 2 cores)."""
    folder = tmp_path_factory.mktemp("system")
    env = {"DAOHU_OTLP_ENDPOINT": spans.address, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    with (
        ends_cleanly(),
        Stack(
            data_dir=folder / "data",
            run_dir=folder / "run",
            business_now=datetime(2023, 5, 8, 1, tzinfo=UTC),
            fast=True,
            env=env,
            room_env={"batch": {"DAOHU_ROSTER_ROW_LIMIT": str(ROW_LIMIT)}},
        ) as running,
    ):
        yield running


@pytest.fixture(scope="session")
async def bare(stack: Stack) -> AsyncIterator[Living]:
    """The system without any project."""
    async with httpx.AsyncClient(base_url=stack.urls["portal"], timeout=60, trust_env=False) as http:
        running = Living(stack, http)
        http.event_hooks["response"].append(running.keep)
        yield running


@pytest.fixture(scope="session")
async def living(bare: Living) -> Living:
    """The system with the project deployed, and known to the rooms that take applications and rosters."""
    await bare.ok(OPERATOR, "POST", "/api/orchestrator/v1/projects", json={"files": read_folder(FOLDER)})
    for room, table in KNOWN_AT:

        async def known(room: str = room, table: str = table) -> bool:
            return bool(await bare.fetch(room, f"SELECT 1 FROM {table}"))

        await until(f"{room} knows the project", known)
    return bare

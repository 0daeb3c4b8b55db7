"""A room on an empty database, beside the invented registry and the simulators."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from bench.nodes import world
from bench.nodes.desk import Desk
from bench.nodes.meter import Meter
from kit.testing import RoomHarness


@asynccontextmanager
async def room(name: str, dsn: str, keys: Path, agency: str = "", bank: str = "") -> AsyncIterator[Desk]:
    """The room `name` as it starts, without a consumer; messages are handed in."""
    service = import_module(f"services.{name}.app").service
    harness = await RoomHarness.create(
        name, f"services.{name}", service.handlers, service.app, dsn, keys,
        room_urls={"registry": "http://registry"}, agency_url=agency, bank_url=bank,
    )  # fmt: skip
    await harness.room.http.aclose()
    harness.room.http = httpx.AsyncClient(
        mounts={"all://registry": httpx.MockTransport(world.registry)}, timeout=600, trust_env=False
    )
    harness.room.peers._http = harness.room.http
    ports = import_module(f"services.{name}.ports")
    if hasattr(ports, "open_vault"):
        await ports.open_vault(harness.room)
    elif name == "publicity":
        await import_module("services.publicity.ports.vault").open_vault(harness.room)
    try:
        yield Desk(harness, Meter(name, dsn))
    finally:
        await harness.close()


def load(address: str, rows: AsyncIterator[bytes] | list[bytes]) -> None:
    """Fill a simulator's world."""
    assert urlsplit(address).hostname, "a simulator's address"
    with httpx.Client(base_url=address, timeout=600, trust_env=False) as client:
        client.post("/v1/world", content=rows).raise_for_status()

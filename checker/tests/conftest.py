"""One true world per module, open as the superuser, so that a test can plant what no room would let it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from checker.sources import Sources, opened
from checker.tests import world
from stack.testing import TestServer, unique


@pytest.fixture(scope="session")
async def stack(postgres: TestServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `stack.json` says of a finished run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAOHU_PROFILE", "development")
        dsns = {room: postgres.create_database(unique(f"check_{room}")) for room in world.ROOMS}
        folder: Path = tmp_path_factory.mktemp("checked")
        (folder / "logs").mkdir()
        (folder / "logs" / "payment.log").write_text('{"message": "started"}\n')
        made = await world.build(dsns, folder)
        return made | {"logs": str(folder / "logs"), "superuser": postgres.dsn}


@pytest.fixture(scope="session")
async def whole(stack: dict[str, Any]) -> AsyncIterator[Sources]:
    """The world through the superuser's eyes."""
    server = urlsplit(stack["superuser"])
    dsns = {room: urlunsplit(server._replace(path=urlsplit(dsn).path)) for room, dsn in stack["dsns"].items()}
    async with opened(stack | {"dsns": dsns}) as sources:
        yield sources


@pytest.fixture
async def sources(whole: Sources) -> AsyncIterator[Sources]:
    """The same with nothing planted yet; whatever the test changes is undone."""
    world.planted(whole)
    whole.injected, whole.heads, whole.responses = [], {}, None
    for connection in whole.databases.values():
        await connection.execute("ROLLBACK; BEGIN; SET LOCAL session_replication_role = replica")
    yield whole
    for connection in whole.databases.values():
        await connection.execute("ROLLBACK; BEGIN")

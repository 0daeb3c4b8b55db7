"""Every route of a room called by everybody from everywhere, on a database that holds one object of each kind."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import rooms
import seeding
import seeds
from rulebook import Case, Rule
from sample import Sample

from kit.auth import EXTENSION, Actor, Kind, Role
from kit.db import Database, Tx
from kit.testing import RoomHarness
from stack.rooms import ROOMS

PLACES: dict[str, dict[str, str]] = {
    "township": {
        seeding.TOWNSHIP: "same",
        seeding.COUNTY: "parent",
        seeding.VILLAGE: "child",
        "539901102": "sibling",
        "539902": "sibling",
        "540101": "other province",
    },
    "county": {
        seeding.COUNTY: "same",
        "5399": "parent",
        seeding.TOWNSHIP: "child",
        "539902": "sibling",
        "539902101": "sibling",
        "540101": "other province",
    },
}
"""How a caller's region lies to an object of a township, or of the county."""

OF_ONES_OWN = frozenset(
    {
        "POST /api/grievance/v1/objections",
        "POST /api/grievance/v1/complaints",
        "POST /api/grievance/v1/messages",
    }
) | frozenset({"POST /api/verification/v1/reference/{kind}", "POST /api/verification/v1/exclusions"})
"""Routes whose object is always of the caller's own region, or their own case: the request names no other's."""
OPEN_TO_ALL = frozenset({"GET /api/orchestrator/v1/projects", "GET /api/exchange/v1/agencies"})
"""Reading routes whose answer is the same for every region: projects, terms, what is published."""


@dataclass(frozen=True)
class Call:
    """One route of a room."""

    method: str
    path: str
    operation: str
    request: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Seeded:
    """A room with one object of each kind, all of one township and its county."""

    def __init__(
        self, harness: RoomHarness, calls: list[Call], tables: dict[str, set[str]], guarded: set[str]
    ) -> None:
        self.harness, self.calls, self.tables, self.guarded = harness, calls, tables, guarded
        assert harness.app is not None
        transport = httpx.ASGITransport(app=harness.app, raise_app_exceptions=False)
        self._http = httpx.AsyncClient(transport=transport, base_url="http://room")
        self._tokens: dict[Actor, str] = {}

    async def call(self, call: Call, actor: Actor) -> httpx.Response:
        """The answer to the actor."""
        if actor not in self._tokens:
            self._tokens[actor] = self.harness._issuer.mint(actor, timedelta(minutes=14))
        headers = {"authorization": f"Bearer {self._tokens[actor]}"} | call.request.get("headers", {})
        return await self._http.request(call.method, **call.request | {"headers": headers})

    async def fingerprint(self) -> dict[str, str]:
        """A digest of every table's rows, but of what only says that somebody looked."""
        names = sorted({*self.tables, "outbox", "inbox", "pending", "parked", "waiting", "audit"})
        parts = " UNION ALL ".join(
            f"SELECT '{name}' AS name, md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS digest "
            f'FROM "{name}" t'
            for name in names
        )
        rows = await self.harness.room.database.pool.fetch(parts)
        return {row["name"]: row["digest"] for row in rows}

    async def close(self) -> None:
        await self._http.aclose()
        await self.harness.close()


def told(call: Call, answer: httpx.Response) -> bool:
    """Whether a good answer holds anything of the place that the caller didn't name in the request."""
    sent = set(re.findall(rf"{seeding.MARK}\w+", str(call.request)))
    return answer.status_code < 400 and bool(set(re.findall(rf"{seeding.MARK}\w+", answer.text)) - sent)


@asynccontextmanager
async def seeded(room: str, dsn: str, folder: Path) -> AsyncIterator[Seeded]:
    """The room, filled. What it would ask of other rooms is answered by nobody (503)."""
    service = rooms.composed(room)
    harness = await RoomHarness.create(
        room, f"services.{room}", service.handlers, service.app, dsn, folder,
        room_urls={name: f"http://{name}" for name in ROOMS}, agency_url="http://agency", bank_url="http://bank",
    )  # fmt: skip
    harness.room.http._transport = httpx.MockTransport(lambda _request: httpx.Response(503))
    harness.room.http._mounts = {}
    if service._on_start is not None:
        await service._on_start(harness.room)
    async with harness.room.database.pool.acquire() as connection, connection.transaction():
        tables = await seeding.seed(connection, seeds.ROWS.get(room, {}))
        secured = await connection.fetch("SELECT relname FROM pg_class WHERE relrowsecurity")
    document = service.app.openapi()
    sample = Sample(document)
    calls = [
        Call(
            method.upper(),
            path,
            one[EXTENSION]["operation"],
            sample.request(path, one, seeds.REQUESTS.get(f"{method.upper()} {path}")),
        )
        for path, item in document["paths"].items()
        for method, one in item.items()
        if not one[EXTENSION]["operation"].endswith("_development")  # not there in production
    ]
    found = Seeded(harness, calls, tables, {row["relname"] for row in secured})
    try:
        yield found
    finally:
        await found.close()


def callers(rule: Rule, level: str) -> Iterator[tuple[Actor, Case]]:
    """Every role in every place, with the project and without it where that could matter, and who is no official."""
    for role in Role:
        if role in (Role.CITIZEN, Role.SERVICE):
            continue
        for region, relation in PLACES[level].items():
            if role not in rule.roles and relation != "same":
                continue  # refused by the role alone, before any object is looked at
            for has in (True, False) if role in rule.roles and rule.project else (True,):
                projects = frozenset({seeding.PROJECT if has else "12345"})
                yield (
                    Actor(
                        f"{role}@{region}", Kind.OFFICIAL, frozenset({role}), region=region, projects=projects
                    ),
                    Case("official", role, relation, has),
                )
    for owns in (True, False):
        subject = f"{seeding.MARK}subject_id" if owns else "somebody-else"
        yield (
            Actor(f"citizen:{subject}", Kind.CITIZEN, frozenset({Role.CITIZEN}), subject_id=subject),
            Case("citizen", "citizen", owns=owns),
        )
    for owns in (True, False):
        agency = "agency" if owns else "another"
        yield Actor(agency, Kind.AGENCY, frozenset(), agency=agency), Case("agency", owns=owns)
    for room in ("portal", "bench", *sorted(rule.rooms)):
        service = Actor(room, Kind.SERVICE, frozenset({Role.SERVICE}), room=room)
        yield service, Case("service", named=room in rule.rooms)


def undone(database: Database) -> Callable[..., Any]:
    """A `tx` that takes everything back at its end: what would be allowed can be tried on the same rows."""
    original = database.tx

    class Back(Exception):
        """Ends the transaction."""

    @asynccontextmanager
    async def tx(*args: Any, **more: Any) -> AsyncIterator[Tx]:
        try:
            async with original(*args, **more) as one:
                yield one
                await one.flush()
                raise Back
        except Back:
            pass

    return tx

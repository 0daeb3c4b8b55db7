"""What the tests of the whole system share: logging in through the portal, waiting, and looking at databases."""

import asyncio
import io
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
from xlsxwriter import Workbook

from demo import invented
from demo.population import Maker
from demo.rosters import HEADINGS
from stack.paths import CHECKOUT
from stack.rooms import Stack

T = TypeVar("T")
PROJECT = "11810"
PERIOD = "202305"
COUNTY = "539901"
TOWNSHIP = "539901101"
VILLAGE = f"{TOWNSHIP}201"
VILLAGE_NAME = "絮樵村"
OPERATOR = "operator@5399"
HANDLER = f"township_handler@{TOWNSHIP}"
PROBLEM = "application/problem+json"
PATIENCE_S = 60.0
ROW_LIMIT = 40
"""Rows that a roster may have in these tests."""
FOLDER = CHECKOUT / "bpmn" / "projects" / "elderly-service-subsidy"


@dataclass
class Living:
    """The running system as its users reach it: by the portal. Every answer is kept for the canary test."""

    stack: Stack
    http: httpx.AsyncClient
    answers: list[tuple[str, bytes]] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)

    async def token(self, username: str) -> str:
        """A demo login of an official."""
        if username not in self.tokens:
            answer = await self.http.post("/auth/dev/token", json={"username": username})
            self.tokens[username] = answer.raise_for_status().json()["access_token"]
        return self.tokens[username]

    async def citizen(self, id_no: str, name: str) -> str:
        """Sign a citizen in; returns the name to call as."""
        answer = await self.http.post("/auth/dev/citizen", json={"id_no": id_no, "name": name})
        token = answer.raise_for_status().json()
        self.tokens[token["username"]] = token["access_token"]
        return str(token["username"])

    async def call(self, who: str | None, method: str, path: str, **content: Any) -> httpx.Response:
        """One request through the portal, whatever comes of it."""
        headers = dict(content.pop("headers", {}))
        if who is not None:
            headers["authorization"] = f"Bearer {await self.token(who)}"
        return await self.http.request(method, path, headers=headers, **content)

    async def keep(self, answer: httpx.Response) -> None:
        """Called with every answer."""
        await answer.aread()
        self.answers.append((f"{answer.request.method} {answer.url.path}", _whole(answer)))

    async def ok(self, who: str | None, method: str, path: str, **content: Any) -> Any:
        """The same, for what must succeed."""
        answer = await self.call(who, method, path, **content)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def upload(self, who: str, path: str, data: bytes, **form: str) -> httpx.Response:
        """An xlsx as a browser sends it."""
        files = {"file": ("upload.xlsx", data, "application/octet-stream")}
        return await self.call(who, "POST", path, files=files, data=form)

    async def open_batch(self, period: str) -> str:
        """The batch of a period in the tests' county."""
        body = {"project": PROJECT, "period": period, "county": COUNTY}
        who = f"county_handler@{COUNTY}"
        return str((await self.ok(who, "POST", "/api/batch/v1/batches", json=body))["batch_id"])

    async def apply(
        self, who: str, person: Mapping[str, str], headers: Mapping[str, str] | None = None, **changes: Any
    ) -> httpx.Response:
        """Hand an application in: the person's `id_no`, `name`, `phone`; `changes` to any other field."""
        body: dict[str, Any] = {
            "project": PROJECT,
            **person,
            "township": TOWNSHIP,
            "village": VILLAGE,
            "category": "minimum_living",
            "form": {},
            "consent": {"version": (await self.ok(None, "GET", "/api/application/v1/consent"))["version"]}
            | {"signature": "本人签名"},
        }
        path = "/api/application/v1/applications"
        return await self.call(who, "POST", path, json=body | changes, headers=dict(headers or {}))

    async def database(self, room: str) -> asyncpg.Connection:
        """The superuser's connection to a room's database."""
        parts = urlsplit(self.stack.postgres.dsn)
        return await asyncpg.connect(urlunsplit((*parts[:2], f"/{room}", *parts[3:])))

    async def fetch(self, room: str, sql: str, *args: Any) -> list[asyncpg.Record]:
        """Rows straight from a room's database."""
        connection = await self.database(room)
        try:
            return list(await connection.fetch(sql, *args))
        finally:
            await connection.close()

    async def until(
        self, what: str, probe: Callable[[], Awaitable[T | None]], patience: float = PATIENCE_S
    ) -> T:
        """Ask again until the answer is something; otherwise says what never came, and where things stand."""
        try:
            return await until(what, probe, patience)
        except AssertionError as never:
            raise AssertionError(f"{never}; {await self.standing()}") from None

    async def standing(self) -> str:
        """What waits where, for a test that got stuck."""
        told: list[str] = []
        for room in self.stack.urls:
            if room in ("agency", "bank"):
                continue
            (row,) = await self.fetch(
                room,
                "SELECT (SELECT count(*) FROM parked WHERE state = 'parked') AS parked, (SELECT count(*) FROM waiting) "
                "AS waiting, (SELECT count(*) FROM pending) AS pending, (SELECT max(at) FROM outbox) AS spoke",
            )
            told.append(f"{room}: {dict(row)}")
        waits = await self.fetch(
            "orchestrator",
            "SELECT process, status, operator, since FROM instance LEFT JOIN command_wait ON instance_id = instance.id "
            "WHERE status <> 'ended'",
        )
        return "\n".join([*told, *(str(dict(row)) for row in waits), f"logs: {self.stack.log_dir}"])

    async def fingerprint(self, *rooms: str) -> dict[str, str]:
        """`room.table` → count and hash of all its rows. Marks of what was read from the bus stay out."""
        found: dict[str, str] = {}
        for room in rooms:
            connection = await self.database(room)
            try:
                for table in await tables(connection):
                    if table.startswith("inbox"):
                        continue
                    found[f"{room}.{table}"] = await connection.fetchval(
                        f"SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' "
                        f"ORDER BY md5(t::text))), '') FROM {table} AS t"
                    )
            finally:
                await connection.close()
        return found

    async def quiet(self, *rooms: str) -> dict[str, str]:
        """Wait until nothing moves in these rooms; returns their fingerprint."""
        before = await self.fingerprint(*rooms)
        for _ in range(60):
            await asyncio.sleep(0.4)
            after = await self.fingerprint(*rooms)
            if after == before:
                return after
            before = after
        raise AssertionError("the system never came to rest")


async def tables(connection: asyncpg.Connection) -> list[str]:
    """The tables of a room's database."""
    rows = await connection.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    )
    return [row["tablename"] for row in rows]


async def until(what: str, probe: Callable[[], Awaitable[T | None]], patience: float = PATIENCE_S) -> T:
    """Ask again until the answer is something; says what never came."""
    deadline = time.monotonic() + patience
    while True:
        found = await probe()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {patience:.0f} s: {what}"
        await asyncio.sleep(0.2)


def refused(answer: httpx.Response, status: int, slug: str, *secrets: str) -> dict[str, Any]:
    """A problem document of this status and type, Chinese first, without what was sent."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"urn:daohu:problem:{slug}"
    assert body["status"] == status
    assert re.match(r"[\u4e00-\u9fff].* \(.*[a-z].*\)$", body["title"]), body["title"]
    for secret in secrets:
        assert secret not in answer.text
    return body


def person(seed: int) -> dict[str, str]:
    """Somebody old enough, invented: `id_no`, `name`, `phone`."""
    rng = random.Random(f"e2e|{seed}")
    id_no = Maker(rng, PERIOD).identity(70, 80)[0]
    return {"id_no": id_no, "name": invented.person_name(rng), "phone": invented.phone(seed)}


def roster(*rows: Sequence[object], headings: Sequence[str] = HEADINGS) -> bytes:
    """A roster as a township uploads it; a text that begins with "=" is written as a formula."""
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet("名册")
        for number, row in enumerate((headings, *rows)):
            for column, cell in enumerate(row):
                if isinstance(cell, str) and cell.startswith("="):
                    sheet.write_formula(number, column, cell)
                else:
                    sheet.write(number, column, cell)
    return out.getvalue()


def _whole(answer: httpx.Response) -> bytes:
    """Headers and body, as they came."""
    return b"\n".join(name + b": " + value for name, value in answer.headers.raw) + b"\n" + answer.content

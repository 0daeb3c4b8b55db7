"""The edge from outside: what passes to a room, what is refused, and who gets a development token."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from kit.auth import Kind, TokenReader
from kit.issuer import DEVELOPMENT_ISSUER, JWKS_FILE, DevelopmentIssuer
from kit.profile import NotInDevelopment
from kit.testing import RoomHarness
from services.portal.app import prepare, service
from services.portal.domain.edge import BadPath, login_of, target_of

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Rooms:
    """The rooms behind the portal: each answers with what it saw."""

    def __init__(self) -> None:
        self.seen: list[httpx.Request] = []
        self.down: set[str] = set()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host in self.down:
            raise httpx.ConnectError("refused")
        await request.aread()
        self.seen.append(request)
        if request.url.path.endswith("persons:resolve"):
            person = json.loads(request.content)["persons"][0]
            good = person["id_no"] == "good"
            answer = {"subject_id": "s1"} if good else {"problem": "check_digit", "message": "校验码错误"}
            return httpx.Response(200, json={"persons": [{"ref": person["ref"], **answer}]})
        body = httpx.ByteStream(b'{"ok": true}')
        return httpx.Response(201, stream=body, headers={"x-kept": "1", "server": "room"})


@pytest.fixture
def rooms() -> Rooms:
    return Rooms()


@pytest.fixture
async def portal(
    postgres_dsn_factory: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rooms: Rooms
) -> AsyncIterator[RoomHarness]:
    """The portal with an empty database and invented rooms behind it."""
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    monkeypatch.setenv("DAOHU_BODY_LIMIT_BYTES", "100")
    urls = {name: f"http://{name}" for name in ("payment", "registry", "batch")}
    dsn = postgres_dsn_factory()
    harness = await RoomHarness.create(
        "portal", "services.portal", service.handlers, service.app, dsn, tmp_path, room_urls=urls
    )
    await harness.room.http.aclose()
    harness.room.http = httpx.AsyncClient(transport=httpx.MockTransport(rooms))
    harness.room.peers._http = harness.room.http
    await prepare(harness.room)
    yield harness
    await harness.close()


async def test_a_request_reaches_its_room_as_it_was_sent(portal: RoomHarness, rooms: Rooms) -> None:
    headers = {
        "authorization": "Bearer t", "idempotency-key": "k", "traceparent": TRACE, "x-forwarded-for": "1",
    }  # fmt: skip
    async with portal.client() as client:
        answer = await client.post("/api/payment/v1/sets/1:go?a=%E6%9D%91&b=", json={"n": 1}, headers=headers)
    assert answer.status_code == 201 and answer.json() == {"ok": True}
    assert answer.headers["x-kept"] == "1" and "server" not in answer.headers
    (seen,) = rooms.seen
    assert str(seen.url) == "http://payment/api/payment/v1/sets/1:go?a=%E6%9D%91&b="
    assert seen.headers["authorization"] == "Bearer t" and seen.headers["idempotency-key"] == "k"
    assert seen.headers["traceparent"].split("-")[1] == TRACE.split("-")[1]
    assert "x-forwarded-for" not in seen.headers and json.loads(seen.content) == {"n": 1}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/internal/v1/persons:resolve", 404),
        ("/api/registry/internal/v1/persons:resolve", 400),
        ("/api/registry/v1/..%2f..%2finternal", 400),
        ("/api/registry/v1/%2e%2e/x", 400),
        ("/api/registry/v1/a%5cb", 400),
        ("/api/registry/v1/a%252fb", 400),
        ("/api/registry/v1//x", 400),
        ("/api/registry/v1/%ff", 400),
        ("/api/nowhere/v1/x", 404),
        ("/api/portal/v1/x", 404),
    ],
)
async def test_nothing_but_a_rooms_door_is_reachable(
    portal: RoomHarness, rooms: Rooms, path: str, status: int
) -> None:
    async with portal.client() as client:
        answer = await client.get(httpx.URL("http://room" + path))
    assert answer.status_code == status and rooms.seen == []
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", [b"/api/batch/v1/../x", b"/api/batch/v1/./x", b"/api/batch/v1/a\\b", b"/api/x"]
)
def test_paths_that_clients_tidy_up_are_refused_too(path: bytes) -> None:
    with pytest.raises(BadPath):
        target_of(path)


async def test_a_room_that_is_down_is_said_so(portal: RoomHarness, rooms: Rooms) -> None:
    rooms.down.add("payment")
    async with portal.client() as client:
        answer = await client.get("/api/payment/v1/ledger")
    assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0
    assert answer.json()["type"] == "urn:daohu:problem:unavailable"


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_the_limit_is_refused(portal: RoomHarness, rooms: Rooms, chunked: bool) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 50

    async with portal.client() as client:
        answer = await client.post("/api/batch/v1/x", content=parts() if chunked else b"x" * 101)
        assert answer.status_code == 413 and rooms.seen == []
        assert (await client.post("/api/batch/v1/x", content=b"x" * 100)).status_code == 201


async def test_an_official_gets_the_token_of_their_desk(portal: RoomHarness, tmp_path: Path) -> None:
    async with portal.client() as client:
        listed = {one["username"] for one in (await client.get("/auth/dev/logins")).json()}
        answer = await client.post("/auth/dev/token", json={"username": "township_handler@539901101"})
        keys = (await client.get("/auth/jwks.json")).json()
    assert {"township_handler@539901101", "finance_payer@539902", "operator@5399"} <= listed
    assert answer.headers["cache-control"] == "no-store"
    actor = TokenReader(keys, DEVELOPMENT_ISSUER).read(answer.json()["access_token"])
    assert actor.region == "539901101" and set(actor.roles) == {"township_handler"}
    assert json.loads((tmp_path / JWKS_FILE).read_text()) == keys


@pytest.mark.parametrize(
    "username",
    [
        "service@5399",
        "citizen@5399",
        "finance_payer@539901101",
        "county_handler@110101",
        "operator",
        "x@5399",
    ],
)
async def test_no_token_for_a_login_that_cannot_exist(portal: RoomHarness, username: str) -> None:
    async with portal.client() as client:
        answer = await client.post("/auth/dev/token", json={"username": username})
    assert answer.status_code == 422 and "access_token" not in answer.text


async def test_a_citizen_is_who_the_registry_says(portal: RoomHarness, rooms: Rooms) -> None:
    async with portal.client() as client:
        good = await client.post("/auth/dev/citizen", json={"id_no": "good", "name": "陶砚秋"})
        bad = await client.post("/auth/dev/citizen", json={"id_no": "bad", "name": "陶砚秋"})
        keys = (await client.get("/auth/jwks.json")).json()
    actor = TokenReader(keys, DEVELOPMENT_ISSUER).read(good.json()["access_token"])
    assert actor.kind is Kind.CITIZEN and actor.subject_id == "s1"
    assert bad.status_code == 422 and bad.json()["code"] == "check_digit"


async def test_the_page_and_the_listing_stand_without_the_rooms(portal: RoomHarness, rooms: Rooms) -> None:
    rooms.down.update({"payment", "batch", "registry"})
    async with portal.client() as client:
        page = await client.get("/")
        listing = (await client.get("/openapi")).json()
    assert page.status_code == 200 and "county_handler@539901" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not any(one["reachable"] for one in listing)


async def test_the_issuer_refuses_another_profile(
    portal: RoomHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAOHU_PROFILE", "production")
    monkeypatch.setenv("DAOHU_DEVELOPMENT_ISSUER", "true")
    with pytest.raises(NotInDevelopment):
        await prepare(portal.room)
    with pytest.raises(NotInDevelopment):
        DevelopmentIssuer(Path("unused"))


def test_a_second_person_at_the_same_desk() -> None:
    second = login_of("county_reviewer.2@539901")
    assert second is not None and second.role == "county_reviewer" and second.region == "539901"

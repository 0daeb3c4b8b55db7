from pathlib import Path

import httpx
import pytest
from fastapi import Depends, FastAPI

from kit import auth, problems
from kit.auth import (
    Actor,
    DevelopmentIssuer,
    Kind,
    Operation,
    Resource,
    Role,
    TokenReader,
    authorize,
    guarded_router,
    public,
    require,
)

READ = Operation("demo.read", roles=frozenset({Role.COUNTY_HANDLER}))
HELLO = Operation("demo.hello", public=True)
HANDLER = Actor(
    "u", Kind.OFFICIAL, frozenset({Role.COUNTY_HANDLER}), region="990101", projects=frozenset({"*"})
)


def build(reader: TokenReader) -> FastAPI:
    app = FastAPI()
    problems.install(app)
    auth.install(app, reader)
    router = guarded_router(prefix="/v1")

    @router.get("/things/{region}")
    async def read(region: str, actor: Actor = Depends(require(READ))) -> str:
        authorize(actor, READ, Resource(region, "11810"))
        return actor.sub

    @router.get("/hello", dependencies=[Depends(public(HELLO))])
    async def hello() -> str:
        return "hello"

    app.include_router(router, prefix="/api/demo")
    return app


@pytest.fixture
def issuer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DevelopmentIssuer:
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    return DevelopmentIssuer(tmp_path)


@pytest.fixture
def app(issuer: DevelopmentIssuer) -> FastAPI:
    return build(TokenReader(issuer.jwks(), issuer.issuer))


async def get(app: FastAPI, path: str, token: str | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.get(path, headers=headers)


async def test_the_whole_way(app: FastAPI, issuer: DevelopmentIssuer) -> None:
    answer = await get(app, "/api/demo/v1/things/990101101", issuer.mint(HANDLER))
    assert (answer.status_code, answer.json()) == (200, "u")


async def test_no_token_a_bad_one_and_the_wrong_role(app: FastAPI, issuer: DevelopmentIssuer) -> None:
    path = "/api/demo/v1/things/990101"
    for token in (None, "a.b.c"):
        answer = await get(app, path, token)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["type"].endswith("unauthorized")
    citizen = Actor("c", Kind.CITIZEN, frozenset({Role.CITIZEN}), subject_id="s")
    assert (await get(app, path, issuer.mint(citizen))).status_code == 403


async def test_a_token_of_another_region_sees_nothing(app: FastAPI, issuer: DevelopmentIssuer) -> None:
    token = issuer.mint(HANDLER)
    foreign = await get(app, "/api/demo/v1/things/980101", token)
    missing = await get(app, "/api/demo/v1/nothing", token)
    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content


async def test_open_operations_need_no_token(app: FastAPI) -> None:
    assert (await get(app, "/api/demo/v1/hello")).json() == "hello"


def test_operations_document_themselves(app: FastAPI) -> None:
    document = app.openapi()
    assert auth.undeclared(document) == []
    operation = document["paths"]["/api/demo/v1/things/{region}"]["get"]
    assert operation["x-authz"] == READ.document()
    assert operation["security"] == [{"HTTPBearer": []}]
    assert document["paths"]["/api/demo/v1/hello"]["get"]["x-authz"]["public"] is True


def test_an_unguarded_operation_is_found() -> None:
    app = FastAPI()

    @app.post("/open")
    async def open_door() -> None: ...

    assert auth.undeclared(app.openapi()) == ["POST /open"]


def test_a_guarded_router_refuses_a_route_without_operation_or_with_two() -> None:
    router = guarded_router()
    with pytest.raises(TypeError, match="declares 0"):

        @router.get("/x")
        async def nothing() -> None: ...

    with pytest.raises(TypeError, match="declares 2"):

        @router.get("/y", dependencies=[Depends(public(HELLO))])
        async def both(actor: Actor = Depends(require(READ))) -> None: ...


def test_public_and_guarded_cannot_be_mixed_up() -> None:
    with pytest.raises(ValueError, match="is public"):
        require(HELLO)
    with pytest.raises(ValueError, match="is not public"):
        public(READ)

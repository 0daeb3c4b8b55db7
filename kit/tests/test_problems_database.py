"""A database that is away is an outage to the caller, not a mistake of the system."""

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from kit import problems


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (asyncpg.CannotConnectNowError("x"), 503),
        (ConnectionRefusedError("x"), 503),
        (KeyError("x"), 500),
        (asyncpg.InsufficientPrivilegeError("x"), 404),
    ],
)
async def test_an_unreachable_database_is_503_a_mistake_500_and_the_second_wall_404(
    failure: Exception, status: int
) -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/")
    async def fail() -> None:
        raise failure

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://room") as client:
        answer = await client.get("/")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"

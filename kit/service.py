"""A room as a process: HTTP, consumer, relay, workers, health and metrics, always composed the same way."""

import asyncio
import importlib.resources
import json
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from kit import auth, parked_api, problems, telemetry
from kit.auth import Actor, DevelopmentIssuer, ServiceTokens, TokenReader
from kit.bus import Consumer, Handlers
from kit.db import Database, Tx, migrate
from kit.issuer import DEVELOPMENT_ISSUER, JWKS_FILE
from kit.mask import RedactingFilter
from kit.peers import Peers
from kit.regions import RegionTable
from kit.relay import Relay
from kit.settings import Settings
from kit.workers import Leader

log = logging.getLogger("daohu.service")


class Room:
    """What routes and workers of a running room work with."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name, self.settings = name, settings
        self.database = Database(settings.dsn, settings.pool_size)
        self.http = httpx.AsyncClient(timeout=httpx.Timeout(60.0, connect=5.0), trust_env=False)
        self.regions = RegionTable.load(Path(settings.regions_file))
        key_dir = Path(settings.key_dir)
        if settings.profile == "development":
            self.tokens = ServiceTokens(name, issuer=DevelopmentIssuer(key_dir))
        else:
            self.tokens = ServiceTokens(name, file=key_dir / "service-token")
        self.peers = Peers(settings, self.tokens, self.http)
        self.state: dict[str, Any] = {}

    @asynccontextmanager
    async def tx(self, actor: Actor | None = None) -> AsyncIterator[Tx]:
        """One transaction; it commits at the end of the block, so before the route answers.

        With an `actor`, audit rows that name nobody else are theirs.
        """
        async with self.database.tx() as tx:
            if actor is not None:
                tx.actor = actor.sub
            yield tx


async def _room(request: Request) -> Room:
    room: Room = request.app.state.room
    return room


CurrentRoom = Annotated[Room, Depends(_room)]
Hook = Callable[[Room], Awaitable[None]]


class Service:
    """Composition root of a room: `Service("payment", router=…, handlers=…, package="services.payment")`."""

    def __init__(
        self,
        name: str,
        *,
        package: str,
        router: APIRouter | list[APIRouter] | None = None,
        handlers: Handlers | None = None,
        on_start: Hook | None = None,
    ) -> None:
        self.name, self._package, self._on_start = name, package, on_start
        self.handlers = handlers or Handlers()
        routers = router if isinstance(router, list) else [router] if router else []
        self.app = FastAPI(
            title=f"daohu {name}",
            lifespan=self._lifespan,
            docs_url=None,
            redoc_url=None,
            openapi_url=f"/api/{name}/v1/openapi.json",
        )
        for one in [*routers, parked_api.router(name)]:
            self.app.include_router(one)
        problems.install(self.app)
        self.app.middleware("http")(_observe)
        self.app.add_api_route("/health/live", _live, include_in_schema=False)
        self.app.add_api_route("/health/ready", self._ready, include_in_schema=False)
        self.app.add_api_route("/metrics", _metrics, include_in_schema=False)

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        settings = Settings()
        telemetry.configure(self.name, settings.otlp_endpoint)
        room = self.room = app.state.room = Room(self.name, settings)
        issuer = os.environ.get("DAOHU_ISSUER", DEVELOPMENT_ISSUER)
        auth.install(app, TokenReader(Path(settings.key_dir) / JWKS_FILE, issuer))
        await room.database.open()
        await migrate(room.database, migration_sources(self._package))
        if self._on_start is not None:
            await self._on_start(room)
        consumer = self.consumer = Consumer(self.name, room.database, self.handlers, settings)
        app.state.dispatcher = consumer.dispatcher
        relay = Relay(self.name, room.database, settings)
        leader = self.leader = Leader(settings.dsn, relay.run, self.handlers.workers, room)
        room.database.on_wake = leader.wake
        tasks = [asyncio.create_task(leader.run()), asyncio.create_task(self._watch(consumer))]
        await consumer.start()
        try:
            yield
        finally:
            await consumer.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await room.http.aclose()
            await room.database.close()

    async def _watch(self, consumer: Consumer) -> None:
        """Die when the consumer has silently stopped; the supervisor starts us again."""
        while True:
            await asyncio.sleep(5)
            if await consumer.stalled():
                log.critical("consumer has lag and no progress: leaving to be restarted")
                os.kill(os.getpid(), signal.SIGTERM)

    async def _ready(self, response: Response) -> dict[str, Any]:
        """Ready: database reachable; reports parked messages and lag for operators."""
        async with self.room.tx() as tx:
            parked = await tx.fetchval("SELECT count(*) FROM parked WHERE state = 'parked'")
            pending = await tx.fetchval("SELECT count(*) FROM pending")
            waiting = await tx.fetchval("SELECT count(*) FROM waiting")
        ready = self.consumer.joined and not await self.consumer.stalled()
        response.status_code = 200 if ready else 503
        return {
            "room": self.name,
            "ready": ready,
            "parked": parked,
            "pending": pending,
            "waiting": waiting,
            "lag": await self.consumer.lag(),
            "leading": self.leader.leading,
        }

    async def _migrate(self, settings: Settings) -> None:
        database = Database(settings.dsn, 1)
        await database.open()
        try:
            await migrate(database, migration_sources(self._package))
        finally:
            await database.close()

    def run(self) -> None:
        """Serve until SIGTERM; with the one argument `migrate`, only bring the database up to date."""
        configure_logging(self.name)
        settings = Settings()
        if sys.argv[1:] == ["migrate"]:
            asyncio.run(self._migrate(settings))
            return
        uvicorn.run(
            self.app,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=5,
        )


def migration_sources(package: str) -> list[tuple[str, Any]]:
    """The kit's migrations, then the room's own."""
    return [
        ("kit", importlib.resources.files("kit") / "migrations"),
        (package.rpartition(".")[2], importlib.resources.files(package) / "migrations"),
    ]


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(
            {
                "at": self.formatTime(record),
                "level": record.levelname,
                "logger": record.name,
                "trace": telemetry.current_trace_id(),
                "message": record.getMessage(),
                # Only class and place: the text of an exception may quote a row.
                **(
                    {"exception": record.exc_info[0].__name__}
                    if record.exc_info and record.exc_info[0]
                    else {}
                ),
            },
            ensure_ascii=False,
        )


def configure_logging(room: str) -> None:
    """JSON lines on stderr; the libraries' own chatter only from warnings up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    handler.addFilter(RedactingFilter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in ("httpx", "uvicorn.access", "faststream"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    # It reports every retry as an error; what matters of it shows as lag, readiness and our own messages.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


async def _observe(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """A span and a metric per request; the route's pattern, never the path itself."""
    started = time.perf_counter()
    with telemetry.span(
        f"{request.method} {request.app.title}", request.headers.get("traceparent"), method=request.method
    ):
        response = await call_next(request)
        route = getattr(request.scope.get("route"), "path", "unmatched")
        telemetry.REQUESTS.labels(request.method, route, str(response.status_code)).inc()
        response.headers["x-trace-id"] = telemetry.current_trace_id()
        response.headers["server-timing"] = f"app;dur={(time.perf_counter() - started) * 1000:.1f}"
    return response


async def _live() -> dict[str, bool]:
    return {"live": True}


async def _metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

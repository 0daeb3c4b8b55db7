"""What both simulators share: settings, a durable sqlite book, problem answers, chance, the server."""

import hashlib
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import gmtime, strftime
from typing import Any, cast

import orjson
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TRANSPORT = "daohu.transport"


@dataclass(frozen=True)
class Settings:
    """Settings of one simulator, all from DAOHU_* environment variables."""

    host: str
    port: int
    data_dir: Path
    seed: int
    profile: str

    @property
    def development(self) -> bool:
        """Whether the world may be loaded and the behaviour set from outside."""
        return self.profile == "development"


def settings_from_env() -> Settings:
    """Settings as the supervisor passes them; raises KeyError when the data folder is not named."""
    return Settings(
        host=os.environ.get("DAOHU_HOST", "127.0.0.1"),
        port=int(os.environ.get("DAOHU_PORT", "0")),
        data_dir=Path(os.environ["DAOHU_DATA_DIR"]),
        seed=int(os.environ.get("DAOHU_SEED", "1")),
        profile=os.environ.get("DAOHU_PROFILE", "production"),
    )


class Refusal(Exception):
    """A typed refusal; becomes a problem answer. Its text never carries a person's data."""

    def __init__(self, status: int, code: str, detail: str, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.detail, self.retry_after = status, code, detail, retry_after


class Lost(Exception):
    """The work is booked, but its answer never arrives: the connection is closed instead."""


class Book:
    """One sqlite file in WAL mode behind one lock; `synchronous` is NORMAL (agency) or FULL (money)."""

    def __init__(self, path: Path, schema: str, synchronous: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(f"PRAGMA synchronous={synchronous}")
        self._db.execute("PRAGMA cache_size=-65536")
        self._db.executescript("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value BLOB);" + schema)

    @contextmanager
    def tx(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed at the end, rolled back on any exception."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The connection for reading only."""
        with self._lock:
            yield self._db

    def get(self, key: str, default: Any) -> Any:
        """A remembered setting (JSON), or `default`."""
        with self.read() as db:
            row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return orjson.loads(row[0]) if row else default

    def put(self, key: str, value: Any) -> None:
        """Remember a setting (JSON) over a restart."""
        with self.tx() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, orjson.dumps(value)))

    def bump(self, key: str) -> int:
        """Add one to a remembered counter and return its new value."""
        with self.tx() as db:
            row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
            value = (int(orjson.loads(row[0])) if row else 0) + 1
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, orjson.dumps(value)))
        return value

    def close(self) -> None:
        """Close the file; later calls fail."""
        with self._lock:
            self._db.close()


def chance(seed: int, what: str, key: str) -> float:
    """A number in [0, 1) fixed by seed, purpose and key: the same in every run, in any order."""
    digest = hashlib.blake2b(f"{seed}|{what}|{key}".encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") / (1 << 56)


def utc_now() -> str:
    """Wall time, UTC, in whole seconds."""
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime())


def reply(body: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(body), status, media_type="application/json")


def problem(status: int, code: str, detail: str, retry_after: int | None = None) -> Response:
    """A problem answer (RFC 9457)."""
    body = {
        "type": f"urn:daohu:simulator:{code}",
        "title": code,
        "status": status,
        "detail": detail,
        "code": code,
    }
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else None
    return Response(orjson.dumps(body), status, headers, "application/problem+json")


async def ndjson_batches(request: Request, size: int = 5000) -> AsyncIterator[list[dict[str, Any]]]:
    """The request's ndjson lines in lists of `size`, so that a world of any length needs little memory."""
    rest, rows = b"", list[dict[str, Any]]()
    async for piece in request.stream():
        *lines, rest = (rest + piece).split(b"\n")
        rows.extend(orjson.loads(line) for line in lines if line.strip())
        if len(rows) >= size:
            yield rows
            rows = []
    if rest.strip():
        rows.append(orjson.loads(rest))
    if rows:
        yield rows


def new_app(title: str, book: Book) -> FastAPI:
    """An application with health doors and typed refusals; validation answers never repeat the input."""
    app = FastAPI(title=title)

    async def on_refusal(_: Request, e: Exception) -> Response:
        assert isinstance(e, Refusal)
        return problem(e.status, e.code, e.detail, e.retry_after)

    async def on_invalid(_: Request, e: Exception) -> Response:
        assert isinstance(e, RequestValidationError)
        places = "; ".join(".".join(map(str, error["loc"])) + " " + error["type"] for error in e.errors()[:5])
        return problem(422, "invalid_request", f"请求格式错误 (invalid request): {places}")

    async def on_http(_: Request, e: Exception) -> Response:
        assert isinstance(e, HTTPException)
        return problem(e.status_code, "http_error", str(e.detail))

    async def on_bad_json(_: Request, __: Exception) -> Response:
        return problem(422, "invalid_json", "不是有效的 JSON (not valid JSON)")

    async def on_lost(request: Request, _: Exception) -> Response:
        transport = request.scope.get(TRANSPORT)
        if transport is not None:
            transport.close()
        return problem(504, "reply_lost", "回执丢失 (the reply was lost)")

    app.add_exception_handler(Refusal, on_refusal)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(orjson.JSONDecodeError, on_bad_json)
    app.add_exception_handler(Lost, on_lost)

    @app.get("/health/live")
    def live() -> Response:
        return reply({"status": "ok"})

    @app.get("/health/ready")
    def ready() -> Response:
        with book.read() as db:
            db.execute("SELECT 1").fetchone()
        return reply({"status": "ok", "book": str(book.path)})

    return app


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol, with its transport in the scope so that a reply can be lost on purpose."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)[TRANSPORT] = self.transport


def serve(app: FastAPI, settings: Settings) -> None:
    """Run until told to stop. No access log: nothing a simulator is asked is written to a log."""
    uvicorn.run(
        app, host=settings.host, port=settings.port, http=_Protocol, loop="uvloop", ws="none",
        access_log=False, log_level="warning", timeout_graceful_shutdown=2,
    )  # fmt: skip

"""Turns everything that goes wrong in a FastAPI application into application/problem+json."""

import logging
import re
import traceback
from typing import Any

import asyncpg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from opentelemetry import trace
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kit import errors
from kit.errors import Problem

_log = logging.getLogger(__name__)

DATABASE_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    ConnectionError,
)
"""A request that meets these has changed nothing and may be sent again: 503, not 500."""

_FIELD = re.compile(r"[A-Za-z_][A-Za-z_-]{0,40}[0-9]{0,2}")

_PLAIN = {
    400: ("bad-request", "请求错误", "bad request"),
    401: ("unauthorized", "未登录或登录已失效", "not signed in"),
    403: ("forbidden", "无权办理", "not allowed"),
    404: ("not-found", "未找到", "not found"),
    405: ("method-not-allowed", "不支持的方法", "method not allowed"),
    413: ("too-large", "超过上限", "over the limit"),
    415: ("unsupported-media-type", "不支持的内容类型", "unsupported media type"),
    429: ("too-many-requests", "请求过于频繁", "too many requests"),
    503: ("unavailable", "服务暂不可用", "unavailable"),
}


def response(problem: Problem) -> JSONResponse:
    """The problem as an HTTP response."""
    return JSONResponse(problem.body(), problem.status, headers=problem.headers, media_type=errors.MEDIA_TYPE)


def from_validation(error: RequestValidationError) -> Problem:
    """Where and why the request is invalid; never `input`, `ctx` or `msg`, which may repeat what was sent."""
    places = [{"pointer": _pointer(item), "code": item["type"]} for item in error.errors()]
    return Problem(422, "invalid-request", "请求内容不符合要求", "the request is not valid", fields=places)


def _pointer(item: dict[str, Any]) -> str:
    # A name the caller invented (an extra field, a map's key) may itself be a person's number or name.
    parts = [part if isinstance(part, int) or _FIELD.fullmatch(part) else "*" for part in item["loc"]]
    if item["type"] == "extra_forbidden":
        parts[-1] = "*"
    return "/" + "/".join(str(part) for part in parts)


def from_http(error: HTTPException) -> Problem:
    """A plain HTTP error of the framework; its own detail text is dropped."""
    fallback = ("internal", "系统错误", "internal error") if error.status_code >= 500 else _PLAIN[400]
    slug, title, title_en = _PLAIN.get(error.status_code, fallback)
    return Problem(error.status_code, slug, title, title_en, headers=error.headers)


def from_unknown() -> Problem:
    """500 with nothing but the trace id, by which operators find the rest."""
    context = trace.get_current_span().get_span_context()
    trace_id = trace.format_trace_id(context.trace_id) if context.is_valid else None
    return Problem(500, "internal", "系统错误", "internal error", trace_id=trace_id)


async def _on_problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return response(error)


async def _on_validation(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return response(from_validation(error))


async def _on_http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return response(from_http(error))


class NoLeakMiddleware:
    """Answers an unknown exception itself. Starlette's own handler raises it again for the server to log,
    text and all, and such texts carry persons' data (a database's unique violation quotes the key)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; turn an exception into a 500, unless the answer has already begun."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            problem = errors.unavailable(5) if isinstance(error, DATABASE_AWAY) else from_unknown()
            if isinstance(error, asyncpg.InsufficientPrivilegeError):  # the second wall (kit.rows) refused
                problem = errors.not_found()
            where = "".join(traceback.format_tb(error.__traceback__))  # lines of code, no values
            trace_id = problem.members.get("trace_id", "")
            _log.error("unhandled %s, trace %s\n%s", type(error).__name__, trace_id, where)
            if started:
                raise AnswerCutShort from None
            await response(problem)(scope, receive, send)


class AnswerCutShort(RuntimeError):
    """The answer failed after it had begun; the server must close the connection."""


def install(app: FastAPI) -> None:
    """Register the handlers. Call it before adding a tracing middleware: the 500 names its trace."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_middleware(NoLeakMiddleware)

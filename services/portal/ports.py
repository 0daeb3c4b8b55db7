"""Outside of the portal: the rooms behind it, reached by HTTP with streamed bodies both ways."""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from fastapi import Request
from fastapi.responses import StreamingResponse
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.background import BackgroundTask

from kit import errors, telemetry
from kit.service import Room
from kit.signing import Signer
from services.portal.domain.edge import RETRY_AFTER_S, Target, passing, returning


class EdgeSettings(BaseSettings):
    """Settings of the edge alone, from `DAOHU_*`."""

    model_config = SettingsConfigDict(env_prefix="DAOHU_", extra="ignore")

    body_limit_bytes: int = 64 * 1024 * 1024
    development_issuer: bool | None = None
    """None: exactly in the development profile. True elsewhere: the portal refuses to start."""


class _TooLarge(Exception):
    """More arrived than the limit allows."""


async def forward(request: Request, room: Room, target: Target, limit: int) -> StreamingResponse:
    """Send the request on and stream the answer back.

    Raises Problem 413 over `limit` bytes, 503 with Retry-After when the room can't be reached.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise _over(limit)
    headers = passing(request.headers.items()) | {"accept-encoding": "identity"}
    if traceparent := telemetry.current_traceparent():
        headers["traceparent"] = traceparent
    query = request.scope["query_string"].decode("ascii", "strict")
    url = room.settings.room_urls.get(target.room, "") + target.path + (f"?{query}" if query else "")
    content: AsyncIterator[bytes] | None = None
    if declared not in ("", "0") or "transfer-encoding" in request.headers:
        content = _bounded(request, limit)
        if declared.isdigit():
            headers["content-length"] = declared
    outgoing = room.http.build_request(request.method, url, headers=headers, content=content)
    try:
        answer = await room.http.send(outgoing, stream=True)
    except _TooLarge:
        raise _over(limit) from None
    except httpx.HTTPError as failure:
        raise _down(target.room) from failure
    return StreamingResponse(
        answer.aiter_raw(),
        status_code=answer.status_code,
        headers=returning(answer.headers.items()),
        background=BackgroundTask(answer.aclose),
    )


async def document(room: Room, name: str) -> dict[str, Any] | None:
    """A room's OpenAPI document, or None when it can't be had."""
    url = f"{room.settings.room_urls.get(name, '')}/api/{name}/v1/openapi.json"
    with suppress(httpx.HTTPError, ValueError):
        answer = await room.http.get(url, timeout=5)
        if answer.status_code == httpx.codes.OK:
            found: dict[str, Any] = answer.json()
            return found
    return None


async def _bounded(request: Request, limit: int) -> AsyncIterator[bytes]:
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise _TooLarge
        yield part


def _over(limit: int) -> errors.Problem:
    return errors.too_large(f"请求不得超过 {limit} 字节 (a request may have at most {limit} bytes)")


def _down(name: str) -> errors.Problem:
    return errors.unavailable(
        RETRY_AFTER_S, f"{name} 暂不可用，请稍后重试 ({name} can't be reached, try again)"
    )


class Asking:
    """Reads from rooms with the caller's own token, so that every room decides for its own part."""

    def __init__(self, room: Room, authorization: str) -> None:
        self._room, self._headers = room, {"authorization": authorization}

    async def json(self, name: str, path: str, **query: Any) -> Any:
        """An answer as JSON. Raises the room's own refusal as Problem, 503 when it can't be reached."""
        return (await self._get(name, path, query)).json()

    async def bytes(self, name: str, path: str) -> bytes:
        """An answer as it is."""
        return (await self._get(name, path, {})).content

    async def _get(self, name: str, path: str, query: dict[str, Any]) -> httpx.Response:
        url = f"{self._room.settings.room_urls.get(name, '')}/api/{name}/v1/{path}"
        try:
            answer = await self._room.http.get(url, headers=self._headers, params=query)
        except httpx.HTTPError as failure:
            raise _down(name) from failure
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise errors.not_found()
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise errors.forbidden()
        if answer.status_code == httpx.codes.CONFLICT:
            raise errors.conflict(
                "not-provable", f"{name} 尚无可证明的记录", "nothing to prove yet", room=name
            )
        if not answer.is_success:
            raise _down(name)
        return answer


def evidence_signer(room: Room) -> Signer:
    """The key that seals evidence packs, from the key folder."""
    return Signer(Path(room.settings.key_dir), "evidence")

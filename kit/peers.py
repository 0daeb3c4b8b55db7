"""Calls to another room: only the registry is called so (decisions §7); an outage is a typed answer."""

from typing import Any, TypeVar

import httpx
from pydantic import BaseModel

from kit import errors, telemetry
from kit.crashpoint import crashpoint
from kit.issuer import ServiceTokens
from kit.settings import Settings

R = TypeVar("R", bound=BaseModel)


class Peers:
    """HTTP to other rooms with this room's service token and the current trace."""

    def __init__(self, settings: Settings, tokens: ServiceTokens, http: httpx.AsyncClient) -> None:
        self._settings, self._tokens, self._http = settings, tokens, http

    async def post(self, room: str, path: str, body: BaseModel, reply: type[R]) -> R:
        """POST a model and read the reply.

        Raises `Problem` 503 with Retry-After when the room can't be reached or fails (also 429), and
        `NonRetryableError` when it refuses: that is our mistake, not an outage.
        """
        headers = {"content-type": "application/json", **self._tokens.headers()}
        if traceparent := telemetry.current_traceparent():
            headers["traceparent"] = traceparent
        url = self._settings.room_urls.get(room, "") + path
        crashpoint("peers.before_call")
        try:
            answer = await self._http.post(url, content=body.model_dump_json().encode(), headers=headers)
        except httpx.HTTPError as failure:
            raise errors.unavailable(5, f"{room} 不可用 ({room} can't be reached)") from failure
        crashpoint("peers.after_call")
        if answer.status_code >= 500 or answer.status_code == 429:
            raise errors.unavailable(5, f"{room} 不可用 ({room} answers {answer.status_code})")
        if answer.status_code >= 400:
            raise errors.NonRetryableError(f"{room} refused {path}: {_slug(answer)}")
        return reply.model_validate_json(answer.content)


def _slug(answer: httpx.Response) -> Any:
    try:
        return answer.json().get("type", answer.status_code)
    except ValueError:
        return answer.status_code

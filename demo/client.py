"""The public HTTP API as a careful client uses it: signs in, repeats what may have got lost, keeps receipts."""

import asyncio
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from demo.journal import Journal

PATIENCE_S = 180.0
"""How long a room may be away before a call gives up."""
RENEW_BEFORE_S = 60.0
TRIES_AFTER_500 = 4
_AWAY = frozenset({429, 502, 503, 504})


class Refused(Exception):
    """The system said no; `slug` is the problem's type without its prefix."""

    def __init__(self, status: int, problem: Mapping[str, Any], where: str) -> None:
        self.status, self.problem = status, problem
        self.slug = str(problem.get("type", "")).rpartition(":")[2]
        super().__init__(f"{where}: {status} {problem.get('title', '')} {problem.get('detail', '')}".strip())


@dataclass(slots=True)
class _Login:
    path: str
    body: dict[str, str]
    token: str = ""
    until: float = 0.0


class Portal:
    """`await portal.post("county_handler@539901", "/api/batch/v1/batches", {...}, receipt=...)`."""

    def __init__(self, address: str, journal: Journal, answers: Path | None = None) -> None:
        limits = httpx.Limits(max_connections=32, max_keepalive_connections=32)
        self._http = httpx.AsyncClient(base_url=address, timeout=60, limits=limits, trust_env=False)
        self._journal = journal
        self._logins: dict[str, _Login] = {}
        self._answers = answers
        self._kept: set[int] = set()
        self.repeats = 0
        if answers is not None:
            answers.parent.mkdir(parents=True, exist_ok=True)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def sign_in_citizen(self, id_no: str, name: str) -> str:
        """Sign a citizen in; returns the name to call as. Raises Refused for an unusable number or name."""
        login = _Login("/auth/dev/citizen", {"id_no": id_no, "name": name})
        answer = await self._send("POST", login.path, {}, json=login.body)
        username = str(answer["username"])
        self._logins[username] = _fresh(login, answer)
        return username

    async def get(self, who: str | None, path: str, **params: Any) -> Any:
        """Read JSON, as a login or (None) as anybody."""
        return await self._call(who, "GET", path, params=_given(params))

    async def download(self, who: str, path: str, **params: Any) -> bytes:
        """Read a file."""
        headers = await self._headers(who)
        return bytes(await self._send("GET", path, headers, raw=True, params=_given(params)))

    async def post(
        self,
        who: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        again: Collection[str] = (),
        **content: Any,
    ) -> Any:
        """POST JSON (or `files` and `data`). `again`: refusals that mean "done already" after a repetition."""
        if body is not None:
            content["json"] = body
        extra = {"idempotency-key": key} if key else {}
        return await self._call(who, "POST", path, extra=extra, again=again, **content)

    async def put(self, who: str, path: str, body: Any) -> Any:
        """PUT JSON."""
        return await self._call(who, "PUT", path, json=body)

    def unrecorded(self) -> "Portal":
        """The same portal, whose answers are not kept: for what may show who somebody is."""
        return Portal(str(self._http.base_url), self._journal)

    def receipt(self, kind: str, identity: str) -> None:
        """Note what was accepted."""
        self._journal.note(kind, identity)

    async def _call(
        self,
        who: str | None,
        method: str,
        path: str,
        *,
        extra: Mapping[str, str] | None = None,
        again: Collection[str] = (),
        **content: Any,
    ) -> Any:
        headers = (await self._headers(who) if who else {}) | dict(extra or {})
        repeats = self.repeats
        try:
            return await self._send(method, path, headers, **content)
        except Refused as refused:
            if refused.slug in again and self.repeats > repeats:
                return dict(refused.problem)
            raise

    async def _headers(self, who: str) -> dict[str, str]:
        login = self._logins.setdefault(who, _Login("/auth/dev/token", {"username": who}))
        if time.monotonic() > login.until:
            _fresh(login, await self._send("POST", login.path, {}, json=login.body))
        return {"authorization": f"Bearer {login.token}"}

    async def _send(
        self, method: str, path: str, headers: Mapping[str, str], *, raw: bool = False, **content: Any
    ) -> Any:
        began, broken = time.monotonic(), 0
        while True:
            wait = 0.5
            try:
                answer = await self._http.request(method, path, headers=headers, **content)
            except httpx.TransportError as lost:
                if time.monotonic() - began > PATIENCE_S:
                    raise Refused(503, {"title": type(lost).__name__}, f"{method} {path}") from lost
            else:
                broken += answer.status_code == 500
                self._keep(answer)
                if answer.is_success:
                    return answer.content if raw else answer.json()
                away = answer.status_code in _AWAY or (
                    answer.status_code == 500 and broken <= TRIES_AFTER_500
                )
                if not away or time.monotonic() - began > PATIENCE_S:
                    raise Refused(answer.status_code, _problem(answer), f"{method} {path}")
                wait = min(2.0, float(answer.headers.get("retry-after", wait)))
            self.repeats += 1
            await asyncio.sleep(wait)

    def _keep(self, answer: httpx.Response) -> None:
        """Keep each different JSON answer, so that the checker can look for persons' data in them."""
        digest = hash(answer.content)
        if (
            self._answers is None
            or digest in self._kept
            or "json" not in answer.headers.get("content-type", "")
        ):
            return
        self._kept.add(digest)
        with self._answers.open("ab") as file:
            file.write(answer.content + b"\n")


def _fresh(login: _Login, answer: Mapping[str, Any]) -> _Login:
    login.token = str(answer["access_token"])
    login.until = time.monotonic() + float(answer["expires_in"]) - RENEW_BEFORE_S
    return login


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {"title": answer.reason_phrase}
    return found if isinstance(found, dict) else {}

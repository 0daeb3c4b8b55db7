"""Calls to agencies' endpoints: signed after Standard Webhooks, to a public address that was looked up once.

The address is resolved here, judged, and then connected to as it is (the name stays in Host and in TLS), so
that a second answer of the name server cannot lead inside. Redirects are answers like any other: failures.
"""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import httpx
import orjson

from services.exchange.ports.vault import PREFIX

TIMEOUT_SECONDS = 10.0
MAX_ANSWER_BYTES = 4096


class EndpointRefused(Exception):
    """An address that is never called; the reason is a code for the agency."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect (`address`), and as whom to speak (`host`)."""

    scheme: str
    host: str
    address: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call: a status, or 0 and the reason without one."""

    status: int
    reason: str
    body: bytes = b""

    @property
    def taken(self) -> bool:
        """Only 2xx says that the event was taken."""
        return 200 <= self.status < 300


async def resolve(endpoint: str, *, development: bool) -> Target:
    """Look the endpoint up once and judge every address it has. Raises EndpointRefused.

    Outside the development profile: https, and public addresses only; there also http and this machine's own.
    """
    try:
        parts = urlsplit(endpoint)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise EndpointRefused("malformed") from None
    if parts.scheme != "https" and not (development and parts.scheme == "http"):
        raise EndpointRefused("not_https")
    if not parts.hostname or parts.username is not None or parts.password is not None or parts.fragment:
        raise EndpointRefused("malformed")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise EndpointRefused("unknown_host") from None
    addresses = [str(one[4][0]) for one in found]
    if not addresses or not all(allowed(one, development=development) for one in addresses):
        raise EndpointRefused("address_not_allowed")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, addresses[0], port, path)


def allowed(address: str, *, development: bool) -> bool:
    """Public unicast only: not private, link-local, loopback, shared, reserved, nor one of these inside IPv6."""
    one = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(one, "ipv4_mapped", None) or getattr(one, "sixtofour", None)
    if development and one.is_loopback:
        return True
    if inner is not None:
        return allowed(str(inner), development=development)
    return one.is_global and not one.is_multicast and one not in ipaddress.ip_network("64:ff9b::/96")


def signature(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header: one `v1,…` (HMAC-SHA256) per secret, the current one first."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    codes = [
        hmac.digest(base64.b64decode(one.removeprefix(PREFIX)), signed, hashlib.sha256) for one in secrets
    ]
    return " ".join(f"v1,{base64.b64encode(code).decode()}" for code in codes)


@cache
def trusted() -> ssl.SSLContext:
    """Whose certificates are believed: the machine's list, checked for the endpoint's name, not its address."""
    return ssl.create_default_context()


async def post(
    endpoint: str, message_id: str, timestamp: int, body: bytes, secrets: Sequence[str], *, development: bool
) -> Answer:
    """One signed POST; never raises for what the other side does."""
    try:
        target = await resolve(endpoint, development=development)
    except EndpointRefused as refused:
        return Answer(0, refused.code)
    shown = f"[{target.address}]" if ":" in target.address else target.address
    headers = {
        "host": target.host if target.port in (80, 443) else f"{target.host}:{target.port}",
        "content-type": "application/cloudevents+json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secrets, message_id, timestamp, body),
    }
    url = f"{target.scheme}://{shown}:{target.port}{target.path}"
    try:
        async with (
            asyncio.timeout(TIMEOUT_SECONDS),
            httpx.AsyncClient(
                verify=trusted(), trust_env=False, timeout=TIMEOUT_SECONDS, follow_redirects=False
            ) as client,
            client.stream(
                "POST", url, content=body, headers=headers, extensions={"sni_hostname": target.host}
            ) as answer,
        ):
            read = b""
            async for part in answer.aiter_raw():
                read += part
                if len(read) > MAX_ANSWER_BYTES:
                    break
            return Answer(answer.status_code, f"http_{answer.status_code}", read[:MAX_ANSWER_BYTES])
    except (httpx.HTTPError, TimeoutError, OSError) as failure:
        return Answer(0, type(failure).__name__)


async def challenge(
    endpoint: str, secret: str, challenge_id: str, timestamp: int, *, development: bool
) -> str | None:
    """Whether somebody at the endpoint wants our events: it must repeat the challenge. The reason why not, or None."""
    body = orjson.dumps({"type": "subsidy.public.challenge", "challenge": challenge_id})
    answer = await post(endpoint, challenge_id, timestamp, body, [secret], development=development)
    if not answer.taken:
        return answer.reason
    try:
        repeated = orjson.loads(answer.body)["challenge"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return "challenge_not_repeated"
    return None if repeated == challenge_id else "challenge_not_repeated"

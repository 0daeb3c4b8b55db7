"""What the edge decides without asking anybody: which paths and headers pass, and what a demo login means."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

PROXIED = ("registry", "application", "batch", "verification", "card_matching", "publicity", "grievance",
           "payment", "supervision", "orchestrator", "exchange")  # fmt: skip
"""The rooms behind the portal. It never proxies to itself."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
RETRY_AFTER_S = 5
REQUEST_HEADERS = frozenset(
    {
        "accept", "accept-language", "authorization", "content-type", "idempotency-key", "if-match",
        "if-none-match", "range", "tracestate",
    }
)  # fmt: skip
"""Everything else a client sends (forwarding headers above all) stays outside."""
HOP_HEADERS = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade", "server", "date", "x-trace-id",
    }
)  # fmt: skip

_PATH = re.compile(rb"/api/(?P<room>[a-z_]{1,40})/v1/(?P<rest>[A-Za-z0-9._~:@!$&'()*+,;=%/-]*)")
_FORBIDDEN = re.compile(r"[/\\\x00-\x1f\x7f%]")


class BadPath(ValueError):
    """A path that different programs could read differently."""


@dataclass(frozen=True, slots=True)
class Target:
    """The room a request is for, and the path exactly as it came in."""

    room: str
    path: str


def target_of(raw_path: bytes) -> Target | None:
    """Where a raw (still encoded) path leads; None when it is not a room's.

    Raises BadPath for dot segments, empty segments, encoded slashes, backslashes or percent signs, and
    bytes that are not UTF-8: such a path may mean something else to the room than it did here.
    """
    path = raw_path.partition(b"?")[0]
    match = _PATH.fullmatch(path)
    if match is None:
        if path.startswith(b"/api/"):
            raise BadPath
        return None
    for segment in match["rest"].decode("ascii").split("/"):
        try:
            clear = unquote(segment, errors="strict")
        except UnicodeDecodeError:
            raise BadPath from None
        if not clear or clear in (".", "..") or _FORBIDDEN.search(clear):
            raise BadPath
    room = match["room"].decode("ascii")
    return Target(room, path.decode("ascii")) if room in PROXIED else None


def passing(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The request headers that a room gets to see."""
    return {name: value for name, value in headers if name.lower() in REQUEST_HEADERS}


def returning(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The response headers that the client gets to see."""
    return {name: value for name, value in headers if name.lower() not in HOP_HEADERS}


LOGIN_LEVELS: dict[str, tuple[int, ...]] = {
    "helper": (9, 12),
    "township_handler": (9,),
    "township_reviewer": (9,),
    "survey_worker": (9,),
    "county_handler": (6,),
    "county_reviewer": (6,),
    "finance_reviewer": (6,),
    "finance_payer": (6,),
    "complaints_desk": (6,),
    "discipline": (4, 6),
    "leader": (4, 6),
    "operator": (4,),
}
"""Role → lengths of the region codes its demo logins may have."""

_LOGIN = re.compile(r"(?P<role>[a-z_]{1,30})(?P<number>\.[2-9])?@(?P<region>[0-9]{4,12})")


@dataclass(frozen=True, slots=True)
class Login:
    """A demo login: `county_reviewer@539901`, or `county_reviewer.2@539901` for a second person."""

    role: str
    region: str
    username: str


def login_of(username: str) -> Login | None:
    """What a username means; None when no such login can exist."""
    match = _LOGIN.fullmatch(username)
    if match is None or len(match["region"]) not in LOGIN_LEVELS.get(match["role"], ()):
        return None
    return Login(match["role"], match["region"], username)


def logins_in(regions: Iterable[str]) -> list[Login]:
    """One login per role for every region that roles sit in (helpers: townships alone), in order."""
    return [
        Login(role, region, f"{role}@{region}")
        for region in regions
        for role, lengths in LOGIN_LEVELS.items()
        if len(region) == lengths[0]
    ]

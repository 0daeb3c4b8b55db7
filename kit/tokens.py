"""Reads access tokens: an allow-list of algorithms and header members, pinned keys, one issuer, short life.

Everything a token could use to choose its own judge (alg none, a symmetric algorithm with our public key,
jku, x5u, jwk, crit) is refused before a key is even looked up.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt

from kit.clock import wall_now
from kit.roles import Actor, Kind, Role

ALGORITHMS = ("EdDSA", "ES256")
AUDIENCE = "daohu"
MAX_LIFE = timedelta(minutes=15)
LEEWAY = timedelta(seconds=10)
ROOM_PREFIX = "room:"
_HEADER_MEMBERS = frozenset({"alg", "kid", "typ"})
_TYPES = frozenset({"JWT", "at+jwt"})
_MAX_LENGTH = 8192


class TokenRefused(Exception):
    """A token that is not accepted; the reason is for logs, the caller only learns 401."""


class TokenReader:
    """Turns a token into an Actor, or raises TokenRefused.

    `keys`: a JWKS, or the path of a file with one, read again when it changed and a key is unknown.
    `minimum_version(sub)`: tokens with a lower revocation version are refused, so that a change of role or
    region counts at once (ASVS 8.3.2).
    """

    def __init__(
        self,
        keys: Mapping[str, Any] | Path,
        issuer: str,
        *,
        audience: str = AUDIENCE,
        now: Callable[[], datetime] = wall_now,
        minimum_version: Callable[[str], int] | None = None,
    ) -> None:
        self._file = keys if isinstance(keys, Path) else None
        self._stamp: tuple[int, int] | None = None
        self._keys: dict[str, jwt.PyJWK] = {}
        if not isinstance(keys, Path):
            self._keys = _read_keys(keys)
        self._issuer = issuer
        self._audience = audience
        self._now = now
        self._minimum_version = minimum_version

    def read(self, token: str) -> Actor:
        """The actor. Raises TokenRefused."""
        key = self._key(token)
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[str(key.algorithm_name)],
                options={
                    # The library takes its time from the system; ours is injected, so we compare ourselves.
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "require": ["exp", "iat", "iss", "aud", "sub"],
                },
                audience=self._audience,
                issuer=self._issuer,
            )
        except jwt.PyJWTError as error:
            raise TokenRefused(type(error).__name__) from None
        self._check_times(claims)
        actor = actor_of(claims)
        if self._minimum_version is not None and actor.revocation < self._minimum_version(actor.sub):
            raise TokenRefused("revoked")
        return actor

    def _key(self, token: str) -> jwt.PyJWK:
        if len(token) > _MAX_LENGTH:
            raise TokenRefused("too long")
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise TokenRefused(type(error).__name__) from None
        if not header.keys() <= _HEADER_MEMBERS:
            raise TokenRefused("header member not allowed")
        if str(header.get("typ", "JWT")) not in _TYPES or header.get("alg") not in ALGORITHMS:
            raise TokenRefused("type or algorithm not allowed")
        key = self._find(header.get("kid"))
        if key is None or key.algorithm_name != header["alg"]:
            raise TokenRefused("unknown key")
        return key

    def _find(self, kid: object) -> jwt.PyJWK | None:
        if not isinstance(kid, str):
            return None
        if kid not in self._keys and self._file is not None and self._file.exists():
            status = self._file.stat()
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp != self._stamp:
                self._keys = _read_keys(json.loads(self._file.read_text(encoding="utf-8")))
                self._stamp = stamp
        return self._keys.get(kid)

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        try:
            issued, expires = (datetime.fromtimestamp(claims[name], UTC) for name in ("iat", "exp"))
            begins = datetime.fromtimestamp(claims.get("nbf", claims["iat"]), UTC)
        except (TypeError, ValueError, OverflowError):
            raise TokenRefused("times are not numbers") from None
        now = self._now()
        if expires <= now - LEEWAY:
            raise TokenRefused("expired")
        if issued > now + LEEWAY or begins > now + LEEWAY:
            raise TokenRefused("not yet valid")
        if expires - issued > MAX_LIFE:
            raise TokenRefused("lives too long")


def _read_keys(jwks: Mapping[str, Any]) -> dict[str, jwt.PyJWK]:
    keys = {entry["kid"]: jwt.PyJWK(entry) for entry in jwks["keys"]}
    if any(key.algorithm_name not in ALGORITHMS for key in keys.values()):
        raise ValueError(f"only keys for {', '.join(ALGORITHMS)} may be pinned")
    return keys


def claims_of(actor: Actor) -> dict[str, Any]:
    """The claims that say who an actor is, without issuer, audience and times."""
    roles: list[str] = sorted(actor.roles)
    if actor.room:
        roles.append(ROOM_PREFIX + actor.room)
    claims: dict[str, Any] = {
        "sub": actor.sub,
        "kind": actor.kind.value,
        "roles": roles,
        "rv": actor.revocation,
        "name": actor.name_display,
        "region": actor.region,
        "projects": sorted(actor.projects),
        "subject_id": actor.subject_id,
        "agency": actor.agency,
    }
    return {name: value for name, value in claims.items() if value not in (None, "", [])}


def actor_of(claims: Mapping[str, Any]) -> Actor:
    """The actor of verified claims; unknown roles are dropped. Raises TokenRefused if it can't exist."""
    try:
        names = [str(name) for name in claims.get("roles", ())]
        rooms = [name.removeprefix(ROOM_PREFIX) for name in names if name.startswith(ROOM_PREFIX)]
        if len(rooms) > 1:
            raise TokenRefused("more than one room")
        actor = Actor(
            sub=str(claims["sub"]),
            kind=Kind(claims["kind"]),
            roles=frozenset(Role(name) for name in names if name in _KNOWN_ROLES),
            name_display=str(claims.get("name", "")),
            region=_text(claims.get("region")),
            projects=frozenset(str(project) for project in claims.get("projects", ())),
            subject_id=_text(claims.get("subject_id")),
            room=rooms[0] if rooms else None,
            agency=_text(claims.get("agency")),
            revocation=int(claims.get("rv", 0)),
        )
    except (KeyError, TypeError, ValueError):
        raise TokenRefused("claims are malformed") from None
    problem = actor.problem()
    if problem is not None:
        raise TokenRefused(problem)
    return actor


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError("not a text")
    return value


_KNOWN_ROLES = frozenset(role.value for role in Role)

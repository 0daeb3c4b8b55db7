"""Makes tokens in development: an issuer with a key in a folder, and the tokens rooms show each other."""

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit.clock import wall_now
from kit.keyfiles import create_once
from kit.profile import require_development
from kit.roles import Actor, Kind, Role
from kit.tokens import AUDIENCE, MAX_LIFE, claims_of

DEVELOPMENT_ISSUER = "urn:daohu:development"
KEY_FILE = "issuer-ed25519.pem"
JWKS_FILE = "jwks.json"
DEFAULT_LIFE = timedelta(minutes=10)


class DevelopmentIssuer:
    """Signs tokens with an Ed25519 key, made (mode 0600) when the folder has none, beside its public JWKS.

    Several processes may start at once: the first key wins. Raises NotInDevelopment in any other profile.
    """

    def __init__(
        self, key_dir: Path, *, issuer: str = DEVELOPMENT_ISSUER, now: Callable[[], datetime] = wall_now
    ) -> None:
        require_development("DevelopmentIssuer")
        self.issuer = issuer
        self._now = now
        pem = create_once(key_dir / KEY_FILE, _new_key)
        key = serialization.load_pem_private_key(pem, password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("the issuer's key is not an Ed25519 key")
        self._key = key
        self._jwk = _public_jwk(key)
        create_once(key_dir / JWKS_FILE, lambda: json.dumps(self.jwks()).encode())

    def jwks(self) -> dict[str, Any]:
        """The public keys."""
        return {"keys": [self._jwk]}

    def mint(self, actor: Actor, ttl: timedelta = DEFAULT_LIFE) -> str:
        """A token for the actor. Raises ValueError for an impossible actor, or a life over 15 minutes."""
        problem = actor.problem()
        if problem is not None or not timedelta() < ttl <= MAX_LIFE:
            raise ValueError(problem or "a token lives at most 15 minutes")
        issued = int(self._now().timestamp())
        claims = claims_of(actor) | {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "iat": issued,
            "exp": issued + int(ttl.total_seconds()),
        }
        return jwt.encode(claims, self._key, algorithm="EdDSA", headers={"kid": self._jwk["kid"]})


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public_jwk(key: Ed25519PrivateKey) -> dict[str, str]:
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    required = {"crv": "Ed25519", "kty": "OKP", "x": base64.urlsafe_b64encode(raw).rstrip(b"=").decode()}
    # RFC 7638: the thumbprint names the key by its content.
    text = json.dumps(required, separators=(",", ":"), sort_keys=True).encode()
    kid = base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()
    return required | {"kid": kid, "alg": "EdDSA", "use": "sig"}


def service_actor(room: str) -> Actor:
    """The actor a room is to another room."""
    return Actor(sub=f"room:{room}", kind=Kind.SERVICE, roles=frozenset({Role.SERVICE}), room=room)


class ServiceTokens:
    """The token a room shows to others: minted in development, else read from a file the platform renews."""

    def __init__(
        self,
        room: str,
        *,
        issuer: DevelopmentIssuer | None = None,
        file: Path | None = None,
        now: Callable[[], datetime] = wall_now,
    ) -> None:
        if (issuer is None) == (file is None):
            raise ValueError("service tokens come either from an issuer or from a file")
        self._actor = service_actor(room)
        self._issuer = issuer
        self._file = file
        self._now = now
        self._token = ""
        self._until: datetime | None = None

    def token(self) -> str:
        """A token with at least a minute to live (from a file: whatever stands there)."""
        if self._file is not None:
            return self._file.read_text(encoding="ascii").strip()
        assert self._issuer is not None
        now = self._now()
        if self._until is None or now >= self._until:
            self._token = self._issuer.mint(self._actor)
            self._until = now + DEFAULT_LIFE - timedelta(minutes=1)
        return self._token

    def headers(self) -> dict[str, str]:
        """The Authorization header."""
        return {"Authorization": f"Bearer {self.token()}"}

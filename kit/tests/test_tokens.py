import base64
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit.issuer import JWKS_FILE, KEY_FILE, DevelopmentIssuer, ServiceTokens, service_actor
from kit.profile import NotInDevelopment
from kit.roles import Actor, Kind, Role
from kit.tokens import TokenReader, TokenRefused, claims_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ACTOR = Actor(
    "u1",
    Kind.OFFICIAL,
    frozenset({Role.COUNTY_HANDLER}),
    "李经办",
    "990101",
    frozenset({"11810"}),
    revocation=3,
)


def now() -> datetime:
    return NOW


@pytest.fixture
def issuer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DevelopmentIssuer:
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    return DevelopmentIssuer(tmp_path, now=now)


@pytest.fixture
def reader(issuer: DevelopmentIssuer) -> TokenReader:
    return TokenReader(issuer.jwks(), issuer.issuer, now=now)


@pytest.mark.parametrize(
    "actor",
    [ACTOR, Actor("c", Kind.CITIZEN, frozenset({Role.CITIZEN}), subject_id="s"), service_actor("payment")],
)
def test_what_is_minted_is_read(issuer: DevelopmentIssuer, reader: TokenReader, actor: Actor) -> None:
    assert reader.read(issuer.mint(actor)) == actor


def good_claims(issuer: DevelopmentIssuer) -> dict[str, Any]:
    stamp = int(NOW.timestamp())
    return claims_of(ACTOR) | {"iss": issuer.issuer, "aud": "daohu", "iat": stamp, "exp": stamp + 600}


def sign(issuer: DevelopmentIssuer, claims: dict[str, Any], **header: Any) -> str:
    kid = issuer.jwks()["keys"][0]["kid"]
    headers = {"kid": kid} | header
    return jwt.encode(claims, issuer._key, algorithm="EdDSA", headers=headers)


def test_the_forge_makes_good_tokens_too(issuer: DevelopmentIssuer, reader: TokenReader) -> None:
    # Otherwise every attack below could be refused for a silly reason.
    assert reader.read(sign(issuer, good_claims(issuer))) == ACTOR


STAMP = int(NOW.timestamp())


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "other"},
        {"aud": None},
        {"iss": "urn:evil"},
        {"iss": None},
        {"sub": None},
        {"iat": None},
        {"exp": None},
        {"exp": STAMP - 11},
        {"exp": STAMP + 901},
        {"exp": "tomorrow"},
        {"exp": 10**30},
        {"iat": STAMP + 60},
        {"iat": STAMP - 3600, "exp": STAMP + 600},
        {"nbf": STAMP + 60},
        {"kind": "king"},
        {"kind": None},
        {"kind": "citizen"},
        {"roles": ["king"]},
        {"roles": "county_handler"},
        {"roles": ["county_handler", "service"]},
        {"roles": ["county_handler", "room:payment"]},
        {"roles": ["service", "room:payment", "room:batch"], "kind": "service"},
        {"region": None},
        {"region": 990101},
        {"rv": "x"},
    ],
)
def test_wrong_claims(issuer: DevelopmentIssuer, reader: TokenReader, change: dict[str, Any]) -> None:
    claims = {name: value for name, value in (good_claims(issuer) | change).items() if value is not None}
    with pytest.raises(TokenRefused):
        reader.read(sign(issuer, claims))


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"]},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/cert"},
        {"jwk": {"kty": "OKP"}},
        {"x5c": ["AA"]},
        {"b64": True},
        {"cty": "JWT"},
        {"kid": "unknown"},
        {"kid": None},
        {"typ": "JOSE"},
        {"typ": ["JWT"]},
    ],
)
def test_wrong_headers(issuer: DevelopmentIssuer, reader: TokenReader, header: dict[str, Any]) -> None:
    part = [_b64(json.dumps({"alg": "EdDSA", "typ": "JWT", "kid": _kid(issuer)} | header).encode())]
    part.append(_b64(json.dumps(good_claims(issuer)).encode()))
    signature = issuer._key.sign(".".join(part).encode())
    with pytest.raises(TokenRefused):
        reader.read(".".join([*part, _b64(signature)]))


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _kid(issuer: DevelopmentIssuer) -> str:
    return str(issuer.jwks()["keys"][0]["kid"])


def test_alg_none(issuer: DevelopmentIssuer, reader: TokenReader) -> None:
    for alg in ("none", "None", "NONE", ""):
        head = _b64(json.dumps({"alg": alg, "typ": "JWT", "kid": _kid(issuer)}).encode())
        with pytest.raises(TokenRefused):
            reader.read(f"{head}.{_b64(json.dumps(good_claims(issuer)).encode())}.")


def test_the_public_key_is_no_shared_secret(issuer: DevelopmentIssuer, reader: TokenReader) -> None:
    raw = base64.urlsafe_b64decode(issuer.jwks()["keys"][0]["x"] + "=")
    forged = jwt.encode(good_claims(issuer), raw, algorithm="HS256", headers={"kid": _kid(issuer)})
    with pytest.raises(TokenRefused, match="not allowed"):
        reader.read(forged)


def test_another_key_under_the_same_name(issuer: DevelopmentIssuer, reader: TokenReader) -> None:
    other = Ed25519PrivateKey.generate()
    forged = jwt.encode(good_claims(issuer), other, algorithm="EdDSA", headers={"kid": _kid(issuer)})
    with pytest.raises(TokenRefused):
        reader.read(forged)


def test_the_keys_algorithm_is_pinned(issuer: DevelopmentIssuer) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())) | {"kid": "e1", "alg": "ES256"}
    both = TokenReader({"keys": [*issuer.jwks()["keys"], jwk]}, issuer.issuer, now=now)
    assert both.read(jwt.encode(good_claims(issuer), key, algorithm="ES256", headers={"kid": "e1"})) == ACTOR
    with pytest.raises(TokenRefused, match="unknown key"):
        both.read(jwt.encode(good_claims(issuer), key, algorithm="ES256", headers={"kid": _kid(issuer)}))


def test_symmetric_keys_cannot_be_pinned() -> None:
    with pytest.raises(ValueError, match="pinned"):
        TokenReader({"keys": [{"kty": "oct", "k": _b64(b"x" * 32), "kid": "k", "alg": "HS256"}]}, "i")


@pytest.mark.parametrize(
    "damage", [lambda t: t[:-4] + "AAAA", lambda t: "", lambda t: "a.b", lambda t: t + "x" * 9000]
)
def test_damaged(issuer: DevelopmentIssuer, reader: TokenReader, damage: Callable[[str], str]) -> None:
    with pytest.raises(TokenRefused):
        reader.read(damage(issuer.mint(ACTOR)))


def test_a_change_of_role_counts_at_once(issuer: DevelopmentIssuer) -> None:
    versions = {"u1": 3}
    reader = TokenReader(
        issuer.jwks(), issuer.issuer, now=now, minimum_version=lambda sub: versions.get(sub, 0)
    )
    token = issuer.mint(ACTOR)
    assert reader.read(token) == ACTOR
    versions["u1"] = 4
    with pytest.raises(TokenRefused, match="revoked"):
        reader.read(token)


def test_the_key_file_may_come_later_and_be_rotated(issuer: DevelopmentIssuer, tmp_path: Path) -> None:
    file = tmp_path / "later" / JWKS_FILE
    reader = TokenReader(file, issuer.issuer, now=now)
    with pytest.raises(TokenRefused, match="unknown key"):
        reader.read(issuer.mint(ACTOR))
    later = DevelopmentIssuer(tmp_path / "later", now=now)
    assert reader.read(later.mint(ACTOR)) == ACTOR


def test_keys_are_private_lasting_and_for_development_only(
    issuer: DevelopmentIssuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert os.stat(tmp_path / KEY_FILE).st_mode & 0o777 == 0o600
    assert DevelopmentIssuer(tmp_path).jwks() == issuer.jwks()
    assert json.loads((tmp_path / JWKS_FILE).read_text()) == issuer.jwks()
    serialization.load_pem_private_key((tmp_path / KEY_FILE).read_bytes(), None)
    monkeypatch.setenv("DAOHU_PROFILE", "production")
    with pytest.raises(NotInDevelopment):
        DevelopmentIssuer(tmp_path)


def test_impossible_actors_and_long_lives_are_not_minted(issuer: DevelopmentIssuer) -> None:
    with pytest.raises(ValueError, match="official"):
        issuer.mint(Actor("x", Kind.OFFICIAL, frozenset()))
    for life in (timedelta(minutes=16), timedelta(), timedelta(seconds=-1)):
        with pytest.raises(ValueError, match="15 minutes"):
            issuer.mint(ACTOR, life)


def test_service_tokens_renew_before_they_end(issuer: DevelopmentIssuer, tmp_path: Path) -> None:
    moment = [NOW]
    tokens = ServiceTokens("payment", issuer=issuer, now=lambda: moment[0])
    first = tokens.token()
    moment[0] += timedelta(minutes=8)
    assert tokens.headers() == {"Authorization": f"Bearer {first}"}
    issuer._now = lambda: moment[0]
    moment[0] += timedelta(minutes=1)
    assert tokens.token() != first
    (tmp_path / "token").write_text("from-the-platform\n")
    assert ServiceTokens("payment", file=tmp_path / "token").token() == "from-the-platform"
    with pytest.raises(ValueError, match="either"):
        ServiceTokens("payment")

"""Signatures over documents (manifests, evidence): Ed25519 over the canonical JSON, with the key's name."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kit.keyfiles import create_once
from kit.keyring import KeyMissing
from kit.merkle import canonical_json
from kit.profile import is_development

ALGORITHM = "ed25519"
_PREFIX = b"daohu-signature-v1\n"  # a signature over a document is never one over anything else


class Signer:
    """Signs with one key, read from `<name>-ed25519.pem`; in development made when it is missing."""

    def __init__(self, key_dir: Path, name: str = "manifest") -> None:
        path = key_dir / f"{name}-ed25519.pem"
        if not is_development() and not path.exists():
            raise KeyMissing(path.name)
        key = serialization.load_pem_private_key(create_once(path, _new_key), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{path.name} is not an Ed25519 key")
        self._key = key
        self.public_key = key.public_key().public_bytes_raw()
        self.key_id = key_id(self.public_key)

    def sign(self, document: Mapping[str, Any]) -> str:
        """ "ed25519:<key id>:<base64url>". Raises ValueError for what has no canonical form."""
        signature = self._key.sign(_PREFIX + canonical_json(document))
        return f"{ALGORITHM}:{self.key_id}:{base64.urlsafe_b64encode(signature).decode()}"

    def public_keys(self) -> dict[str, bytes]:
        """What a verifier needs: {key id: raw public key}."""
        return {self.key_id: self.public_key}


def key_id(public_key: bytes) -> str:
    """A key's name: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def verify(document: Mapping[str, Any], signature: str, public_keys: Mapping[str, bytes]) -> bool:
    """Whether one of the trusted keys signed exactly this document."""
    algorithm, _, rest = signature.partition(":")
    name, _, text = rest.partition(":")
    if algorithm != ALGORITHM or name not in public_keys:
        return False
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
        Ed25519PublicKey.from_public_bytes(public_keys[name]).verify(raw, _PREFIX + canonical_json(document))
    except (InvalidSignature, ValueError):
        return False
    return True


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

"""The crypto provider: one envelope per person under its own key, blind indexes, digests. Everything it makes
names its algorithm and key, so that what an earlier suite or key wrote stays readable.

    ciphertext  b"aes256gcm:kek1:" + nonce + body + tag   (kek1, file1 … from the ring; dek: a person's key)
    code        "hmac-sha256:index1:<hex>"
    digest      "sha256:<hex>"
"""

import hmac
import os
from dataclasses import dataclass, field

from kit.algorithms import (
    CIPHERS,
    DIGESTS,
    INTERNATIONAL,
    NATIONAL,
    SUITES,
    CannotOpen,
    CipherAlgorithm,
    Suite,
    configured,
)
from kit.keyring import KeyMissing, KeyRing

__all__ = [
    "INTERNATIONAL",
    "NATIONAL",
    "SUITES",
    "CannotOpen",
    "DataKey",
    "KeyMissing",
    "KeyRing",
    "Provider",
    "Suite",
    "configured",
    "digest",
    "digest_of",
    "same_digest",
]

_PERSON = "dek"
# The digest each cipher's keys are derived with: fixed per cipher, or a change of suite would lose them.
_DERIVATION = {suite.cipher.name: suite.digest for suite in SUITES.values()}


@dataclass(frozen=True, slots=True)
class DataKey:
    """One person's key. Whoever deletes its wrapped form has erased the person, backups included."""

    cipher: CipherAlgorithm
    key: bytes = field(repr=False)


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    """The digest with its algorithm's name. Raises KeyError for an unknown algorithm."""
    return f"{algorithm}:{DIGESTS[algorithm].digest(data).hex()}"


def digest(data: bytes) -> str:
    """The digest by the suite that is set, with its name."""
    return digest_of(data, configured().digest.name)


def same_digest(data: bytes, expected: str) -> bool:
    """Whether `expected` (with its algorithm's name) is the digest of the data."""
    algorithm = expected.partition(":")[0]
    return algorithm in DIGESTS and hmac.compare_digest(digest_of(data, algorithm), expected)


class Provider:
    """Writes with one suite and the ring's current keys; reads whatever the name says."""

    def __init__(self, suite: Suite, keys: KeyRing) -> None:
        self.suite = suite
        self._keys = keys

    def new_data_key(self) -> DataKey:
        """A fresh key for one person."""
        return DataKey(self.suite.cipher, os.urandom(self.suite.cipher.key_bytes))

    def wrap(self, data_key: DataKey, subject_id: str) -> bytes:
        """The person's key, sealed under the current `kek`, bound to the subject."""
        return self.seal_under("kek", f"{data_key.cipher.name}:".encode() + data_key.key, f"dek|{subject_id}")

    def unwrap(self, wrapped: bytes, subject_id: str) -> DataKey:
        """The person's key. Raises CannotOpen (also for another subject's) or KeyMissing."""
        name, _, key = self.open_under(wrapped, f"dek|{subject_id}").partition(b":")
        return DataKey(CIPHERS[name.decode()], key)

    def seal(self, data_key: DataKey, plaintext: bytes, context: str) -> bytes:
        """Seal under a person's key. `context` (say "envelope|<subject>") must be the same to open."""
        body = data_key.cipher.seal(data_key.key, plaintext, context.encode())
        return f"{data_key.cipher.name}:{_PERSON}:".encode() + body

    def open(self, data_key: DataKey, sealed: bytes, context: str) -> bytes:
        """Open what `seal` made. Raises CannotOpen."""
        cipher, key_id, body = _parts(sealed)
        if key_id != _PERSON or cipher is not data_key.cipher:
            raise CannotOpen
        return cipher.open(data_key.key, body, context.encode())

    def seal_under(self, purpose: str, plaintext: bytes, context: str) -> bytes:
        """Seal under the current key of a purpose (uploaded rosters, bank files). Raises KeyMissing."""
        cipher, key_id = self.suite.cipher, self._keys.current(purpose)
        body = cipher.seal(self._ring_key(key_id, cipher), plaintext, context.encode())
        return f"{cipher.name}:{key_id}:".encode() + body

    def open_under(self, sealed: bytes, context: str) -> bytes:
        """Open what `seal_under` made, under whichever key it names. Raises CannotOpen or KeyMissing."""
        cipher, key_id, body = _parts(sealed)
        return cipher.open(self._ring_key(key_id, cipher), body, context.encode())

    def blind_index(self, domain: str, canonical: str, key_id: str | None = None) -> str:
        """A keyed code that finds the same text again and tells nothing else. An unkeyed hash of an ID number
        is undone in hours. `domain` keeps ID numbers and accounts apart; `key_id` is for rotation.
        """
        key_id = key_id or self._keys.current("index")
        digest = self._keys.digest(key_id) or self.suite.digest
        key = self._keys.subkey(key_id, digest, f"hmac-{digest.name}", 32)
        return f"hmac-{digest.name}:{key_id}:{digest.mac(key, f'{domain}|{canonical}'.encode()).hex()}"

    def digest(self, data: bytes) -> str:
        """The suite's digest, with its name."""
        return digest_of(data, self.suite.digest.name)

    def _ring_key(self, key_id: str, cipher: CipherAlgorithm) -> bytes:
        return self._keys.subkey(key_id, _DERIVATION[cipher.name], cipher.name, cipher.key_bytes)


def _parts(sealed: bytes) -> tuple[CipherAlgorithm, str, bytes]:
    name, _, rest = sealed.partition(b":")
    key_id, separator, body = rest.partition(b":")
    cipher = CIPHERS.get(name.decode("ascii", "replace"))
    if cipher is None or not separator:
        raise CannotOpen
    return cipher, key_id.decode("ascii", "replace"), body

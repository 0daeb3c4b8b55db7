"""Long-lived keys by purpose and number (kek1, index1): old ones stay to read, the highest writes."""

import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from kit.algorithms import DIGESTS, SHA256, DigestAlgorithm, configured
from kit.keyfiles import create_once
from kit.profile import is_development

KEY_DIR_VARIABLE = "DAOHU_KEY_DIR"
KEY_BYTES = 32
_KEY_ID = re.compile(r"([a-z]+)([1-9][0-9]*)")


class KeyMissing(Exception):
    """A key that is not in the ring: erased, never made, or another room's."""


class KeyRing:
    """Keys of one room. A room holds only the purposes it names; the blind index is registry's.

    `digests` says with which digest a key makes codes. It belongs to the key, not to the setting: a code that came
    out differently after a change of suite would find nobody again.
    """

    def __init__(
        self, keys: Mapping[str, bytes], digests: Mapping[str, DigestAlgorithm] | None = None
    ) -> None:
        self._keys, self._digests = dict(keys), dict(digests or {})
        self._current: dict[str, tuple[int, str]] = {}
        for key_id, key in self._keys.items():
            match = _KEY_ID.fullmatch(key_id)
            if match is None or len(key) != KEY_BYTES:
                raise ValueError(f"key {key_id}: a name like kek1 and {KEY_BYTES} bytes are needed")
            entry = (int(match[2]), key_id)
            self._current[match[1]] = max(entry, self._current.get(match[1], entry))
        # Keys never serve two algorithms: each gets its own, derived once.
        self._derive = lru_cache(maxsize=256)(self._derive_fresh)

    @classmethod
    def from_dir(cls, key_dir: Path, purposes: Iterable[str]) -> "KeyRing":
        """Read `<purpose><number>.key`: 64 hex digits and, unless it is sha256, the digest of its codes ("… sm3").

        In development the first of each purpose is made, for the suite that is set. Raises KeyMissing where a
        purpose has no key, outside development, and KeyError for an unknown digest.
        """
        keys: dict[str, bytes] = {}
        digests: dict[str, DigestAlgorithm] = {}
        for purpose in purposes:
            if is_development():
                create_once(key_dir / f"{purpose}1.key", _fresh)
            files = [p for p in key_dir.glob(f"{purpose}*.key") if _purpose(p.stem) == purpose]
            if not files:
                raise KeyMissing(purpose)
            for file in files:
                key, _, digest = file.read_text(encoding="ascii").strip().partition(" ")
                keys[file.stem] = bytes.fromhex(key)
                digests[file.stem] = DIGESTS[digest] if digest else SHA256
        return cls(keys, digests)

    @classmethod
    def from_environment(cls, purposes: Iterable[str]) -> "KeyRing":
        """The ring in DAOHU_KEY_DIR. Raises KeyMissing."""
        key_dir = os.environ.get(KEY_DIR_VARIABLE)
        if not key_dir:
            raise KeyMissing(KEY_DIR_VARIABLE)
        return cls.from_dir(Path(key_dir), purposes)

    def current(self, purpose: str) -> str:
        """The id of the key to write with. Raises KeyMissing."""
        if purpose not in self._current:
            raise KeyMissing(purpose)
        return self._current[purpose][1]

    def digest(self, key_id: str) -> DigestAlgorithm | None:
        """The digest this key makes codes with, where it says so."""
        return self._digests.get(key_id)

    def subkey(self, key_id: str, digest: DigestAlgorithm, use: str, length: int) -> bytes:
        """The key derived for one use. Raises KeyMissing."""
        return self._derive(key_id, digest, use, length)

    def _derive_fresh(self, key_id: str, digest: DigestAlgorithm, use: str, length: int) -> bytes:
        if key_id not in self._keys:
            raise KeyMissing(key_id)
        return digest.derive(self._keys[key_id], f"daohu|{use}".encode(), length)


def _fresh() -> bytes:
    digest = configured().digest
    return (os.urandom(KEY_BYTES).hex() + (f" {digest.name}" if digest is not SHA256 else "")).encode()


def _purpose(stem: str) -> str | None:
    match = _KEY_ID.fullmatch(stem)
    return match[1] if match else None

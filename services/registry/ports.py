"""The vault: keys come from outside the database, so that a stolen database is unreadable."""

import re
from pathlib import Path

from kit.crypto import KeyRing, Provider, configured
from kit.service import Room

_KEY = "vault"
_PERSONS = "id_no"


class Vault:
    """Seals each person under a key of their own, and makes the index by which a number is found again.

    `place` names where a ciphertext belongs; it opens nowhere else.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def blind_index(self, number: str) -> str:
        """The keyed index of a canonical ID number."""
        return self._provider.blind_index(_PERSONS, number)

    def seal_new(self, clear: bytes, place: str) -> tuple[bytes, bytes]:
        """(wrapped key, ciphertext) for a new person, found under `place`."""
        key = self._provider.new_data_key()
        return self._provider.wrap(key, place), self._provider.seal(key, clear, place)

    def seal(self, wrapped_key: bytes, clear: bytes, place: str, *, owner: str) -> bytes:
        """Seal something more under an existing person's key; `owner` is the place that key belongs to."""
        return self._provider.seal(self._provider.unwrap(wrapped_key, owner), clear, place)

    def open(self, wrapped_key: bytes, sealed: bytes, place: str, *, owner: str) -> bytes:
        """Open what was sealed for this place. Raises CannotOpen."""
        return self._provider.open(self._provider.unwrap(wrapped_key, owner), sealed, place)


class AgencyTokens:
    """Tokens under one agency's token key, which only the registry and that agency hold.

    Raises KeyMissing, and ValueError for what is no agency's code (it becomes part of a file's name).
    """

    def __init__(self, key_dir: Path, agency: str) -> None:
        if not re.fullmatch(r"[a-z]{2,24}", agency):
            raise ValueError("no agency's code")
        purpose = f"token{agency}"
        ring = KeyRing.from_dir(key_dir, (purpose,))
        self._key_id, self._provider = ring.current(purpose), Provider(configured(), ring)

    def of(self, number: str) -> str:
        """The token of a canonical ID number."""
        return self._provider.blind_index(_PERSONS, number, self._key_id)


def load_vault(key_dir: Path) -> Vault:
    """The vault with the keys of a folder. Raises KeyMissing."""
    return Vault(Provider(configured(), KeyRing.from_dir(key_dir, ("kek", "index"))))


async def open_vault(room: Room) -> None:
    """At start: without its keys the room must not come up."""
    room.state[_KEY] = load_vault(Path(room.settings.key_dir))


def vault_of(room: Room) -> Vault:
    """The running room's vault."""
    vault = room.state[_KEY]
    assert isinstance(vault, Vault)
    return vault

"""Seals photos: a posted sheet in a picture shows names, so a stolen database must not."""

from pathlib import Path

from kit.crypto import KeyRing, Provider, configured
from kit.service import Room

_STATE, _PURPOSE = "vault", "photo"


async def open_vault(room: Room) -> None:
    """At start: without its key the room must not come up. Raises KeyMissing."""
    keys = KeyRing.from_dir(Path(room.settings.key_dir), (_PURPOSE,))
    room.state[_STATE] = Provider(configured(), keys)


def _provider(room: Room) -> Provider:
    provider = room.state[_STATE]
    assert isinstance(provider, Provider)
    return provider


def digest(room: Room, data: bytes) -> str:
    """The picture's digest with its algorithm's name (SHA-256)."""
    return _provider(room).digest(data)


def seal(room: Room, data: bytes, notice_id: str) -> bytes:
    """Seal a picture for its notice."""
    return _provider(room).seal_under(_PURPOSE, data, f"photo|{notice_id}")


def open_sealed(room: Room, sealed: bytes, notice_id: str) -> bytes:
    """Open it again. Raises CannotOpen for another notice's."""
    return _provider(room).open_under(sealed, f"photo|{notice_id}")

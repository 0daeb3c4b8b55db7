"""Seals photos: a posted sheet in a picture shows names, so a stolen database must not."""

from kit.service import Room
from kit.vault import RoomVault

_VAULT = RoomVault("photo")
open_vault = _VAULT.open


def digest(room: Room, data: bytes) -> str:
    """The picture's digest with its algorithm's name (SHA-256)."""
    return _VAULT.digest(room, data)


def seal(room: Room, data: bytes, notice_id: str) -> bytes:
    """Seal a picture for its notice."""
    return _VAULT.seal(room, data, f"photo|{notice_id}")


def open_sealed(room: Room, sealed: bytes, notice_id: str) -> bytes:
    """Open it again. Raises CannotOpen for another notice's."""
    return _VAULT.unseal(room, sealed, f"photo|{notice_id}")

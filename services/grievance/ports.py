"""Seals what citizens and officials write: free text may hold names, and a stolen database must not."""

from kit.service import Room
from kit.vault import RoomVault

_VAULT = RoomVault("grievance")
open_vault = _VAULT.open


def seal(room: Room, text: str, objection_id: str, part: str) -> bytes:
    """Seal one part (text, findings, …) of one objection."""
    return _VAULT.seal(room, text.encode(), f"objection|{objection_id}|{part}")


def unseal(room: Room, sealed: bytes | None, objection_id: str, part: str) -> str | None:
    """The text again. Raises CannotOpen for another part's or objection's."""
    if sealed is None:
        return None
    return _VAULT.unseal(room, sealed, f"objection|{objection_id}|{part}").decode()


def seal_picture(room: Room, data: bytes, case_id: str) -> bytes:
    """Seal a picture for its case."""
    return _VAULT.seal(room, data, f"picture|{case_id}")


def open_picture(room: Room, sealed: bytes, case_id: str) -> bytes:
    """The picture again. Raises CannotOpen for another case's."""
    return _VAULT.unseal(room, sealed, f"picture|{case_id}")


def digest(room: Room, data: bytes) -> str:
    """The picture's digest with its algorithm's name."""
    return _VAULT.digest(room, data)

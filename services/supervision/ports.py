"""Seals what officials write in 督办 orders and answers: free text may hold names, a stolen database must not."""

from kit.service import Room
from kit.vault import RoomVault

_VAULT = RoomVault("supervision")
open_vault = _VAULT.open


def seal(room: Room, text: str | None, order_id: str, part: str) -> bytes | None:
    """Seal the note or the answer of one order; nothing stays nothing."""
    if text is None:
        return None
    return _VAULT.seal(room, text.encode(), f"order|{order_id}|{part}")


def unseal(room: Room, sealed: bytes | None, order_id: str, part: str) -> str | None:
    """The text again. Raises CannotOpen for another part's or order's."""
    if sealed is None:
        return None
    return _VAULT.unseal(room, sealed, f"order|{order_id}|{part}").decode()

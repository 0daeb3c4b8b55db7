"""Seals what officials write in 督办 orders and answers: free text may hold names, a stolen database must not."""

from pathlib import Path

from kit.crypto import KeyRing, Provider, configured
from kit.service import Room

_STATE, _PURPOSE = "vault", "supervision"


async def open_vault(room: Room) -> None:
    """At start: without its key the room must not come up. Raises KeyMissing."""
    keys = KeyRing.from_dir(Path(room.settings.key_dir), (_PURPOSE,))
    room.state[_STATE] = Provider(configured(), keys)


def _provider(room: Room) -> Provider:
    provider = room.state[_STATE]
    assert isinstance(provider, Provider)
    return provider


def seal(room: Room, text: str | None, order_id: str, part: str) -> bytes | None:
    """Seal the note or the answer of one order; nothing stays nothing."""
    if text is None:
        return None
    return _provider(room).seal_under(_PURPOSE, text.encode(), f"order|{order_id}|{part}")


def unseal(room: Room, sealed: bytes | None, order_id: str, part: str) -> str | None:
    """The text again. Raises CannotOpen for another part's or order's."""
    if sealed is None:
        return None
    return _provider(room).open_under(sealed, f"order|{order_id}|{part}").decode()

"""Seals what citizens and officials write: free text may hold names, and a stolen database must not."""

from pathlib import Path

from kit.crypto import KeyRing, Provider, configured
from kit.service import Room

_STATE, _PURPOSE = "vault", "grievance"


async def open_vault(room: Room) -> None:
    """At start: without its key the room must not come up. Raises KeyMissing."""
    keys = KeyRing.from_dir(Path(room.settings.key_dir), (_PURPOSE,))
    room.state[_STATE] = Provider(configured(), keys)


def _provider(room: Room) -> Provider:
    provider = room.state[_STATE]
    assert isinstance(provider, Provider)
    return provider


def seal(room: Room, text: str, objection_id: str, part: str) -> bytes:
    """Seal one part (text, findings, …) of one objection."""
    return _provider(room).seal_under(_PURPOSE, text.encode(), f"objection|{objection_id}|{part}")


def unseal(room: Room, sealed: bytes | None, objection_id: str, part: str) -> str | None:
    """The text again. Raises CannotOpen for another part's or objection's."""
    if sealed is None:
        return None
    return _provider(room).open_under(sealed, f"objection|{objection_id}|{part}").decode()


def seal_picture(room: Room, data: bytes, case_id: str) -> bytes:
    """Seal a picture for its case."""
    return _provider(room).seal_under(_PURPOSE, data, f"picture|{case_id}")


def open_picture(room: Room, sealed: bytes, case_id: str) -> bytes:
    """The picture again. Raises CannotOpen for another case's."""
    return _provider(room).open_under(sealed, f"picture|{case_id}")


def digest(room: Room, data: bytes) -> str:
    """The picture's digest with its algorithm's name."""
    return _provider(room).digest(data)

"""A room's vault: seals what it must keep but a stolen database must not tell, under a key of the room's own."""

from pathlib import Path

from kit.crypto import KeyRing, Provider, configured
from kit.service import Room


class RoomVault:
    """Seals under the room's key for `purpose`; `context` binds what is sealed to its row and part."""

    def __init__(self, purpose: str) -> None:
        self._purpose = purpose
        self._place = f"vault:{purpose}"

    async def open(self, room: Room) -> None:
        """At start: without its key the room must not come up. Raises KeyMissing."""
        keys = KeyRing.from_dir(Path(room.settings.key_dir), (self._purpose,))
        room.state[self._place] = Provider(configured(), keys)

    def digest(self, room: Room, data: bytes) -> str:
        """The digest with its algorithm's name."""
        return self._provider(room).digest(data)

    def seal(self, room: Room, data: bytes, context: str) -> bytes:
        """A text or a picture as it is stored."""
        return self._provider(room).seal_under(self._purpose, data, context)

    def unseal(self, room: Room, sealed: bytes, context: str) -> bytes:
        """What was sealed. Raises CannotOpen for another row's or part's."""
        return self._provider(room).open_under(sealed, context)

    def _provider(self, room: Room) -> Provider:
        provider = room.state[self._place]
        assert isinstance(provider, Provider)
        return provider

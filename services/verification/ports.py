"""The outside of verification: the registry (profiles to check, blind indexes at load), and the vault that seals
what officers and citizens write and upload."""

from collections.abc import Sequence
from pathlib import Path

from contracts.registry import BlindIndexReply, BlindIndexRequest, ProfilesReply, Purpose, SubjectsRequest
from kit.crypto import KeyRing, Provider, configured
from kit.service import Room
from services.verification.domain.persons import Person

A_CALL = 5000
"""Most persons the registry takes in one call."""
_STATE, _PURPOSE = "vault", "verification"


async def profiles(room: Room, subject_ids: Sequence[str]) -> list[Person]:
    """Those the registry knows. Raises Problem 503 when it is out."""
    found: list[Person] = []
    wanted = sorted(set(subject_ids))
    for at in range(0, len(wanted), A_CALL):
        body = SubjectsRequest(purpose=Purpose.VERIFICATION, subject_ids=wanted[at : at + A_CALL])
        reply = await room.peers.post("registry", "/internal/v1/subjects:profiles", body, ProfilesReply)
        found += [
            Person(
                one.subject_id, one.birth_date, one.gender, one.blind_index,
                tuple(sorted({member.blind_index for member in one.members})),
            )
            for one in reply.profiles
        ]  # fmt: skip
    return found


async def blind_indexes(room: Room, id_nos: Sequence[str]) -> list[str | None]:
    """In the same order; None where a number is not usable. Raises Problem 503 when the registry is out."""
    found: list[str | None] = []
    for at in range(0, len(id_nos), A_CALL):
        body = BlindIndexRequest(id_nos=list(id_nos[at : at + A_CALL]))
        reply = await room.peers.post("registry", "/internal/v1/blind-indexes", body, BlindIndexReply)
        found += reply.blind_indexes
    return found


async def open_vault(room: Room) -> None:
    """At start: without its key the room must not come up. Raises KeyMissing."""
    keys = KeyRing.from_dir(Path(room.settings.key_dir), (_PURPOSE,))
    room.state[_STATE] = Provider(configured(), keys)


def _provider(room: Room) -> Provider:
    provider = room.state[_STATE]
    assert isinstance(provider, Provider)
    return provider


def digest(room: Room, data: bytes) -> str:
    """The digest with its algorithm's name."""
    return _provider(room).digest(data)


def seal(room: Room, data: bytes, context: str) -> bytes:
    """Seal a text or a document; `context` names the row it belongs to."""
    return _provider(room).seal_under(_PURPOSE, data, context)


def unseal(room: Room, sealed: bytes, context: str) -> bytes:
    """What was sealed. Raises CannotOpen for another row's."""
    return _provider(room).open_under(sealed, context)


def read_text(room: Room, sealed: bytes | None, context: str) -> str | None:
    """A sealed text again; None where none was written."""
    return None if sealed is None else unseal(room, sealed, context).decode()

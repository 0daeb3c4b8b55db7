"""The outside of verification: the registry (profiles to check, blind indexes at load), and the vault that seals
what officers and citizens write and upload."""

from collections.abc import Sequence

from contracts.registry import BlindIndexReply, BlindIndexRequest, ProfilesReply, Purpose, SubjectsRequest
from kit.service import Room
from kit.vault import RoomVault
from services.verification.domain.persons import Person

A_CALL = 5000
"""Most persons the registry takes in one call."""
_VAULT = RoomVault("verification")
open_vault = _VAULT.open


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


def digest(room: Room, data: bytes) -> str:
    """The digest with its algorithm's name."""
    return _VAULT.digest(room, data)


def seal(room: Room, data: bytes, context: str) -> bytes:
    """Seal a text or a document; `context` names the row it belongs to."""
    return _VAULT.seal(room, data, context)


def unseal(room: Room, sealed: bytes, context: str) -> bytes:
    """What was sealed. Raises CannotOpen for another row's."""
    return _VAULT.unseal(room, sealed, context)


def read_text(room: Room, sealed: bytes | None, context: str) -> str | None:
    """A sealed text again; None where none was written."""
    return None if sealed is None else unseal(room, sealed, context).decode()

"""The registry, the one room that verification calls: profiles to check, blind indexes at load."""

from collections.abc import Sequence

from contracts.registry import BlindIndexReply, BlindIndexRequest, ProfilesReply, Purpose, SubjectsRequest
from kit.service import Room
from services.verification.domain.persons import Person

A_CALL = 5000
"""Most persons the registry takes in one call."""


async def profiles(room: Room, subject_ids: Sequence[str]) -> list[Person]:
    """Those the registry knows. Raises Problem 503 when it is out."""
    found: list[Person] = []
    wanted = sorted(set(subject_ids))
    for at in range(0, len(wanted), A_CALL):
        body = SubjectsRequest(purpose=Purpose.VERIFICATION, subject_ids=wanted[at : at + A_CALL])
        reply = await room.peers.post("registry", "/internal/v1/subjects:profiles", body, ProfilesReply)
        found += [(one.subject_id, one.birth_date, one.gender, one.blind_index) for one in reply.profiles]
    return found


async def blind_indexes(room: Room, id_nos: Sequence[str]) -> list[str | None]:
    """In the same order; None where a number is not usable. Raises Problem 503 when the registry is out."""
    found: list[str | None] = []
    for at in range(0, len(id_nos), A_CALL):
        body = BlindIndexRequest(id_nos=list(id_nos[at : at + A_CALL]))
        reply = await room.peers.post("registry", "/internal/v1/blind-indexes", body, BlindIndexReply)
        found += reply.blind_indexes
    return found

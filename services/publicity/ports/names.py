"""Names from the registry, in bulk; the one synchronous hop of this room."""

from collections.abc import Sequence

from contracts.registry import Named, NamesReply, Purpose, SubjectsRequest
from kit.service import Room

SUBJECTS_PER_CALL = 2000
"""Well under the registry's limit of 5,000, so that a retry repeats little."""


async def fetch_names(room: Room, subject_ids: Sequence[str]) -> dict[str, Named]:
    """Names by subject; unknown or erased persons are missing. Raises Problem 503: the registry is down."""
    body = SubjectsRequest(purpose=Purpose.POSTED_NOTICE, subject_ids=list(subject_ids))
    reply = await room.peers.post("registry", "/internal/v1/subjects:names", body, NamesReply)
    return {one.subject_id: one for one in reply.names}

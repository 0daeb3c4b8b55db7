"""The way to the rooms: `/api/<room>/v1/**` and nothing else of them."""

from fastapi import Request
from fastapi.responses import StreamingResponse

from kit import errors
from kit.service import CurrentRoom
from services.portal.api.operations import EDGE, open_router
from services.portal.domain.edge import METHODS, BadPath, target_of
from services.portal.ports import EdgeSettings, forward

router = open_router(EDGE)


@router.api_route("/api/{path:path}", methods=list(METHODS), include_in_schema=False)
async def proxy(request: Request, room: CurrentRoom) -> StreamingResponse:
    """Forward; 404 for what is no room's, 400 for a path that could be read in two ways."""
    # The raw path: the decoded one has already lost the difference between "/" and "%2F".
    try:
        target = target_of(request.scope["raw_path"])
    except BadPath:
        raise errors.bad_request("bad-path", "路径不合法", "the path is not acceptable") from None
    if target is None:
        raise errors.not_found()
    edge: EdgeSettings = room.state["edge"]
    return await forward(request, room, target, edge.body_limit_bytes)

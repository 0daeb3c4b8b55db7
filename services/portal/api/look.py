"""The front page, the public keys, and what all rooms together offer."""

import asyncio
import html
import importlib.resources
from pathlib import Path
from string import Template
from typing import Any

from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from kit.roles import Role
from kit.service import CurrentRoom
from services.portal.api.operations import LOOK, open_router
from services.portal.domain.edge import PROXIED, logins_in
from services.portal.ports import document
from services.portal.store import public_keys

router = open_router(LOOK)
PUBLIC_PREFIX = "/api/"
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_LABELS = {
    "registry": "人员库", "application": "申报", "batch": "批次与补贴清单", "verification": "预警核实",
    "card_matching": "人社匹卡", "publicity": "业务公示", "grievance": "投诉、异议与留言", "payment": "测算与支付",
    "supervision": "监督", "orchestrator": "流程与待办", "exchange": "对外交换",
}  # fmt: skip


class OperationOut(BaseModel):
    """One operation of a room, and who may call it."""

    method: str
    path: str
    summary: str
    operation: str
    public: bool
    roles: list[str]


class RoomOut(BaseModel):
    """A room's operations; `reachable` false when it did not answer."""

    room: str
    label: str
    openapi: str
    reachable: bool
    operations: list[OperationOut]


@router.get("/auth/jwks.json")
async def jwks(room: CurrentRoom) -> dict[str, Any]:
    """The public keys that tokens are signed with."""
    return public_keys(Path(room.settings.key_dir))


@router.get("/openapi")
async def openapi(room: CurrentRoom) -> list[RoomOut]:
    """Every operation of every room, as their own documents have it."""
    documents = await asyncio.gather(*(document(room, name) for name in PROXIED))
    return [
        RoomOut(
            room=name,
            label=_LABELS[name],
            openapi=_address(name),
            reachable=found is not None,
            operations=_operations(found or {}),
        )
        for name, found in zip(PROXIED, documents, strict=True)
    ]


@router.get("/", response_class=HTMLResponse)
async def front(room: CurrentRoom) -> HTMLResponse:
    """A page for people: where everything is, and how to sign in."""
    page = Template((importlib.resources.files(__package__) / "page.html").read_text(encoding="utf-8"))
    rooms = "".join(
        f'<tr><td>{label}</td><td><a href="{_address(name)}">/api/{name}/v1</a></td></tr>'
        for name, label in _LABELS.items()
    )
    logins = "".join(
        f"<tr><td>{html.escape(room.regions.full_name(one.region))}</td><td>{Role(one.role).label}</td>"
        f"<td><code>{one.username}</code></td></tr>"
        for one in logins_in(place.code for place in room.regions)
        if room.settings.profile == "development"
    )
    return HTMLResponse(page.substitute(rooms=rooms, logins=logins), headers=_HEADERS)


def _address(name: str) -> str:
    return f"/api/{name}/v1/openapi.json"


def _operations(found: dict[str, Any]) -> list[OperationOut]:
    return [
        OperationOut(
            method=method.upper(),
            path=path,
            summary=operation.get("description") or operation.get("summary", ""),
            operation=operation.get("x-authz", {}).get("operation", ""),
            public=operation.get("x-authz", {}).get("public", False),
            roles=operation.get("x-authz", {}).get("roles", []),
        )
        for path, item in found.get("paths", {}).items()
        if path.startswith(PUBLIC_PREFIX)
        for method, operation in item.items()
    ]

"""Process of the room `portal`: the one public origin."""

from pathlib import Path

from fastapi import APIRouter

from kit.issuer import DevelopmentIssuer
from kit.profile import is_development
from kit.service import Room, Service
from services.portal.api import development, evidence, look, proxy
from services.portal.handlers import on
from services.portal.ports import EdgeSettings


async def prepare(room: Room) -> None:
    """Read the edge's settings; raises NotInDevelopment when the issuer is wanted outside that profile."""
    edge = room.state["edge"] = EdgeSettings()
    wanted = is_development() if edge.development_issuer is None else edge.development_issuer
    if wanted:
        room.state[development.ISSUER] = DevelopmentIssuer(Path(room.settings.key_dir))
        _open(development.router)
    # Last, so that the portal's own /api/portal/v1 is found before the way to the rooms.
    _open(proxy.router)


def _open(router: APIRouter) -> None:
    """Add the routes, once, however often the application is started."""
    if router not in opened:
        opened.append(router)
        service.app.include_router(router)


opened: list[APIRouter] = []
service = Service(
    "portal", router=[look.router, evidence.router], handlers=on, package="services.portal", on_start=prepare
)

if __name__ == "__main__":
    service.run()

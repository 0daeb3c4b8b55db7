"""Composition root: `python -m services.orchestrator.app`."""

import gc

from kit.service import Room, Service
from services.orchestrator.api import routers
from services.orchestrator.handlers import on


async def _tune(room: Room) -> None:
    """Many long-lived cases and specs: the default thresholds cost a third of every step (measured)."""
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


service = Service(
    "orchestrator", router=routers, handlers=on, package="services.orchestrator", on_start=_tune
)
app = service.app

if __name__ == "__main__":
    service.run()

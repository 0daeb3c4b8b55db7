"""Composition root: `python -m services.orchestrator.app`."""

from kit.service import Service
from services.orchestrator.api import routers
from services.orchestrator.handlers import on

service = Service("orchestrator", router=routers, handlers=on, package="services.orchestrator")
app = service.app

if __name__ == "__main__":
    service.run()

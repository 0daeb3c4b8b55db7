"""Process of the room `registry`."""

from kit.service import Service
from services.registry.api import router
from services.registry.handlers import on
from services.registry.ports import open_vault

service = Service("registry", router=router, handlers=on, package="services.registry", on_start=open_vault)

if __name__ == "__main__":
    service.run()

"""Process of the room `publicity`."""

from kit.service import Service
from services.publicity.api import router
from services.publicity.handlers import on
from services.publicity.ports.vault import open_vault

service = Service("publicity", router=router, handlers=on, package="services.publicity", on_start=open_vault)

if __name__ == "__main__":
    service.run()

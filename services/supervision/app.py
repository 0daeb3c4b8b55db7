"""Process of the room `supervision`."""

from kit.service import Service
from services.supervision.api import router
from services.supervision.handlers import on
from services.supervision.ports import open_vault

service = Service(
    "supervision", router=router, handlers=on, package="services.supervision", on_start=open_vault
)

if __name__ == "__main__":
    service.run()

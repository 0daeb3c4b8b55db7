"""Process of the room `verification`."""

from kit.service import Service
from services.verification.api import router
from services.verification.handlers import on
from services.verification.ports import open_vault

service = Service(
    "verification", router=router, handlers=on, package="services.verification", on_start=open_vault
)

if __name__ == "__main__":
    service.run()

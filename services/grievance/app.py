"""Process of the room `grievance`."""

from kit.service import Service
from services.grievance.api import router
from services.grievance.handlers import on
from services.grievance.ports import open_vault

service = Service("grievance", router=router, handlers=on, package="services.grievance", on_start=open_vault)

if __name__ == "__main__":
    service.run()

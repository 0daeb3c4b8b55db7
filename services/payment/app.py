"""Process of the room `payment`."""

from kit.service import Service
from services.payment.api import router
from services.payment.handlers import on
from services.payment.ports import open_vault

service = Service("payment", router=router, handlers=on, package="services.payment", on_start=open_vault)

if __name__ == "__main__":
    service.run()

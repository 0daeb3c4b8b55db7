"""Process of the room `exchange`."""

from kit.service import Service
from services.exchange.api import router
from services.exchange.handlers import on
from services.exchange.ports.vault import open_vault

service = Service("exchange", router=router, handlers=on, package="services.exchange", on_start=open_vault)

if __name__ == "__main__":
    service.run()

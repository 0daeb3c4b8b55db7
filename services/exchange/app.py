"""Process of the room `exchange`."""

from kit.service import Service
from services.exchange.api import router
from services.exchange.handlers import on

service = Service("exchange", router=router, handlers=on, package="services.exchange")

if __name__ == "__main__":
    service.run()

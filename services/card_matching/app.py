"""Process of the room `card_matching`."""

from kit.service import Service
from services.card_matching.api import router
from services.card_matching.handlers import on

service = Service("card_matching", router=router, handlers=on, package="services.card_matching")

if __name__ == "__main__":
    service.run()

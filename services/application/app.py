"""Process of the room `application`."""

from kit.service import Service
from services.application.api import router
from services.application.handlers import on

service = Service("application", router=router, handlers=on, package="services.application")

if __name__ == "__main__":
    service.run()

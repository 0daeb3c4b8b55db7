"""Process of the room `verification`."""

from kit.service import Service
from services.verification.api import router
from services.verification.handlers import on

service = Service("verification", router=router, handlers=on, package="services.verification")

if __name__ == "__main__":
    service.run()

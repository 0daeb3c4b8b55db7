"""Process of the room `batch`."""

from kit.service import Service
from services.batch.api import router
from services.batch.handlers import on

service = Service("batch", router=router, handlers=on, package="services.batch")

if __name__ == "__main__":
    service.run()

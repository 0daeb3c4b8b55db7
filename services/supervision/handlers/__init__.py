"""Messages in: places, items, the journal, findings. This room only listens."""

from services.supervision.handlers import findings, items, journal, places
from services.supervision.handlers.base import on

__all__ = ["findings", "items", "journal", "on", "places"]

"""Messages in, and background work; each module registers on `on`."""

from services.publicity.handlers import messages, workers
from services.publicity.handlers.base import on

__all__ = ["messages", "on", "workers"]

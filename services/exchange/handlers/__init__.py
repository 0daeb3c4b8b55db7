"""Messages in become facts; workers hand the facts to each agency's feed, topic and webhooks."""

from services.exchange.handlers import feeding, messages
from services.exchange.handlers.base import on

__all__ = ["feeding", "messages", "on"]

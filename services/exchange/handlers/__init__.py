"""Messages in become facts; workers hand the facts to each agency's feed, topic and webhooks."""

from services.exchange.handlers import access, feeding, hooking, messages, tokens
from services.exchange.handlers.base import on

__all__ = ["access", "feeding", "hooking", "messages", "on", "tokens"]

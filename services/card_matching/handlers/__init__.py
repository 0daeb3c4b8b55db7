"""What the room does with messages, and its background workers."""

from services.card_matching.handlers import asking, commands, stating
from services.card_matching.handlers.door import on

__all__ = ["asking", "commands", "on", "stating"]

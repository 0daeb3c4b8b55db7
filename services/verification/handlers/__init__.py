"""What the room does with messages, and its background workers."""

from services.verification.handlers import commands, facts
from services.verification.handlers.door import on

__all__ = ["commands", "facts", "on"]

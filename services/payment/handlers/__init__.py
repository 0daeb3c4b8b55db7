"""Messages in, and the workers that talk to the registry and the bank."""

from services.payment.handlers import (
    building,
    calculating,
    commands,
    facts,
    fetching,
    reconciling,
    recovering,
    sending,
)
from services.payment.handlers.door import on

__all__ = [
    "building",
    "calculating",
    "commands",
    "facts",
    "fetching",
    "on",
    "reconciling",
    "recovering",
    "sending",
]

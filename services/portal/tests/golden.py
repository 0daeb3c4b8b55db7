"""The portal handles no messages."""

from contracts.base import Message
from kit.db import Tx

GOLDEN: dict[type[Message], Message] = {}


async def prepare(tx: Tx) -> None:
    """Nothing to prepare."""

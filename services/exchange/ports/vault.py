"""Webhook secrets are sealed at rest: whoever steals the database cannot sign as we do."""

import base64
import os
from pathlib import Path

from kit.crypto import KeyRing, Provider, configured
from kit.service import Room

_STATE, _PURPOSE = "vault", "exchange"
PREFIX = "whsec_"
SECRET_BYTES = 32


async def open_vault(room: Room) -> None:
    """At start: without its key the room must not come up. Raises KeyMissing."""
    room.state[_STATE] = Provider(configured(), KeyRing.from_dir(Path(room.settings.key_dir), (_PURPOSE,)))


def _provider(room: Room) -> Provider:
    provider = room.state[_STATE]
    assert isinstance(provider, Provider)
    return provider


def new_secret() -> str:
    """A secret as Standard Webhooks writes it: `whsec_` and base64."""
    return PREFIX + base64.b64encode(os.urandom(SECRET_BYTES)).decode()


def seal(room: Room, secret: str, subscription_id: str) -> bytes:
    """The secret, bound to its subscription."""
    return _provider(room).seal_under(_PURPOSE, secret.encode(), f"webhook|{subscription_id}")


def unseal(room: Room, sealed: bytes, subscription_id: str) -> str:
    """The secret again. Raises CannotOpen for another subscription's."""
    return _provider(room).open_under(sealed, f"webhook|{subscription_id}").decode()

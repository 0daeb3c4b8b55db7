"""Webhook secrets are sealed at rest: whoever steals the database cannot sign as we do."""

import base64
import os

from kit.service import Room
from kit.vault import RoomVault

_VAULT = RoomVault("exchange")
open_vault = _VAULT.open
PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """A secret as Standard Webhooks writes it: `whsec_` and base64."""
    return PREFIX + base64.b64encode(os.urandom(SECRET_BYTES)).decode()


def seal(room: Room, secret: str, subscription_id: str) -> bytes:
    """The secret, bound to its subscription."""
    return _VAULT.seal(room, secret.encode(), f"webhook|{subscription_id}")


def unseal(room: Room, sealed: bytes, subscription_id: str) -> str:
    """The secret again. Raises CannotOpen for another subscription's."""
    return _VAULT.unseal(room, sealed, f"webhook|{subscription_id}").decode()

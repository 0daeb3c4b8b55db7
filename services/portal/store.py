"""The portal keeps no facts: only the keys that tokens are checked with, read from the key folder."""

import json
from pathlib import Path
from typing import Any

from kit.issuer import JWKS_FILE


def public_keys(key_dir: Path) -> dict[str, Any]:
    """The issuer's public keys; none while no issuer has written any."""
    try:
        keys: dict[str, Any] = json.loads((key_dir / JWKS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"keys": []}
    return keys

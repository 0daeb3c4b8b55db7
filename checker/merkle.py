"""Leaves and roots of manifests, computed once more from their description in decisions §3 and RFC 6962 §2.1."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

FIELDS = (
    "line_id", "application_id", "subject_id", "payee_id", "village", "kind", "installment",
    "entitlement_period", "quantity", "amount_fen",
)  # fmt: skip


def leaf(line: Mapping[str, Any]) -> str:
    """Hex digest of one line's signed fields."""
    return _marked({name: line[name] for name in FIELDS})


def slice_leaf(slice_id: str, root: str) -> str:
    """Hex digest of a slice within its set."""
    return _marked({"slice_id": slice_id, "root": root})


def root(leaves: Sequence[str]) -> str:
    """Hex root; the left subtree is the largest power of two below n."""
    if not leaves:
        return hashlib.sha256(b"").hexdigest()
    return _node([bytes.fromhex(one) for one in leaves]).hex()


def _node(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + _node(leaves[:split]) + _node(leaves[split:])).digest()


def _marked(values: Mapping[str, Any]) -> str:
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(b"\x00" + text.encode()).hexdigest()

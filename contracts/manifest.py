"""What an approval signs: a Merkle root over the lines of a slice, and one over the slices of a set (§3).

Pure functions, so that the signer and the payer compute the same bytes from the same rows; the checker recomputes them
with code of its own.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from contracts.base import canonical
from contracts.batch import Line, LineState

FIELDS = (
    "line_id",
    "application_id",
    "subject_id",
    "payee_id",
    "village",
    "kind",
    "installment",
    "entitlement_period",
    "quantity",
    "amount_fen",
)
"""The line fields that a signature covers; `amount_fen` is null before 测算."""

EMPTY = hashlib.sha256(b"").hexdigest()
"""Root of no lines at all (as RFC 6962 §2.1 has it)."""


def leaf(line: Line | Mapping[str, Any]) -> str:
    """SHA-256 (hex) of one line's signed fields in canonical JSON, marked as a leaf (0x00).

    A mapping may be a row as stated (`rows` of `LinesStated`) or a database row; other keys don't count.
    Raises KeyError when a signed field is missing: silence would sign something else than was shown.
    """
    if isinstance(line, Line):
        values: dict[str, Any] = {field: getattr(line, field) for field in FIELDS}
    else:
        values = {field: line[field] for field in FIELDS}
    return _hash(b"\x00", canonical(values))


def root(leaves: Iterable[str]) -> str:
    """Merkle root (hex) over leaves already sorted by line id; no leaves give `EMPTY`.

    Inner nodes are marked 0x01, so that no inner node can pass for a leaf; a node without a partner
    moves up unchanged (the tree of RFC 6962 §2.1).
    """
    level = [bytes.fromhex(one) for one in leaves]
    if not level:
        return EMPTY
    while len(level) > 1:
        pairs = [
            hashlib.sha256(b"\x01" + level[at] + level[at + 1]).digest() for at in range(0, len(level) - 1, 2)
        ]
        if len(level) % 2:
            pairs.append(level[-1])
        level = pairs
    return level[0].hex()


def slice_root(lines: Iterable[Line | Mapping[str, Any]], excluded: frozenset[str] = frozenset()) -> str:
    """Root of a slice as it stands: its normal lines without the excluded ones, sorted by line id."""
    return root(leaf(line) for line in signable(lines, excluded))


def signable(
    lines: Iterable[Line | Mapping[str, Any]], excluded: frozenset[str] = frozenset()
) -> list[Line | Mapping[str, Any]]:
    """The lines that a signature of now would cover: state normal, not excluded; sorted by line id."""
    chosen = [
        line
        for line in lines
        if _field(line, "state") == LineState.NORMAL and _field(line, "line_id") not in excluded
    ]
    return sorted(chosen, key=lambda line: str(_field(line, "line_id")))


def set_root(roots: Mapping[str, str]) -> str:
    """Root of a set: Merkle root over (slice id, slice root), sorted by slice id."""
    return root(
        _hash(b"\x00", canonical({"slice_id": slice_id, "root": roots[slice_id]}))
        for slice_id in sorted(roots)
    )


def _field(line: Line | Mapping[str, Any], name: str) -> Any:
    return getattr(line, name) if isinstance(line, Line) else line[name]


def _hash(mark: bytes, body: bytes) -> str:
    return hashlib.sha256(mark + body).hexdigest()

"""What is signed: a Merkle root over the lines' fields, so that one line can be shown to be in a manifest.

Defined so that anybody can recompute it: a line's fields as JSON with sorted keys, no spaces, UTF-8;
leaf = H(00 ‖ JSON), node = H(01 ‖ left ‖ right), the left subtree the largest power of two below n, as in
RFC 6962 §2.1; the empty list gives H(""). Leaves stand in the caller's order (by line id).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from kit.algorithms import DIGESTS


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """The one spelling of a document. Raises ValueError for what JSON has no exact form for."""
    _check(value)
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # over 64 bits, half a character, a key that is no text
        raise ValueError("the document has no exact JSON form") from None


def _check(value: Any) -> None:
    if value is None or isinstance(value, str | bool | int):
        return
    if isinstance(value, Mapping):
        for inner in value.values():
            _check(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check(inner)
    else:
        raise ValueError(f"{type(value).__name__} has no exact JSON form: use text or an integer")


def leaf(fields: Mapping[str, Any], algorithm: str = "sha256") -> bytes:
    """The hash of one line's fields."""
    return DIGESTS[algorithm].digest(b"\x00" + canonical_json(fields))


def merkle_root(leaves: Iterable[bytes], algorithm: str = "sha256") -> str:
    """The root with its algorithm's name, "sha256:<hex>"."""
    digest = DIGESTS[algorithm].digest
    row = list(leaves)
    if not row:
        return f"{algorithm}:{digest(b'').hex()}"
    # Pairing row by row and carrying an odd last node up gives RFC 6962's tree without recursion.
    while len(row) > 1:
        paired = [digest(b"\x01" + row[i] + row[i + 1]) for i in range(0, len(row) - 1, 2)]
        row = paired + row[len(paired) * 2 :]
    return f"{algorithm}:{row[0].hex()}"


def inclusion_proof(leaves: Sequence[bytes], index: int, algorithm: str = "sha256") -> list[tuple[str, str]]:
    """The steps ("left" | "right", sibling hex) from one leaf to the root. Raises IndexError."""
    if not 0 <= index < len(leaves):
        raise IndexError("no such leaf")
    digest = DIGESTS[algorithm].digest
    row, steps = list(leaves), []
    while len(row) > 1:
        sibling = index ^ 1
        if sibling < len(row):
            steps.append(("left" if sibling < index else "right", row[sibling].hex()))
        paired = [digest(b"\x01" + row[i] + row[i + 1]) for i in range(0, len(row) - 1, 2)]
        row = paired + row[len(paired) * 2 :]
        index //= 2
    return steps


def proves(start: bytes, steps: Iterable[tuple[str, str]], root: str) -> bool:
    """Whether the steps lead from the leaf to the root."""
    algorithm, _, expected = root.partition(":")
    if algorithm not in DIGESTS:
        return False
    digest = DIGESTS[algorithm].digest
    node = start
    for side, sibling in steps:
        try:
            other = bytes.fromhex(sibling)
        except ValueError:
            return False
        node = digest(b"\x01" + (other + node if side == "left" else node + other))
    return node.hex() == expected

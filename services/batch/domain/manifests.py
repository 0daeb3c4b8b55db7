"""Roots over rows: what a signature of now would cover, and how much money that is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.manifest import leaf, root


@dataclass(frozen=True)
class Leaf:
    """One line in a manifest."""

    line_id: str
    leaf: str
    amount_fen: int | None


@dataclass(frozen=True)
class Sheet:
    """A manifest before it is signed; `total_fen` is None while any amount is 待测算."""

    root: str
    leaves: list[Leaf]
    total_fen: int | None

    @property
    def lines(self) -> int:
        """How many lines it covers."""
        return len(self.leaves)


def sheet(rows: Iterable[Mapping[str, Any]]) -> Sheet:
    """The manifest over rows that are signable, already sorted by line id."""
    leaves = [Leaf(row["line_id"], leaf(row), row["amount_fen"]) for row in rows]
    amounts = [one.amount_fen for one in leaves if one.amount_fen is not None]
    total = sum(amounts) if leaves and len(amounts) == len(leaves) else None
    return Sheet(root(one.leaf for one in leaves), leaves, total)


def joined(root_of_set: str, sheets: Iterable[Sheet]) -> Sheet:
    """What a set's signature covers: its root, and all lines and money of its slices."""
    found = list(sheets)
    totals = [one.total_fen or 0 for one in found]
    return Sheet(root_of_set, [leaf for one in found for leaf in one.leaves], sum(totals))

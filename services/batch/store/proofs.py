"""Proof that one line stood in what was signed: its leaf, the way to the root, and the signature over that root."""

from typing import Any

from contracts.manifest import FIELDS
from kit.db import Tx
from kit.merkle import inclusion_proof


async def signed_fields(tx: Tx, line_id: str) -> dict[str, Any] | None:
    """The fields that signatures cover, as they stand, with the line's slice and how many records it has."""
    row = await tx.fetchrow(
        f"SELECT {', '.join(f'line.{name}' for name in FIELDS)}, line.slice_id, slice.exclusions, "
        "slice.signatures, line.reissue_of "
        "FROM line JOIN slice USING (slice_id) WHERE line_id = $1",
        line_id,
    )
    return dict(row) if row else None


async def standing(tx: Tx, slice_id: str, line_id: str) -> list[dict[str, Any]]:
    """Signatures that stand over the line in its slice, oldest first, each with `index` and `steps` to its root."""
    rows = await tx.fetch(
        "SELECT m.manifest_id, m.node, m.set_id, m.subject, m.revision, m.root, m.lines, m.total_fen, m.exclusions, "
        "m.actor, m.work_item_id, m.signed_at, m.signature, m.key_id, l.leaf, l.amount_fen "
        "FROM manifest m JOIN manifest_leaf l USING (manifest_id) "
        "WHERE m.subject = $1 AND l.line_id = $2 AND m.superseded_at IS NULL ORDER BY m.seq",
        slice_id,
        line_id,
    )
    return [dict(row) | await _way(tx, row["manifest_id"], line_id) for row in rows]


async def _way(tx: Tx, manifest_id: str, line_id: str) -> dict[str, Any]:
    leaves = await tx.fetch(
        "SELECT line_id, leaf FROM manifest_leaf WHERE manifest_id = $1 ORDER BY line_id", manifest_id
    )
    index = next(number for number, row in enumerate(leaves) if row["line_id"] == line_id)
    steps = inclusion_proof([bytes.fromhex(row["leaf"]) for row in leaves], index)
    return {"index": index, "steps": [list(step) for step in steps]}


async def of_set(tx: Tx, set_id: str, node: str) -> dict[str, Any] | None:
    """The signature over a set at a node that stands, with the roots of its slices."""
    row = await tx.fetchrow(
        "SELECT subject, node, revision, root, lines, total_fen, actor, work_item_id, signed_at, signature, key_id "
        "FROM manifest WHERE subject = $1 AND node = $2 AND superseded_at IS NULL",
        set_id,
        node,
    )
    if row is None:
        return None
    roots = await tx.fetch(
        "SELECT subject, root FROM manifest WHERE set_id = $1 AND node = $2 AND superseded_at IS NULL "
        "AND subject <> $1 ORDER BY subject",
        set_id,
        node,
    )
    return dict(row) | {"roots": {one["subject"]: one["root"] for one in roots}}

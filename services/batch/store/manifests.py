"""Manifests: what a signature of now would cover, what was signed, and what all of them let pay."""

from collections.abc import Collection, Sequence
from typing import Any

from kit.db import Tx
from kit.ids import new_id
from services.batch.domain.manifests import Sheet, sheet
from services.batch.domain.signing import DEPARTMENT_REVIEW, FINANCE_REVIEW
from services.batch.store import deductions
from services.batch.store.tables import Manifest, Slice


async def of_slice(tx: Tx, slice_id: str, *, priced: bool = False) -> Sheet:
    """The manifest over the slice's normal lines; `priced`: only those that have their amount."""
    rows = await tx.fetch(
        """
        SELECT line_id, application_id, subject_id, payee_id, village, kind, installment, entitlement_period,
               quantity, amount_fen
          FROM line WHERE slice_id = $1 AND state = 'normal'
           AND (NOT $2 OR (amount_fen IS NOT NULL AND NOT (line_id = ANY($3))))
         ORDER BY line_id
        """,
        slice_id,
        priced,
        await deductions.unpriced(tx, slice_id) if priced else [],
    )
    return sheet(rows)


async def live(tx: Tx, subjects: Collection[str]) -> list[Manifest]:
    """Signatures that stand, oldest first."""
    rows = await tx.fetch(
        "SELECT * FROM manifest WHERE subject = ANY($1) AND superseded_at IS NULL ORDER BY seq",
        list(subjects),
    )
    return [Manifest(**row) for row in rows]


async def makers(tx: Tx, subjects: Collection[str], node: str) -> set[str]:
    """Who signed these subjects at other nodes."""
    return {one.actor for one in await live(tx, subjects) if one.node != node}


async def supersede_from(tx: Tx, subject: str, node: str) -> None:
    """A node signs again: its former signature and the later ones no longer stand."""
    await tx.execute(
        "UPDATE manifest SET superseded_at = $3 WHERE subject = $1 AND superseded_at IS NULL AND seq >= "
        "(SELECT seq FROM manifest WHERE subject = $1 AND node = $2 AND superseded_at IS NULL)",
        subject,
        node,
        tx.now,
    )


async def supersede(tx: Tx, slice_id: str, set_id: str | None = None) -> None:
    """A slice left its set: its signatures there fall; without `set_id` all of its signatures do."""
    await tx.execute(
        "UPDATE manifest SET superseded_at = $3 WHERE subject = $1 AND superseded_at IS NULL "
        "AND ($2::text IS NULL OR set_id = $2)",
        slice_id,
        set_id,
        tx.now,
    )


async def supersede_set(tx: Tx, set_id: str) -> None:
    """A set changed: the signatures over it no longer stand."""
    await tx.execute(
        "UPDATE manifest SET superseded_at = $2 WHERE subject = $1 AND superseded_at IS NULL", set_id, tx.now
    )


async def save(tx: Tx, one: Manifest, leaves: Sheet | None = None) -> None:
    """Save a signature, with its leaves where it is a slice's; supersedes what it replaces."""
    await supersede_from(tx, one.subject, one.node)
    await tx.insert(one)
    if leaves is not None:
        await tx.copy(
            "manifest_leaf",
            ("manifest_id", "line_id", "leaf", "amount_fen"),
            ((one.manifest_id, leaf.line_id, leaf.leaf, leaf.amount_fen) for leaf in leaves.leaves),
        )


def part_of_set(
    tx: Tx, one: Slice, set_id: str, node: str, content: Sheet, actor: str, work_item_id: str
) -> Manifest:
    """A slice's part of a set's signature: the set's root covers its root. `one` with its exclusions of now."""
    return Manifest(
        manifest_id=new_id(),
        subject=one.slice_id,
        node=node,
        set_id=set_id,
        revision=one.revision,
        root=content.root,
        lines=content.lines,
        total_fen=content.total_fen,
        exclusions=one.exclusions,
        actor=actor,
        work_item_id=work_item_id,
        signed_at=tx.wall,
    )


async def payable(tx: Tx, slice_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Slice → (lines, fen) of the lines in all manifests that count, minus exclusions (decisions §3).

    Those of the set's two nodes, and of the nodes that the slice asks for. Deductions count, so `fen` is net.
    Department and finance must have signed the very same leaf: the same person, quantity and amount.
    """
    # One pass over the leaves, grouped: joining the manifests made the planner, which takes their small table
    # for one row, compare every slice with every other.
    rows = await tx.fetch(
        """
        SELECT slice_id AS subject, count(*) AS lines, coalesce(sum(amount_fen), 0)::bigint AS fen FROM (
            SELECT s.slice_id, l.line_id, max(l.amount_fen) FILTER (WHERE m.node = $3) AS amount_fen
              FROM slice s JOIN manifest m ON m.subject = s.slice_id JOIN manifest_leaf l USING (manifest_id)
             WHERE s.slice_id = ANY($1) AND (m.node IN ($2, $3) OR s.signatures ? m.node)
               AND m.superseded_at IS NULL
               AND (s.slice_id, l.line_id) NOT IN (
                   SELECT slice_id, line_id FROM exclusion WHERE slice_id = ANY($1))
             GROUP BY s.slice_id, l.line_id
            HAVING count(*) = 2 + jsonb_array_length(s.signatures)
               AND count(DISTINCT l.leaf) FILTER (WHERE m.node IN ($2, $3)) = 1
        ) AS signed_by_all GROUP BY slice_id
        """,
        list(slice_ids),
        DEPARTMENT_REVIEW,
        FINANCE_REVIEW,
    )
    return {row["subject"]: (row["lines"], row["fen"]) for row in rows}


async def keys(tx: Tx, subjects: Collection[str]) -> list[dict[str, Any]]:
    """Signatures of subjects, all of them, for the evidence of a manifest."""
    rows = await tx.fetch(
        "SELECT subject, node, set_id, revision, root, lines, total_fen, actor, work_item_id, signed_at, "
        "signature, key_id, superseded_at FROM manifest WHERE subject = ANY($1) ORDER BY seq",
        list(subjects),
    )
    return [dict(row) for row in rows]

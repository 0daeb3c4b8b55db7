"""Who may sign what: the manifest must still be the one that was seen, and maker ≠ checker, always (§3)."""

from collections.abc import Collection

TOWNSHIP_REVIEW = "township_review"
DEPARTMENT_REVIEW = "department_review"
FINANCE_REVIEW = "finance_review"
SET_NODES = (DEPARTMENT_REVIEW, FINANCE_REVIEW)
"""Money leaves only for lines in the manifests of both, and of those that their slice asks for (`signatures`)."""


def refusal(
    *, actor: str, makers: Collection[str], seen_root: str, root: str, lines: int, expected: bool = True
) -> str | None:
    """Why a signature is refused, or None. `makers`: submitter and signers of earlier nodes.

    `expected` is false when slice or set no longer stand at the revision or in the state the signer named.
    """
    if not expected:
        return "内容已变更，请重新查看 (it has moved on since it was shown)"
    if actor in makers:
        return "经办与审核不能为同一人 (maker and checker must differ)"
    if lines == 0:
        return "没有可签署的明细 (no normal line to sign)"
    if seen_root != root:
        return "清单已变更，请重新查看 (the manifest is no longer the one that was shown)"
    return None


def document(
    *,
    subject: str,
    node: str,
    revision: int | None,
    root: str,
    count: int,
    total_fen: int | None,
    actor: str,
    work_item_id: str,
    at: str,
) -> dict[str, str | int | None]:
    """What the Ed25519 signature covers; `at` is ISO 8601 UTC."""
    return {
        "subject": subject,
        "node": node,
        "revision": revision,
        "root": root,
        "count": count,
        "total_fen": total_fen,
        "actor": actor,
        "work_item_id": work_item_id,
        "at": at,
    }

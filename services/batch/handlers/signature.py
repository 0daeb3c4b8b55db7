"""Making a signature: the document, its Ed25519 signature, the manifest and its leaves, all at once."""

from contracts.batch import SignSet, SignSlice
from kit.db import Tx
from kit.ids import new_id
from services.batch.domain.manifests import Sheet
from services.batch.domain.signing import document
from services.batch.ports import signer
from services.batch.store import manifests, slices
from services.batch.store.tables import Manifest


async def sign(
    tx: Tx, command: SignSlice | SignSet, content: Sheet, *, subject: str, revision: int | None
) -> None:
    """Sign `content` for a slice (with its leaves) or a set (`revision` None; its slices keep the leaves)."""
    key = signer()
    one = await slices.find(tx, subject) if revision is not None else None
    text = document(
        subject=subject,
        node=command.node,
        revision=revision,
        root=content.root,
        count=content.lines,
        total_fen=content.total_fen,
        actor=command.actor,
        work_item_id=command.work_item_id,
        at=tx.wall.isoformat(),
    )
    await manifests.save(
        tx,
        Manifest(
            manifest_id=new_id(),
            subject=subject,
            node=command.node,
            set_id=None if revision is not None else subject,
            revision=revision,
            root=content.root,
            lines=content.lines,
            total_fen=content.total_fen,
            exclusions=one.exclusions if one else 0,
            actor=command.actor,
            work_item_id=command.work_item_id,
            signed_at=tx.wall,
            signature=key.sign(text),
            key_id=key.key_id,
        ),
        content if revision is not None else None,
    )
    tx.audit(
        "batch.sign",
        f"manifest:{subject}",
        command.actor,
        node=command.node,
        root=content.root,
        lines=content.lines,
        work_item=command.work_item_id,
    )

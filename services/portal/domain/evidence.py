"""The evidence pack: files in an archive, each bound to the one before it by a chain of digests."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

CHAIN = "chain.json"
START = hashlib.sha256(b"daohu-evidence-v1").hexdigest()


def chain(files: Sequence[tuple[str, bytes]]) -> list[dict[str, Any]]:
    """One entry per file: its digest, and the digest over the entry before, its name and that digest."""
    entries, before = [], START
    for name, content in files:
        digest = hashlib.sha256(content).hexdigest()
        before = hashlib.sha256(f"{before}\n{name}\n{digest}".encode()).hexdigest()
        entries.append({"name": name, "size": len(content), "sha256": digest, "chain": before})
    return entries


def head(payment_id: str, made_at: str, made_by: str, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the portal signs: whose pack, when and for whom it was made, and the chain's end."""
    end = entries[-1]["chain"] if entries else START
    return {
        "payment_id": payment_id,
        "made_at": made_at,
        "made_by": made_by,
        "files": len(entries),
        "head": end,
    }


def archive(files: Sequence[tuple[str, bytes]], seal: Mapping[str, Any]) -> bytes:
    """The zip: the files in their order, then `chain.json`. The same content gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, content in [*files, (CHAIN, document(seal))]:
            pack.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def document(value: Any) -> bytes:
    """JSON as people can read it."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()

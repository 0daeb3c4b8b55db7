"""The evidence pack of a payment: what every room knows of it, asked with the caller's own rights, in one archive."""

import importlib.resources
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from kit.auth import Actor, Operation, Reach, Role, Zone, guarded_router, require
from kit.clock import wall_now
from kit.service import CurrentRoom, Room
from services.portal.domain import evidence
from services.portal.ports import Asking, evidence_signer

PACK = Operation(
    "portal.evidence_pack",
    roles=frozenset({Role.COUNTY_HANDLER, Role.COUNTY_REVIEWER, Role.DISCIPLINE}),
    zone=Zone.FINANCE,
    crosses=True,
    region=Reach.NONE,  # the rooms decide, each for its own part
    project=False,
)
SCRIPT = "verify_evidence.py"

router = guarded_router(prefix="/api/portal/v1", tags=["evidence"])
Files = list[tuple[str, bytes]]


@router.get("/payments/{payment_id}/evidence.zip")
async def pack(
    payment_id: str, request: Request, room: CurrentRoom, actor: Annotated[Actor, Depends(require(PACK))]
) -> Response:
    """Application and consent, hits with their review, notices and photos, signatures, voucher, bank's answer.

    Any room's refusal is the answer (404 for a payment one may not see). Each pack is audited.
    """
    ask = Asking(room, request.headers["authorization"])
    files = await _collect(ask, payment_id)
    files.append((SCRIPT, (importlib.resources.files(evidence.__package__) / SCRIPT).read_bytes()))
    entries = evidence.chain(files)
    seal = evidence.head(payment_id, wall_now().isoformat(), actor.sub, entries)
    signer = evidence_signer(room)
    sealed = {
        "seal": seal,
        "entries": entries,
        "signature": signer.sign(seal),
        "public_keys": {name: raw.hex() for name, raw in signer.public_keys().items()},
    }
    await _note(room, actor, payment_id, seal)
    return Response(
        evidence.archive(files, sealed),
        media_type="application/zip",
        headers={"content-disposition": f'attachment; filename="evidence-{payment_id}.zip"'},
    )


async def _note(room: Room, actor: Actor, payment_id: str, seal: dict[str, Any]) -> None:
    async with room.tx(actor) as tx:
        tx.audit(PACK.name, f"payment:{payment_id}", files=seal["files"], head=seal["head"])


async def _collect(ask: Asking, payment_id: str) -> Files:
    payment = await ask.json("payment", f"payments/{payment_id}/proof")
    files: Files = [("payment.json", evidence.document(payment))]
    lines = list(dict.fromkeys(one["line_id"] for one in payment["attempts"]))
    application, slices = "", dict[str, None]()
    for line_id in lines:
        history = await ask.json("batch", f"lines/{line_id}/history")
        application = history["application_id"]
        slices |= dict.fromkeys(change["slice_id"] for change in history["changes"])
        files.append((f"history-{line_id}.json", evidence.document(history)))
    proof = await ask.json("batch", f"lines/{lines[-1]}/proof")
    files.append((f"line-{lines[-1]}.json", evidence.document(proof)))
    applied = await ask.json("application", f"applications/{application}/proof")
    files.append(("application.json", evidence.document(applied)))
    files += await _hits(ask, application)
    for slice_id in slices:
        files += await _notices(ask, slice_id)
    return files


async def _hits(ask: Asking, application_id: str) -> Files:
    page = await ask.json("verification", "hits", application_id=application_id, limit=1000)
    details = [await ask.json("verification", f"hits/{one['hit_id']}") for one in page["items"]]
    return [("hits.json", evidence.document(details))]


async def _notices(ask: Asking, slice_id: str) -> Files:
    page = await ask.json("publicity", "notices", slice_id=slice_id, limit=500)
    files: Files = []
    for one in page["items"]:
        notice = await ask.json("publicity", f"notices/{one['notice_id']}")
        files.append((f"notices/{one['notice_id']}.json", evidence.document(notice)))
        for photo in notice["photos"]:
            picture = await ask.bytes("publicity", f"notices/{one['notice_id']}/photos/{photo['photo_id']}")
            files.append((f"photos/{photo['photo_id']}", picture))
    return files

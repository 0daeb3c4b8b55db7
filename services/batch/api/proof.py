"""A line's proof for the evidence pack: signed fields, Merkle ways, signatures, exclusion records, public keys."""

from typing import Any

from pydantic import BaseModel

from contracts.manifest import FIELDS
from kit import errors
from kit.auth import Actor, guarded_router
from kit.service import CurrentRoom
from services.batch.api.lines import load_line
from services.batch.api.models import ExclusionOut, SignedRoot
from services.batch.api.operations import PREFIX, SEE_LINES, actor_for, permit
from services.batch.ports import signer
from services.batch.store import exclusions, proofs

router = guarded_router(prefix=PREFIX, tags=["lines"])


class SetRoot(SignedRoot):
    """A set's signature; `roots` maps slice id to the root that the set's root covers."""

    roots: dict[str, str]


class NodeProof(SignedRoot):
    """The line's leaf at a node and the way to the slice's root; `set` where a set's signature covers that root."""

    leaf: str
    amount_fen: int | None
    exclusions: int
    index: int
    steps: list[tuple[str, str]]
    set: SetRoot | None


class LineProof(BaseModel):
    """`required` are the nodes that money needs beside 部门审核 and 财政复核; `public_keys` key id → raw key in hex."""

    fields: dict[str, Any]
    slice_id: str
    reissue_of: str | None
    required: list[str]
    nodes: list[NodeProof]
    exclusion_records: list[ExclusionOut]
    public_keys: dict[str, str]


@router.get("/lines/{line_id}/proof")
async def see_proof(line_id: str, room: CurrentRoom, actor: Actor = actor_for(SEE_LINES)) -> LineProof:
    """That the line stood in every manifest that let it be paid; 409 while nobody has signed it."""
    async with room.tx() as tx:
        one = await load_line(tx, line_id)
        permit(actor, SEE_LINES, region=one.township, project=one.project)
        fields = await proofs.signed_fields(tx, line_id)
        assert fields is not None
        found = await proofs.standing(tx, one.slice_id, line_id)
        if not found:
            raise errors.conflict("not-signed", "该明细尚未签署", "no signature stands over this line")
        nodes = []
        for proof in found:
            whole = await proofs.of_set(tx, proof["set_id"], proof["node"]) if proof["set_id"] else None
            nodes.append(NodeProof(**proof, set=SetRoot(**whole) if whole else None))
        records = await exclusions.of_slice(tx, one.slice_id)
    return LineProof(
        fields={name: fields[name] for name in FIELDS},
        slice_id=one.slice_id,
        reissue_of=fields["reissue_of"],
        required=list(fields["signatures"]),
        nodes=nodes,
        exclusion_records=[ExclusionOut(**row) for row in records],
        public_keys={key: raw.hex() for key, raw in signer().public_keys().items()},
    )

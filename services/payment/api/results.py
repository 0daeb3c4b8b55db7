"""Result files by hand, and the list of all that came, applied or refused."""

import hashlib
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Form, Query, UploadFile
from pydantic import BaseModel

from kit import errors
from kit.auth import Actor, Operation, Resource, Role, Zone, authorize, guarded_router, require
from kit.service import CurrentRoom
from services.payment.domain.results import REFUSALS
from services.payment.store import reads
from services.payment.store.receiving import Delivery, receive

_COUNTY = frozenset({Role.COUNTY_HANDLER, Role.COUNTY_REVIEWER, Role.FINANCE_REVIEWER, Role.FINANCE_PAYER})
UPLOAD = Operation("payment.upload_results", roles=frozenset({Role.FINANCE_PAYER}), zone=Zone.FINANCE)
LIST = Operation("payment.list_results", roles=_COUNTY, zone=Zone.FINANCE)
CONFLICTS = Operation("payment.list_conflicts", roles=_COUNTY, zone=Zone.FINANCE)
MOST_BYTES = 64 * 1024 * 1024

router = guarded_router(prefix="/api/payment/v1", tags=["results"])


class ResultOut(BaseModel):
    """What an uploaded result file changed; lines that were settled before are not counted again."""

    paid: int
    failed: int
    unknown: int
    conflicts: int
    order_settled: bool


class ResultFileOut(BaseModel):
    """A result file that came; `refusal` is its machine code with the reason in `text`."""

    file_id: str
    bank_result_id: str
    sha256: str
    source: str
    state: str
    refusal: str | None
    text: str | None
    lines: int
    paid: int
    failed: int
    unknown: int
    conflicts: int
    times: int
    at: datetime


class ConflictOut(BaseModel):
    """The bank said two things of one payment; `held` stands until two people have decided (`settled_as`)."""

    number: int
    payment_id: str
    attempt: int
    order_id: str
    held: str
    claimed: str
    code: str | None
    source: str
    suspended: bool
    suspended_fen: int
    settled_as: str | None
    at: datetime


@router.post("/orders/{order_id}/results")
async def upload(
    order_id: str,
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(UPLOAD))],
    file: UploadFile,
    number: Annotated[int, Form(ge=1)] = 1,
    result_id: Annotated[str | None, Form(max_length=80, pattern=r"^[A-Za-z0-9._-]+$")] = None,
) -> ResultOut:
    """Apply a result file to bank file `number` of the order; any mistake in it, and nothing changes."""
    content = await file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise errors.too_large()
    sha256 = hashlib.sha256(content).hexdigest()
    async with room.tx() as tx:
        order = await reads.order(tx, order_id=order_id)
        if order is None:
            raise errors.not_found()
        authorize(actor, UPLOAD, Resource(region=order["county"], project=order["project"]))
        target = await reads.file_content(tx, order_id, number)
        if target is None:
            raise errors.not_found()
        delivery = Delivery(
            result_id or f"upload-{sha256[:24]}",
            sha256,
            _text(content, target["encoding"]),
            "upload",
            actor.sub,
        )
        received = await receive(tx, target["file_id"], delivery)
        assert received is not None, "looked up above"
        tx.audit(
            UPLOAD.name, f"bank_file:{target['file_id']}", actor.sub, sha256=sha256, refusal=received.refusal
        )
    # After the block: a refusal is recorded, too.
    if received.refusal:
        raise _problem(received.refusal)
    return ResultOut(
        paid=received.paid,
        failed=received.failed,
        unknown=received.unknown,
        conflicts=received.conflicts,
        order_settled=received.settled,
    )


def _text(content: bytes, encoding: str | None) -> str:
    try:
        return content.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        return ""  # no header line: refused as bad_file like any other unreadable text


def _problem(code: str) -> errors.Problem:
    title, _, english = REFUSALS[code].partition(" (")
    slug = f"result-{code.replace('_', '-')}"
    if code in ("duplicate", "result_id_reused"):
        return errors.conflict(slug, title, english.rstrip(")"), code=code)
    return errors.unprocessable(slug, title, english.rstrip(")"), code=code)


@router.get("/orders/{order_id}/results")
async def list_results(
    order_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(LIST))]
) -> list[ResultFileOut]:
    """Every result file of an order, refused ones with the reason."""
    async with room.tx() as tx:
        order = await reads.order(tx, order_id=order_id)
        if order is None:
            raise errors.not_found()
        authorize(actor, LIST, Resource(region=order["county"], project=order["project"]))
        rows = await reads.result_files(tx, order_id)
    return [ResultFileOut(**row, text=REFUSALS.get(row["refusal"] or "")) for row in rows]


@router.get("/conflicts")
async def list_conflicts(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(CONFLICTS))],
    project: Annotated[str, Query()],
    county: Annotated[str, Query()],
) -> list[ConflictOut]:
    """Contradictions that wait for a person."""
    authorize(actor, CONFLICTS, Resource(region=county, project=project))
    async with room.tx() as tx:
        return [ConflictOut(**row) for row in await reads.conflicts(tx, project, county)]

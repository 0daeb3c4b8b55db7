"""对账: the bank's statement of a day, and what it left unexplained."""

import hashlib
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Depends, Form, Query, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from kit import errors
from kit.auth import Actor, Operation, Resource, Role, Zone, authorize, guarded_router, require
from kit.ids import parse_end_to_end_id
from kit.service import CurrentRoom, Room
from services.payment import ports
from services.payment.api.decisions import DecisionOut, ProposalIn, proposed
from services.payment.domain.formats import parse_statement
from services.payment.domain.results import REFUSALS, Refused
from services.payment.domain.statements import WHY, Entry, check
from services.payment.store import projects, reconciling, resolving, statements
from services.payment.store.statements import Place

_COUNTY = frozenset({Role.COUNTY_HANDLER, Role.COUNTY_REVIEWER, Role.FINANCE_REVIEWER, Role.FINANCE_PAYER})
_FINANCE = frozenset({Role.FINANCE_REVIEWER, Role.FINANCE_PAYER})
KEEP = Operation("payment.keep_statement", roles=frozenset({Role.FINANCE_PAYER}), zone=Zone.FINANCE)
PROPOSE = Operation("payment.propose_suspense", roles=_FINANCE, zone=Zone.FINANCE)
LIST = Operation("payment.list_entries", roles=_COUNTY, zone=Zone.FINANCE)
MOST_BYTES = 64 * 1024 * 1024

router = guarded_router(prefix="/api/payment/v1", tags=["reconciliation"])


class EntryIn(BaseModel):
    """One movement; nothing about who sent it but the notice's number in `reference`."""

    model_config = ConfigDict(extra="forbid")

    bank_ref: str = Field(min_length=1, max_length=64)
    direction: Literal["debit", "credit"]
    kind: Literal["payment", "return", "repayment", "other"]
    amount_fen: int = Field(gt=0, le=10**15)
    end_to_end_id: str = Field(default="", max_length=64)
    reference: str = Field(default="", max_length=64)
    code: str = Field(default="", max_length=8)


class StatementIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    project: str = Field(min_length=1, max_length=40)
    county: str
    day: date
    entries: list[EntryIn] = Field(max_length=100_000)


class FetchIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    project: str = Field(min_length=1, max_length=40)
    county: str
    day: date


class StatementOut(BaseModel):
    """`new` is false when this very statement was kept before; what still waited was matched again."""

    new: bool
    entries: int
    debit_fen: int
    credit_fen: int


class EntryOut(BaseModel):
    """`why` says what left it unexplained; `text` in words."""

    entry_id: str
    day: date
    bank_ref: str
    direction: str
    kind: str
    amount_fen: int
    end_to_end_id: str | None
    reference: str | None
    code: str | None
    state: str
    why: str | None
    text: str | None
    case_id: str | None
    suspended_fen: int
    decision_id: str | None


class ResolveIn(ProposalIn):
    """`recovery` names the case, `return` the payment that came back."""

    choice: Literal["recovery", "return", "refund", "corrected"]
    case_id: str | None = Field(default=None, max_length=64)
    end_to_end_id: str | None = Field(default=None, max_length=64)


@router.post("/statements", status_code=201)
async def keep(
    body: StatementIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(KEEP))]
) -> StatementOut:
    """A day's statement as JSON; an entry counts once, in whatever statement it comes."""
    authorize(actor, KEEP, Resource(region=body.county, project=body.project))
    entries = [Entry(**one.model_dump()) for one in body.entries]
    digest = hashlib.sha256(body.model_dump_json().encode()).hexdigest()
    return await _keep(room, actor, Place(body.project, body.county), body.day, entries, digest, "upload")


@router.post("/statements:upload", status_code=201)
async def upload(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(KEEP))],
    file: UploadFile,
    project: Annotated[str, Form(max_length=40)],
    county: Annotated[str, Form(max_length=12)],
    day: Annotated[date, Form()],
) -> StatementOut:
    """A day's statement as CSV (UTF-8, a header row) or camt.054; anything wrong in it, and nothing is kept."""
    authorize(actor, KEEP, Resource(region=county, project=project))
    content = await file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise errors.too_large()
    try:
        entries = parse_statement(content)
    except UnicodeDecodeError:
        raise _refused("bad_file") from None
    except Refused as refused:
        raise _refused(refused.code) from None
    digest = hashlib.sha256(content).hexdigest()
    return await _keep(room, actor, Place(project, county), day, entries, digest, "upload")


@router.post("/statements:fetch", status_code=201)
async def fetch(
    body: FetchIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(KEEP))]
) -> StatementOut:
    """Ask the bank for the day's statement of the county's account; 503 while it does not answer."""
    authorize(actor, KEEP, Resource(region=body.county, project=body.project))
    async with room.tx(actor) as tx:
        terms = await projects.terms(tx, body.project, body.county)
    try:
        found = await ports.bank_of(room).statement(terms.payer_account, body.day)
    except (ports.BankUnavailable, ports.BankRefused):
        raise errors.unavailable(5) from None
    place = Place(body.project, body.county)
    return await _keep(
        room, actor, place, body.day, [Entry(**one) for one in found.entries], found.sha256, "bank"
    )


async def _keep(
    room: Room, actor: Actor, place: Place, day: date, entries: list[Entry], sha256: str, source: str
) -> StatementOut:
    try:
        check(entries)
    except Refused as refused:
        raise _refused(refused.code) from None
    async with room.tx(actor) as tx:
        kept = await statements.keep(tx, place, day, entries, sha256, source)
        if kept is not None:
            tx.audit(KEEP.name, f"statement:{kept.statement_id}", entries=len(entries))
    return StatementOut(
        new=kept is not None,
        entries=len(entries),
        debit_fen=sum(one.amount_fen for one in entries if one.direction == "debit"),
        credit_fen=sum(one.amount_fen for one in entries if one.direction == "credit"),
    )


def _refused(code: str) -> errors.Problem:
    title, _, english = REFUSALS[code].partition(" (")
    return errors.unprocessable(f"statement-{code.replace('_', '-')}", title, english.rstrip(")"), code=code)


@router.get("/statement-entries")
async def list_entries(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST))],
    project: Annotated[str, Query()],
    county: Annotated[str, Query()],
    day: Annotated[date | None, Query()] = None,
    state: Annotated[Literal["new", "matched", "suspended", "resolved"] | None, Query()] = None,
) -> list[EntryOut]:
    """Entries of a day, or those that wait on suspense."""
    authorize(actor, LIST, Resource(region=county, project=project))
    async with room.tx(actor) as tx:
        rows = await reconciling.entries(tx, Place(project, county), day, state)
    return [EntryOut(**row, text=WHY.get(row["why"] or "")) for row in rows]


@router.post("/statement-entries/{entry_id}:propose", status_code=201)
async def propose(
    entry_id: str, body: ResolveIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(PROPOSE))]
) -> DecisionOut:
    """Propose what an unexplained entry is; another person's approval moves its money."""
    async with room.tx(actor) as tx:
        row = await resolving.entry(tx, entry_id)
        if row is None:
            raise errors.not_found()
        authorize(actor, PROPOSE, Resource(region=row["county"], project=row["project"]))
        if row["state"] != "suspended" or not resolving.fits(row, body.choice):
            raise errors.conflict("does-not-fit", "该流水不能这样处理", "this entry can't be resolved so")
        detail: dict[str, Any] = {}
        if body.choice == "recovery":
            detail = {"case_id": _needed(body.case_id, "case_id")}
        elif body.choice == "return":
            detail = {"end_to_end_id": _needed(body.end_to_end_id, "end_to_end_id")}
            if parse_end_to_end_id(detail["end_to_end_id"]) is None:
                raise errors.unprocessable("bad-key", "付款标识格式错误", "not an end-to-end id")
        place = (row["project"], row["county"])
        return await proposed(tx, "suspense", entry_id, place, body, body.choice, detail)


def _needed(value: str | None, name: str) -> str:
    if not value:
        raise errors.unprocessable("target-needed", "请指明认领对象", f"{name} is needed")
    return value

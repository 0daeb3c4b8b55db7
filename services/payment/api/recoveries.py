"""追回: a case opened by two people (or at once by a confirmed finding), its notice, its plan, its end."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from kit import errors
from kit.auth import Actor, Operation, Resource, Role, Zone, authorize, guarded_router, require
from kit.db import Tx
from kit.service import CurrentRoom
from services.payment.api.decisions import DecisionOut, ProposalIn, proposed
from services.payment.store import plans, recoveries
from services.payment.store.plans import Part
from services.payment.store.recovery_tables import Recovery

_COUNTY = frozenset({Role.COUNTY_HANDLER, Role.COUNTY_REVIEWER, Role.FINANCE_REVIEWER, Role.FINANCE_PAYER})
_OPEN = frozenset({"opened", "noticed", "recovering"})
_HANDLER = frozenset({Role.COUNTY_HANDLER})
PROPOSE = Operation("payment.propose_recovery", roles=_HANDLER, zone=Zone.FINANCE)
HANDLE = Operation("payment.handle_recovery", roles=_HANDLER, zone=Zone.FINANCE, states=_OPEN)
LIST = Operation("payment.list_recoveries", roles=_COUNTY | {Role.DISCIPLINE}, zone=Zone.FINANCE)

router = guarded_router(prefix="/api/payment/v1", tags=["recoveries"])


class RecoveryIn(ProposalIn):
    """Without an amount, all that was paid for the line is claimed."""

    line_id: str = Field(min_length=1, max_length=80)
    amount_fen: int | None = Field(default=None, gt=0, le=10**13)
    reason: str = Field(min_length=1, max_length=300)


class NoticeIn(BaseModel):
    """`notice_no` is the number of the written notice, which a repayment names at the bank."""

    model_config = ConfigDict(extra="forbid")

    notice_no: str = Field(min_length=1, max_length=60)
    due_on: date


class PartIn(BaseModel):
    """A deduction is kept back from the first batch from `from_period` (YYYYMM) on."""

    model_config = ConfigDict(extra="forbid")

    means: Literal["deduction", "cash"]
    amount_fen: int = Field(gt=0, le=10**13)
    from_period: str = Field(default="", pattern=r"^([12]\d{3}(0[1-9]|1[0-2])?)?$")


class PlanIn(BaseModel):
    """The parts sum to what the case still claims."""

    model_config = ConfigDict(extra="forbid")

    instalments: list[PartIn] = Field(min_length=1, max_length=60)


class EndIn(ProposalIn):
    choice: Literal["written_off", "withdrawn"]


class InstalmentOut(BaseModel):
    number: int
    means: str
    amount_fen: int
    state: str
    installment: int | None
    from_period: str | None
    posting_id: str | None


class RecoveryOut(BaseModel):
    """Amounts in fen: claimed = deducted + repaid + written off + withdrawn + open."""

    case_id: str
    line_id: str
    payment_id: str
    attempt: int
    application_id: str
    subject_id: str
    project: str
    county: str
    township: str
    entitlement_period: str
    reason: str
    state: str
    claimed_fen: int
    deducted_fen: int
    repaid_fen: int
    recovered_fen: int
    written_off_fen: int
    withdrawn_fen: int
    open_fen: int
    notice_no: str | None
    noticed_on: date | None
    due_on: date | None
    opened_by: str
    opened_at: datetime
    instalments: list[InstalmentOut]


@router.post("/recoveries", status_code=201)
async def open_recovery(
    body: RecoveryIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(PROPOSE))]
) -> DecisionOut:
    """Propose to open a case about a paid line; another person's approval opens it."""
    async with room.tx(actor) as tx:
        row = await tx.fetchrow(
            "SELECT * FROM payment WHERE line_id = $1 AND paid_with IS NULL ORDER BY attempt DESC LIMIT 1",
            body.line_id,
        )
        if row is None:
            raise errors.not_found()
        authorize(actor, PROPOSE, Resource(region=row["county"], project=row["project"]))
        fen = body.amount_fen or row["amount_fen"]
        if row["state"] != "PAID" or fen > row["amount_fen"]:
            raise errors.conflict("not-paid", "该明细未发放或金额超出", "the line was not paid so much")
        known = await tx.fetchval(
            "SELECT EXISTS (SELECT FROM recovery WHERE payment_id = $1 AND attempt = $2 AND source = 'paid')",
            row["payment_id"],
            row["attempt"],
        )
        if known:
            raise errors.conflict("already-opened", "该付款已立案追回", "this payment is claimed already")
        detail = {"amount_fen": fen, "reason": body.reason}
        place = (row["project"], row["county"])
        return await proposed(tx, "open_recovery", body.line_id, place, body, "open", detail)


@router.post("/recoveries/{case_id}:notice")
async def notice(
    case_id: str, body: NoticeIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(HANDLE))]
) -> RecoveryOut:
    """The written notice to the payee went out."""
    async with room.tx(actor) as tx:
        case = await _handled(tx, actor, case_id)
        used = await tx.fetchval(
            "SELECT EXISTS (SELECT FROM recovery WHERE project = $1 AND county = $2 AND notice_no = $3 "
            "AND case_id <> $4)",
            case.project,
            case.county,
            body.notice_no,
            case_id,
        )
        if used:
            raise errors.conflict("notice-known", "该通知书编号已用", "this notice number is taken")
        await plans.notice(tx, case, body.notice_no, body.due_on)
        return await _told(tx, case)


@router.post("/recoveries/{case_id}:plan")
async def plan(
    case_id: str, body: PlanIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(HANDLE))]
) -> RecoveryOut:
    """Plan the instalments: deductions are ordered at once, cash is awaited on the bank's statement."""
    async with room.tx(actor) as tx:
        case = await _handled(tx, actor, case_id)
        if case.notice_no is None:
            raise errors.conflict("not-noticed", "应先送达追回通知", "send the notice first")
        if sum(one.amount_fen for one in body.instalments) != case.open_fen:
            raise errors.unprocessable(
                "plan-differs",
                "分期合计应等于待追回金额",
                "the parts must sum to what is open",
                open_fen=case.open_fen,
            )
        if any((one.means == "deduction") != bool(one.from_period) for one in body.instalments):
            raise errors.unprocessable("bad-plan", "扣回须指明起扣批次", "a deduction names its first period")
        if await plans.in_flight(tx, case_id):
            raise errors.conflict("in-flight", "有扣回正在支付中", "a deduction is with the bank now")
        parts = [Part(one.means, one.amount_fen, one.from_period) for one in body.instalments]
        await plans.plan(tx, case, parts)
        return await _told(tx, case)


@router.post("/recoveries/{case_id}:propose", status_code=201)
async def propose_end(
    case_id: str, body: EndIn, room: CurrentRoom, actor: Annotated[Actor, Depends(require(PROPOSE))]
) -> DecisionOut:
    """Propose to write off or withdraw what is still open; two people end it."""
    async with room.tx(actor) as tx:
        case = await recoveries.lock(tx, case_id)
        if case is None:
            raise errors.not_found()
        authorize(actor, PROPOSE, Resource(region=case.county, project=case.project))
        if not case.open_fen:
            raise errors.conflict("nothing-open", "该案已无待追回金额", "nothing is open in this case")
        return await proposed(tx, "end_recovery", case_id, (case.project, case.county), body, body.choice)


@router.get("/recoveries")
async def list_recoveries(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST))],
    project: Annotated[str, Query()],
    county: Annotated[str, Query()],
    state: Annotated[str | None, Query()] = None,
    line_id: Annotated[str | None, Query()] = None,
) -> list[RecoveryOut]:
    """Cases of a county for a project, newest first."""
    authorize(actor, LIST, Resource(region=county, project=project))
    async with room.tx(actor) as tx:
        return [RecoveryOut(**row) for row in await plans.listed(tx, project, county, state, line_id)]


async def _handled(tx: Tx, actor: Actor, case_id: str) -> Recovery:
    case = await recoveries.lock(tx, case_id)
    if case is None:
        raise errors.not_found()
    authorize(actor, HANDLE, Resource(region=case.county, project=case.project, state=case.state))
    return case


async def _told(tx: Tx, case: Recovery) -> RecoveryOut:
    rows = await plans.listed(tx, case.project, case.county, None, case.line_id)
    return next(RecoveryOut(**row) for row in rows if row["case_id"] == case.case_id)

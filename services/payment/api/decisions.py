"""Four eyes on money: one person proposes with evidence, another approves or refuses, and it is done at once."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from kit import errors
from kit.auth import Actor, Operation, Resource, Role, Zone, authorize, guarded_router, require
from kit.db import Tx
from kit.ids import parse_end_to_end_id
from kit.service import CurrentRoom
from services.payment.domain.decisions import CHOICES, choices_for_file
from services.payment.handlers.building import build_files
from services.payment.handlers.fetching import query_unknown
from services.payment.store import deciding, decisions
from services.payment.store.recovery_tables import Decision

_FINANCE = frozenset({Role.FINANCE_REVIEWER, Role.FINANCE_PAYER})
_COUNTY = _FINANCE | {Role.COUNTY_HANDLER, Role.COUNTY_REVIEWER}
PROPOSE = Operation("payment.propose", roles=_FINANCE, zone=Zone.FINANCE)
DECIDE = Operation(
    "payment.decide",
    roles=frozenset({Role.FINANCE_REVIEWER, Role.COUNTY_REVIEWER}),
    zone=Zone.FINANCE,
    states=frozenset({"proposed"}),
    four_eyes=True,
)
LIST = Operation("payment.list_decisions", roles=_COUNTY, zone=Zone.FINANCE)
DECIDES = {about: Role.FINANCE_REVIEWER for about in CHOICES} | {
    "open_recovery": Role.COUNTY_REVIEWER,
    "end_recovery": Role.COUNTY_REVIEWER,
}
"""Who decides about what."""

router = guarded_router(prefix="/api/payment/v1", tags=["decisions"])


class ProposalIn(BaseModel):
    """`evidence` names the document that proves it (a bank's letter, a statement), without a person's data."""

    model_config = ConfigDict(extra="forbid")

    evidence: str = Field(min_length=1, max_length=300)


class PaidOrNot(ProposalIn):
    choice: Literal["paid", "not_paid"]


class FileChoice(ProposalIn):
    choice: Literal["rebuild", "abandon", "query"]


class DecisionOut(BaseModel):
    """A proposal and how it was decided; `text` says the choice in words."""

    decision_id: str
    about: str
    resource: str
    project: str
    county: str
    choice: str
    text: str
    evidence: str
    detail: dict[str, Any]
    state: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None


def told(one: Decision) -> DecisionOut:
    """A decision as the doors tell it."""
    return DecisionOut(**one.model_dump(), text=CHOICES[one.about][one.choice])


async def proposed(
    tx: Tx,
    about: str,
    resource: str,
    place: tuple[str, str],
    body: ProposalIn,
    choice: str,
    detail: dict[str, Any] | None = None,
) -> DecisionOut:
    """Keep a proposal; 409 while another one about the same waits."""
    try:
        return told(await decisions.propose(tx, about, resource, place, choice, body.evidence, detail))
    except decisions.AlreadyProposed:
        raise errors.conflict("already-proposed", "已有待裁定的提议", "a proposal about it waits") from None


@router.post("/conflicts/{number}:propose", status_code=201)
async def about_conflict(
    number: int, body: PaidOrNot, room: CurrentRoom, actor: Annotated[Actor, Depends(require(PROPOSE))]
) -> DecisionOut:
    """Propose what is true where the bank contradicted itself."""
    async with room.tx(actor) as tx:
        row = await tx.fetchrow("SELECT project, county, settled_as FROM conflict WHERE number = $1", number)
        if row is None:
            raise errors.not_found()
        authorize(actor, PROPOSE, Resource(region=row["county"], project=row["project"]))
        if row["settled_as"]:
            raise errors.conflict("already-decided", "已裁定", "decided already")
        place = (row["project"], row["county"])
        return await proposed(tx, "conflict", str(number), place, body, body.choice)


@router.post("/payments/{end_to_end_id}:propose", status_code=201)
async def about_unknown(
    end_to_end_id: str,
    body: PaidOrNot,
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(PROPOSE))],
) -> DecisionOut:
    """Propose what became of an UNKNOWN payment, on evidence from the bank; it is never sent again instead."""
    identity = parse_end_to_end_id(end_to_end_id) or ("", 0)
    async with room.tx(actor) as tx:
        row = await tx.fetchrow(
            "SELECT project, county, state FROM payment WHERE payment_id = $1 AND attempt = $2 "
            "AND paid_with IS NULL",
            *identity,
        )
        if row is None:
            raise errors.not_found()
        authorize(actor, PROPOSE, Resource(region=row["county"], project=row["project"]))
        if row["state"] != "UNKNOWN":
            raise errors.conflict("not-unknown", "该付款状态并非未明", "this payment is not UNKNOWN")
        return await proposed(
            tx, "unknown", end_to_end_id, (row["project"], row["county"]), body, body.choice
        )


@router.post("/files/{file_id}:propose", status_code=201)
async def about_file(
    file_id: str, body: FileChoice, room: CurrentRoom, actor: Annotated[Actor, Depends(require(PROPOSE))]
) -> DecisionOut:
    """Propose what to do with a file that the bank refused whole."""
    async with room.tx(actor) as tx:
        row = await tx.fetchrow(
            "SELECT project, county, state, refusal FROM bank_file WHERE file_id = $1", file_id
        )
        if row is None:
            raise errors.not_found()
        authorize(actor, PROPOSE, Resource(region=row["county"], project=row["project"]))
        if row["state"] != "refused":
            raise errors.conflict("not-refused", "该文件未被银行拒收", "the bank has not refused this file")
        if body.choice not in choices_for_file(row["refusal"] or ""):
            raise errors.conflict(
                "bank-has-it", "银行已记录该编号，只能逐笔查询", "the bank has booked this id: only query"
            )
        return await proposed(tx, "file", file_id, (row["project"], row["county"]), body, body.choice)


@router.get("/decisions")
async def list_decisions(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LIST))],
    project: Annotated[str, Query()],
    county: Annotated[str, Query()],
    state: Annotated[Literal["proposed", "approved", "refused"] | None, Query()] = None,
) -> list[DecisionOut]:
    """Proposals and decisions, newest first."""
    authorize(actor, LIST, Resource(region=county, project=project))
    async with room.tx(actor) as tx:
        return [told(one) for one in await decisions.listed(tx, project, county, state)]


@router.post("/decisions/{decision_id}:approve")
async def approve(
    decision_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(DECIDE))]
) -> DecisionOut:
    """Approve, and do it; 409 when things have moved since it was proposed."""
    try:
        async with room.tx(actor) as tx:
            one = await _decidable(tx, actor, decision_id)
            closed = await decisions.close(tx, one, "approved")
            await deciding.carry_out(tx, closed)
            tx.wake(build_files)
            tx.wake(query_unknown)
            return told(closed)
    except decisions.Moved:
        raise errors.conflict("has-moved", "情况已变化，请重新提议", "no longer as proposed") from None
    except deciding.QuotaShort:
        raise errors.conflict(
            "quota-short", "可用指标不足，请先追加", "the quota is short: raise it"
        ) from None
    except deciding.NextInFlight:
        raise errors.conflict(
            "next-in-flight",
            "重发正在支付中，待其结果后裁定",
            "the next attempt is on its way: wait for its result",
        ) from None


@router.post("/decisions/{decision_id}:refuse")
async def refuse(
    decision_id: str, room: CurrentRoom, actor: Annotated[Actor, Depends(require(DECIDE))]
) -> DecisionOut:
    """Refuse: nothing is done, and something else may be proposed."""
    async with room.tx(actor) as tx:
        one = await _decidable(tx, actor, decision_id)
        return told(await decisions.close(tx, one, "refused"))


async def _decidable(tx: Tx, actor: Actor, decision_id: str) -> Decision:
    one = await decisions.lock(tx, decision_id)
    if one is None:
        raise errors.not_found()
    resource = Resource(
        region=one.county, project=one.project, state=one.state, acted_by=frozenset({one.proposed_by})
    )
    authorize(actor, DECIDE, resource)
    if DECIDES[one.about] not in actor.roles:
        raise errors.forbidden()
    return one

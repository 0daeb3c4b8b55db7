"""The ledger as an accountant reads it: postings whose two sides are equal, and the trial balance."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel

from kit.auth import Actor, Operation, Resource, Role, Zone, authorize, guarded_router, require
from kit.money import format_yuan
from kit.service import CurrentRoom
from services.payment.domain.ledger import LABELS, Kind
from services.payment.store import reads

_ROLES = frozenset({Role.COUNTY_REVIEWER, Role.FINANCE_REVIEWER, Role.FINANCE_PAYER, Role.DISCIPLINE})
LEDGER = Operation("payment.read_ledger", roles=_ROLES, zone=Zone.FINANCE)
BALANCE = Operation("payment.read_balance", roles=_ROLES, zone=Zone.FINANCE)

router = guarded_router(prefix="/api/payment/v1", tags=["ledger"])


class EntryOut(BaseModel):
    """One side: `out` what the account gives, `into` what it gets; yuan as text beside the fen."""

    account: str
    label: str
    out_fen: int
    into_fen: int
    out: str
    into: str


class PostingOut(BaseModel):
    """A posting; `out_fen` = `into_fen`, to be seen at a glance."""

    posting_id: str
    number: int
    kind: str
    memo: str
    business_day: date
    set_id: str | None
    order_id: str | None
    file_id: str | None
    actor: str
    entries: list[EntryOut]
    out_fen: int
    into_fen: int
    balanced: bool


class AccountOut(BaseModel):
    """What an account gave and got in all, and what it holds; the source outside is below zero."""

    account: str
    label: str
    out_fen: int
    into_fen: int
    balance_fen: int
    balance: str


class TrialBalance(BaseModel):
    """Both sums are equal, and the balances of all accounts sum to zero."""

    project: str
    county: str
    year: int
    accounts: list[AccountOut]
    out_fen: int
    into_fen: int
    balance_sum_fen: int
    balanced: bool


@router.get("/ledger")
async def read_ledger(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(LEDGER))],
    project: Annotated[str, Query()],
    county: Annotated[str, Query()],
    year: Annotated[int, Query(ge=2000, le=2100)],
    order_id: Annotated[str | None, Query()] = None,
    after: Annotated[int, Query(ge=0, description="number of the last posting seen")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> list[PostingOut]:
    """Postings in order, each with both sides."""
    authorize(actor, LEDGER, Resource(region=county, project=project))
    async with room.tx() as tx:
        rows = await reads.postings(tx, project, county, year, order_id, after, limit)
    return [_posting(row["posting"], row["entries"]) for row in rows]


def _posting(posting: dict[str, object], entries: list[dict[str, int | str]]) -> PostingOut:
    sides = [_entry(str(one["kind"]), int(one["amount_fen"])) for one in entries]
    sides.sort(key=lambda one: (one.out_fen == 0, list(Kind).index(Kind(one.account))))
    out, into = sum(one.out_fen for one in sides), sum(one.into_fen for one in sides)
    fields = {"entries": sides, "out_fen": out, "into_fen": into, "balanced": out == into and len(sides) > 1}
    return PostingOut.model_validate(posting | fields)


def _entry(kind: str, fen: int) -> EntryOut:
    out, into = max(-fen, 0), max(fen, 0)
    return EntryOut(
        account=kind,
        label=LABELS[Kind(kind)],
        out_fen=out,
        into_fen=into,
        out=format_yuan(out, thousands=True) if out else "",
        into=format_yuan(into, thousands=True) if into else "",
    )


@router.get("/ledger/balance")
async def trial_balance(
    room: CurrentRoom,
    actor: Annotated[Actor, Depends(require(BALANCE))],
    project: Annotated[str, Query()],
    county: Annotated[str, Query()],
    year: Annotated[int, Query(ge=2000, le=2100)],
) -> TrialBalance:
    """Trial balance, from the entries themselves; `balanced` also compares them with the kept balances."""
    authorize(actor, BALANCE, Resource(region=county, project=project))
    async with room.tx() as tx:
        rows = await reads.trial_balance(tx, project, county, year)
    out, into = sum(row["out_fen"] for row in rows), sum(row["into_fen"] for row in rows)
    total = sum(row["balance_fen"] for row in rows)
    agree = all(row["into_fen"] - row["out_fen"] == row["balance_fen"] for row in rows)
    accounts = [
        AccountOut(
            account=row["kind"],
            label=LABELS[Kind(row["kind"])],
            out_fen=row["out_fen"],
            into_fen=row["into_fen"],
            balance_fen=row["balance_fen"],
            balance=format_yuan(row["balance_fen"], thousands=True),
        )
        for row in sorted(rows, key=lambda one: list(Kind).index(Kind(one["kind"])))
    ]
    return TrialBalance(
        project=project,
        county=county,
        year=year,
        accounts=accounts,
        out_fen=out,
        into_fen=into,
        balance_sum_fen=total,
        balanced=agree and out == into and total == 0,
    )

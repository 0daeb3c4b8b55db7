"""A county's money in miniature: slices, quota, orders, accounts, and the bank's behaviour."""

import json
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from pydantic import BaseModel

from contracts.base import rows_digest
from contracts.batch import FrozenSlice, Line, LineExcluded, LinesStated, LineState, OverpaymentFound
from contracts.manifest import slice_root
from contracts.payment import IssueOrder, LinkQuota
from contracts.registry import Account, AccountsReply, SubjectsRequest
from kit.auth import Role
from kit.testing import RoomHarness, Sent, official
from services.payment.handlers.building import build_files
from services.payment.handlers.fetching import fetch_results, query_unknown
from services.payment.handlers.sending import send_files
from services.payment.store import quotas
from services.payment.store.ledger import Book

PROJECT, PERIOD, COUNTY, TOWNSHIP = "11810", "202305", "539901", "539901101"
BOOK = Book(PROJECT, COUNTY, 2023)
HANDLER = official(Role.COUNTY_HANDLER, COUNTY)
REVIEWER = official(Role.FINANCE_REVIEWER, COUNTY)
PAYER = official(Role.FINANCE_PAYER, COUNTY)
API = "/api/payment/v1"


def line(slice_id: str, number: int, **changes: Any) -> Line:
    """A normal line of 50 yuan for a person of its own."""
    subject = changes.pop("subject_id", f"s-{slice_id}-{number:06d}")
    return Line.model_validate(
        {
            "line_id": f"{slice_id}-{number:06d}",
            "rev": 1,
            "application_id": f"a-{slice_id}-{number:06d}",
            "subject_id": subject,
            "payee_id": subject,
            "village": "539901101201",
            "state": LineState.NORMAL,
            "entitlement_period": PERIOD,
            "amount_fen": 5000,
        }
        | changes
    )


def stated(slice_id: str, lines: list[Line], revision: int = 5) -> list[LinesStated]:
    """A revision in parts of 1,000."""
    parts = [lines[at : at + 1000] for at in range(0, len(lines), 1000)] or [[]]
    return [
        LinesStated(
            stream_id=slice_id,
            revision=revision,
            index=index,
            count=len(parts),
            digest=rows_digest(lines),
            batch_id="b1",
            project=PROJECT,
            period=PERIOD,
            county=COUNTY,
            township=TOWNSHIP,
            category="elderly",
            rows=part,
        )
        for index, part in enumerate(parts)
    ]


def frozen(slice_id: str, lines: list[Line], exclusions: int = 0, at_signing: int = 0) -> FrozenSlice:
    """What finance signed, when all normal lines were there."""
    return FrozenSlice(
        slice_id=slice_id,
        revision=5,
        root=slice_root(lines),
        exclusions=exclusions,
        exclusions_at_signing=at_signing,
    )


def excluded(slice_id: str, line_id: str, seq: int) -> LineExcluded:
    """Exclusion record `seq` of a slice."""
    return LineExcluded(
        slice_id=slice_id, line_id=line_id, application_id="a", seq=seq, reason="R04", ends_enrolment=True
    )


def issue(*slices: FrozenSlice, set_id: str = "set1") -> IssueOrder:
    """支付申请 by the payer."""
    return IssueOrder(
        set_id=set_id,
        project=PROJECT,
        period=PERIOD,
        county=COUNTY,
        frozen=list(slices),
        actor=PAYER.sub,
        work_item_id="w1",
    )


def link(fen: int, set_id: str = "set1") -> LinkQuota:
    """审核挂账."""
    return LinkQuota(set_id=set_id, project=PROJECT, period=PERIOD, county=COUNTY, approved_fen=fen)


def overpaid(of: Line, fen: int | None = None) -> OverpaymentFound:
    """A paid line turned out not to be owed."""
    return OverpaymentFound(
        slice_id=of.line_id.rpartition("-")[0],
        line_id=of.line_id,
        application_id=of.application_id,
        subject_id=of.subject_id,
        payee_id=of.payee_id,
        project=PROJECT,
        county=COUNTY,
        township=TOWNSHIP,
        entitlement_period=of.entitlement_period,
        amount_fen=fen or of.amount_fen or 0,
        reason="R04",
    )


@dataclass
class World:
    """The room and its surroundings."""

    harness: RoomHarness
    without_account: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.harness.room.peers = self  # type: ignore[assignment]  # it stands in for the registry

    async def post(self, room: str, path: str, body: BaseModel, reply: type[AccountsReply]) -> AccountsReply:
        """The registry's answer: everyone has an account, but those who have none."""
        assert (room, path) == ("registry", "/internal/v1/subjects:accounts")
        assert isinstance(body, SubjectsRequest)
        return AccountsReply(
            accounts=[
                Account(subject_id=one, bank_code="402999900018", account_no=number(one), account_name="岭某")
                for one in body.subject_ids
                if one not in self.without_account
            ]
        )

    async def behave(self, **behaviour: Any) -> None:
        """Tell the bank how to behave."""
        answer = await self.harness.room.http.post("/v1/behaviour", json=behaviour)
        assert answer.status_code == 200

    async def bank_knows(self, lines: list[Line]) -> None:
        """Open the payees' accounts at the bank."""
        rows = [{"account": number(one.payee_id), "name": "岭某"} for one in lines]
        body = "\n".join(json.dumps(row) for row in rows)
        assert (await self.harness.room.http.post("/v1/world", content=body.encode())).status_code == 200

    async def grant(self, fen: int) -> None:
        """Give the county a quota."""
        async with self.harness.room.tx() as tx:
            document = str(await tx.fetchval("SELECT count(*) FROM quota_grant"))
            await quotas.grant(tx, BOOK, document, fen, "finance")

    async def ordered(self, lines: list[Line], slice_id: str = "sl1", set_id: str = "set1") -> str:
        """A slice stated, funded and ordered; returns the order id."""
        await self.bank_knows(lines)
        fen = sum(one.amount_fen or 0 for one in lines)
        if fen > 0:
            await self.grant(fen)
        await self.harness.deliver(*stated(slice_id, lines))
        await self.harness.deliver(link(fen, set_id))
        await self.harness.deliver(issue(frozen(slice_id, lines), set_id=set_id), id=f"issue-{set_id}")
        return str(await self.value("SELECT order_id FROM payment_order WHERE set_id = $1", set_id))

    async def send(self) -> list[Sent]:
        """Build and send what is due."""
        return [*await self.harness.work(build_files), *await self.harness.work(send_files)]

    async def finish(self) -> list[Sent]:
        """Run every worker until nothing is due, however long it would wait."""
        sent = await self.send()
        for _ in range(12):
            await self.hurry()
            sent += await self.harness.work(send_files)
            sent += await once(self, fetch_results)
            sent += await once(self, query_unknown)
        return sent

    async def hurry(self) -> None:
        """Let no wall time pass: everything that waits is due."""
        async with self.harness.room.tx() as tx:
            await tx.execute("UPDATE bank_file SET next_try_at = '-infinity'")
            await tx.execute("UPDATE unknown_payment SET next_query_at = '-infinity'")

    async def value(self, sql: str, *args: Any) -> Any:
        """One value from the database."""
        async with self.harness.room.tx() as tx:
            return await tx.fetchval(sql, *args)

    async def rows(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """Rows from the database."""
        async with self.harness.room.tx() as tx:
            return await tx.fetch(sql, *args)

    async def states(self) -> dict[str, int]:
        """Payments by state."""
        rows = await self.rows("SELECT state, count(*) AS lines FROM payment GROUP BY 1")
        return {row["state"]: row["lines"] for row in rows}

    async def balances(self) -> dict[str, int]:
        """Balances that are not zero, in fen; checks that they sum to zero."""
        rows = await self.rows("SELECT kind, balance_fen FROM account WHERE balance_fen <> 0")
        found = {row["kind"]: row["balance_fen"] for row in rows}
        assert sum(found.values()) == 0
        return found


async def once(world: World, worker: Any) -> list[Sent]:
    """One round of a worker."""
    await worker(world.harness.room)
    return await world.harness.emitted()


def number(subject: str) -> str:
    """An invented account number."""
    return "6230" + "".join(str(ord(one) % 10) for one in subject)[-14:].rjust(14, "0")

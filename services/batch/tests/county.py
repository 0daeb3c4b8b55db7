"""Plays the other rooms and the officials of a county, so that a test reads like the field."""

from collections.abc import Collection, Sequence

from contracts.base import rows_digest
from contracts.batch import (
    FreezeSet,
    Line,
    SignSet,
    SliceRevision,
)
from contracts.card_matching import CardsStated, LineCard
from contracts.payment import AmountsStated, LineAmount, LinePayment, PaymentsStated
from kit.ids import new_id
from kit.testing import Sent
from services.batch.tests.office import (
    CATEGORY,
    COUNTY,
    COUNTY_HANDLER,
    COUNTY_REVIEWER,
    FINANCE,
    HANDLER,
    OTHER_TOWN,
    PERIOD,
    PROJECT,
    REVIEWER,
    TOWN,
    VILLAGE,
    VILLAGE_NAME,
    revisions,
)
from services.batch.tests.township import Township

__all__ = [
    "CATEGORY",
    "COUNTY",
    "COUNTY_HANDLER",
    "COUNTY_REVIEWER",
    "FINANCE",
    "HANDLER",
    "OTHER_TOWN",
    "PERIOD",
    "PROJECT",
    "REVIEWER",
    "TOWN",
    "VILLAGE",
    "VILLAGE_NAME",
    "County",
    "revisions",
]


class County(Township):
    """One county: its offices, and the rooms that answer batch."""

    async def lose_cards(
        self, check: str, set_id: str, lost: Collection[str], *, only_slice: str | None = None
    ) -> list[Sent]:
        """Cards asked about again before the file, those of `lost` no longer good; what batch emitted."""
        members, sent = await self.members(set_id), []
        for one in members:
            if only_slice not in (None, one.slice_id):
                continue
            results = [
                LineCard(
                    line_id=line.line_id,
                    rev=line.rev,
                    status="abnormal" if line.line_id in lost else "normal",
                    reason="卡已注销" if line.line_id in lost else None,
                )
                for line in await self.lines(one.slice_id)
            ]
            part = CardsStated(
                stream_id=f"cards:{check}:{one.slice_id}",
                revision=1,
                index=0,
                count=1,
                digest=rows_digest(results),
                slice_id=one.slice_id,
                checked_revision=one.revision,
                match_id=check,
                stage="before_file",
                slices=len(members),
                cards=results,
            )
            sent += await self.room.deliver(part, cause=new_id())
        return sent

    async def open_set(self, slice_ids: Sequence[str] | str = "all_arrived") -> str:
        """A set of arrived slices."""
        body = {"batch_id": self.batch_id, "slice_ids": slice_ids}
        found: str = (await self.post(COUNTY_HANDLER, "/sets", body))["set_id"]
        return found

    async def members(self, set_id: str) -> list[SliceRevision]:
        """The set's slices at the revisions where they stand."""
        found = await self.get(COUNTY_HANDLER, f"/sets/{set_id}")
        return [SliceRevision(slice_id=one["slice_id"], revision=one["revision"]) for one in found["slices"]]

    async def lines(self, slice_id: str) -> list[Line]:
        """The slice's lines as they stand."""
        found = await self.get(COUNTY_HANDLER, f"/slices/{slice_id}/lines?limit=5000")
        return [Line(**row) for row in found]

    async def price(self, set_id: str, amount_fen: int = 5000) -> None:
        """项目测算 of all normal lines of a set."""
        for one in await self.members(set_id):
            amounts = [
                LineAmount(line_id=line.line_id, rev=line.rev, amount_fen=amount_fen)
                for line in await self.lines(one.slice_id)
                if line.state == "normal"
            ]
            part = AmountsStated(
                stream_id=f"amounts:{new_id()}:{one.slice_id}",
                revision=1,
                index=0,
                count=1,
                digest=rows_digest(amounts),
                slice_id=one.slice_id,
                checked_revision=one.revision,
                calculation_id=new_id(),
                amounts=amounts,
            )
            await self.room.deliver(part, cause=new_id())

    async def sign_set(
        self, set_id: str, node: str, *, actor: str | None = None, root: str | None = None
    ) -> list[Sent]:
        """部门审核 or 财政复核."""
        default = COUNTY_REVIEWER.sub if node == "department_review" else FINANCE.sub
        command = SignSet(
            set_id=set_id,
            slices=await self.members(set_id),
            node=node,
            root=root or await self.root(f"sets/{set_id}", node),
            actor=actor or default,
            work_item_id="w2",
        )
        return await self.room.deliver(command)

    async def signed_set(self, *slice_ids: str) -> str:
        """A set, priced and signed by department and finance."""
        set_id = await self.open_set(list(slice_ids) or "all_arrived")
        await self.price(set_id)
        await self.sign_set(set_id, "department_review")
        await self.sign_set(set_id, "finance_review")
        return set_id

    async def freeze(
        self, set_id: str, hits: dict[str, str] | None = None, *, after_cards: str = ""
    ) -> list[Sent]:
        """The check before the file over all slices of a set, then the freeze; all that was emitted."""
        members, check = await self.members(set_id), new_id()
        command = FreezeSet(set_id=set_id, slices=members, after_check=check, after_cards=after_cards)
        sent = await self.room.deliver(command)
        for one in members:
            lines = await self.lines(one.slice_id)
            sent += await self.findings(
                one.slice_id,
                lines,
                one.revision,
                hits,
                check_id=check,
                stage="before_file",
                slices=len(members),
            )
        return sent

    async def pay(self, set_id: str, failed: Sequence[str] = ()) -> str:
        """The bank's results for all slices of a set; returns the order id."""
        order, members = new_id(), await self.members(set_id)
        for one in members:
            payments = [
                LinePayment(
                    line_id=line.line_id,
                    state="failed" if line.line_id in failed else "paid",
                    code="F03" if line.line_id in failed else None,
                    reason="账户销户" if line.line_id in failed else None,
                )
                for line in await self.lines(one.slice_id)
                if line.state == "normal"
            ]
            part = PaymentsStated(
                stream_id=f"payments:{order}:{one.slice_id}",
                revision=1,
                index=0,
                count=1,
                digest=rows_digest(payments),
                slice_id=one.slice_id,
                order_id=order,
                slices=len(members),
                payments=payments,
            )
            await self.room.deliver(part)
        return order

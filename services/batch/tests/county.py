"""Plays the other rooms and the officials of a county, so that a test reads like the field."""

from collections.abc import Collection, Sequence

from contracts.base import rows_digest
from contracts.batch import (
    FreezeSet,
    HandToCounty,
    Line,
    LinesStated,
    RecheckLines,
    SetAsideOpenLines,
    SignSet,
    SignSlice,
    SliceRevision,
)
from contracts.card_matching import CardsStated, LineCard
from contracts.payment import AmountsStated, LineAmount, LinePayment, PaymentsStated
from contracts.verification import FindingsStated, Hit, LineFinding
from kit.auth import Actor
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
    Office,
    revisions,
)

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

DEAD = Hit(rule="R04", effect="hold", source="民政殡葬", text="死亡", at="2023-05-01T00:00:00Z")


def _states(one: Sent, revision: int) -> bool:
    return isinstance(one.message, LinesStated) and one.message.revision == revision


class County(Office):
    """One county: its offices, and the rooms that answer batch."""

    async def cards(
        self, slice_id: str, lines: Sequence[Line], revision: int, status: dict[str, str] | None = None
    ) -> list[Line]:
        """A match's results (normal unless told); the revision that batch states from them."""
        results = [
            LineCard(
                line_id=one.line_id,
                rev=one.rev,
                status=(status or {}).get(one.line_id, "normal"),
                reason="卡未激活" if one.line_id in (status or {}) else None,
            )
            for one in lines
        ]
        match, command = new_id(), new_id()
        part = CardsStated(
            stream_id=f"cards:{match}",
            revision=1,
            index=0,
            count=1,
            digest=rows_digest(results),
            slice_id=slice_id,
            checked_revision=revision,
            match_id=match,
            cards=results,
        )
        sent = await self.room.deliver(part, cause=command)
        causes = {one.cause for one in sent if _states(one, revision + 1)}
        assert causes == {command}
        return revisions(sent)[(slice_id, revision + 1)]

    async def findings(
        self,
        slice_id: str,
        lines: Sequence[Line],
        revision: int,
        verdicts: dict[str, str] | None = None,
        *,
        check_id: str | None = None,
        stage: str = "alert_verification",
        slices: int = 1,
    ) -> list[Sent]:
        """A check's findings (pass unless told); what batch emitted."""
        check = check_id or new_id()
        results = [
            LineFinding(
                line_id=one.line_id,
                rev=one.rev,
                verdict=(verdicts or {}).get(one.line_id, "pass"),
                hits=[DEAD] if one.line_id in (verdicts or {}) else [],
            )
            for one in lines
        ]
        part = FindingsStated(
            stream_id=f"findings:{check}:{slice_id}",
            revision=1,
            index=0,
            count=1,
            digest=rows_digest(results),
            slice_id=slice_id,
            checked_revision=revision,
            check_id=check,
            stage=stage,
            slices=slices,
            findings=results,
        )
        return await self.room.deliver(part, cause=new_id())

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

    async def verified(self, count: int = 3, *, township: str = TOWN) -> tuple[str, list[Line]]:
        """A submission matched and verified, all normal: it stands at revision 3."""
        opened, lines = await self.submit(count, township=township)
        lines = await self.cards(opened.slice_id, lines, 1)
        sent = await self.findings(opened.slice_id, lines, 2)
        return opened.slice_id, revisions(sent)[(opened.slice_id, 3)]

    async def set_aside(self, slice_id: str, revision: int) -> list[Sent]:
        """What batch emitted for the command."""
        return await self.room.deliver(SetAsideOpenLines(slice_id=slice_id, revision=revision), id=new_id())

    async def recheck(self, slice_id: str, revision: int) -> list[Sent]:
        """What batch emitted for the command."""
        return await self.room.deliver(RecheckLines(slice_id=slice_id, revision=revision), id=new_id())

    async def root(self, path: str, node: str, actor: Actor = COUNTY_REVIEWER) -> str:
        """The root that a signer sees."""
        found: str = (await self.get(actor, f"/{path}/manifest?node={node}"))["root"]
        return found

    async def sign_slice(
        self, slice_id: str, revision: int = 3, *, actor: str | None = None, root: str | None = None
    ) -> list[Sent]:
        """乡镇审核."""
        seen = root or await self.root(f"slices/{slice_id}", "township_review")
        return await self.room.deliver(
            SignSlice(
                slice_id=slice_id,
                revision=revision,
                node="township_review",
                root=seen,
                actor=actor or REVIEWER.sub,
                work_item_id="w1",
            )
        )

    async def hand_over(self, slice_id: str, revision: int = 3) -> str:
        """送区县审核; returns the command's id, which is answered later."""
        command = new_id()
        await self.room.deliver(HandToCounty(slice_id=slice_id, revision=revision), id=command)
        return command

    async def arrived(self, count: int = 3, *, township: str = TOWN) -> tuple[str, str]:
        """A slice that waits at the county, with its pending command."""
        slice_id, _ = await self.verified(count, township=township)
        await self.sign_slice(slice_id, actor=f"township_reviewer@{township}")
        return slice_id, await self.hand_over(slice_id)

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

"""Plays the rooms and officials of a township's part of the way."""

from collections.abc import Sequence

from contracts.base import rows_digest
from contracts.batch import (
    HandToCounty,
    Line,
    LinesStated,
    RecheckLines,
    SetAsideOpenLines,
    SignSlice,
)
from contracts.card_matching import CardsStated, LineCard
from contracts.verification import FindingsStated, Hit, LineFinding
from kit.auth import Actor
from kit.ids import new_id
from kit.testing import Sent
from services.batch.tests.office import (
    COUNTY_REVIEWER,
    REVIEWER,
    TOWN,
    Office,
    revisions,
)

DEAD = Hit(rule="R04", effect="hold", source="民政殡葬", text="死亡", at="2023-05-01T00:00:00Z")


def _states(one: Sent, revision: int) -> bool:
    return isinstance(one.message, LinesStated) and one.message.revision == revision


class Township(Office):
    """A township: its offices, and the rooms that answer batch."""

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

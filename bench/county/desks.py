"""All officials of the county, answering at once: whatever lies on a desk is done as soon as it is seen."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bench.county.shape import COUNTY
from demo.progress import Stage
from demo.run import Run, Stuck
from demo.township import png

POLL_S = 0.5
PATIENCE_S = 900.0
DAYS = 7
NOTICES = "/api/publicity/v1/notices"
WHO = {
    "township_confirm": "township_handler",
    "township_review": "township_reviewer",
    "county_submit": "county_handler",
    "department_review": "county_reviewer",
    "finance_review": "finance_reviewer",
    "payment_request": "finance_payer",
}
"""Node → role of who completes it."""
SIGNED = {"township_review": "slices", "department_review": "sets", "finance_review": "sets"}


@dataclass(slots=True)
class CountyRun(Run):
    """A run whose stages add up by name, over all waves."""

    spent: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def timed(self, name: str, began: float) -> None:
        """Note the time since `began` for a stage."""
        self.spent[name] += time.perf_counter() - began


class Desks:
    """The desks as far as one wave of batches concerns them."""

    def __init__(self, run: CountyRun) -> None:
        self.run = run
        self.slices: set[str] = set()
        self.sets: set[str] = set()
        self.done: dict[str, set[str]] = defaultdict(set)
        self._seen: set[str] = set()

    async def until(
        self, name: str, goal: Callable[[], Awaitable[int]], total: int, *, hang: int = 0
    ) -> None:
        """Work until the goal is reached; with `hang` the notices of that round are made and published too."""
        stage: Stage = self.run.board.stage(name)
        began = changed = time.perf_counter()
        last = -1
        while True:
            acted = await self._act()
            if hang:
                acted += await self._notices(hang)
            count = await goal()
            stage.show(count, total)
            if count >= total:
                break
            now = time.perf_counter()
            if acted or count != last:
                last, changed = count, now
            if ended := self.run.stack.check():
                raise Stuck(f"{name}: {ended[0].name} 意外退出 (ended):\n{ended[0].log_tail}")
            if now - changed > PATIENCE_S:
                raise Stuck(f"{name}: {count}/{total}; {await self.run.standstill()}")
            await asyncio.sleep(0 if acted else POLL_S)
        self.run.timed(name, began)

    async def finished(self, node: str) -> int:
        """For how many slices or sets a node's item has been completed."""
        return len(self.done[node])

    async def published(self, round_: int) -> int:
        """How many notices of a round hang."""
        return len(await self.notices("published", round_))

    async def _act(self) -> int:
        mine = self.slices | self.sets
        todo = [
            one
            for one in await self.run.items()
            if one["business_key"] in mine and one["id"] not in self._seen and one["node"] in WHO
        ]
        await self.run.all(self._complete(one) for one in todo)
        return len(todo)

    async def _complete(self, item: dict[str, Any]) -> None:
        node, key = item["node"], item["business_key"]
        who = f"{WHO[node]}@{item['region']}"
        form = {}
        if node in SIGNED:
            path = f"/api/batch/v1/{SIGNED[node]}/{key}/manifest"
            form["root"] = (await self.run.portal.get(who, path, node=node))["root"]
        await self.run.complete(who, item, "approve", **form)
        self._seen.add(item["id"])
        self.done[node].add(key)

    async def notices(self, state: str, round_: int) -> list[dict[str, Any]]:
        """The wave's notices of a round in a state."""
        who = f"county_handler@{COUNTY}"
        return [
            one
            async for one in self.run.pages(who, NOTICES, limit=500, state=state)
            if one["slice_id"] in self.slices and one["round"] == round_
        ]

    async def _notices(self, round_: int) -> int:
        fresh = [
            one for one in await self.notices("to_generate", round_) if one["notice_id"] not in self._seen
        ]
        made = await self.notices("to_publish", round_)
        self._seen |= {one["notice_id"] for one in fresh}
        await self.run.all([*(self._generate(one) for one in fresh), *(self._publish(one) for one in made)])
        return len(fresh) + len(made)

    async def _generate(self, one: dict[str, Any]) -> None:
        await self.run.portal.post(
            f"township_handler@{one['township']}", f"{NOTICES}/{one['notice_id']}:generate"
        )

    async def _publish(self, one: dict[str, Any]) -> None:
        who, path = f"township_handler@{one['township']}", f"{NOTICES}/{one['notice_id']}"
        first = self.run.today().date()
        body = {
            "medium": "offline", "place": "村务公开栏", "starts_on": first.isoformat(),
            "ends_on": (first + timedelta(days=DAYS)).isoformat(),
        }  # fmt: skip
        await self.run.portal.put(who, path, body)
        await self.run.portal.post(who, f"{path}:publish")
        await self._photo(who, path, "start")

    async def _photo(self, who: str, path: str, moment: str) -> None:
        picture = png(f"{path}{moment}".encode())
        body = {"moment": moment, "taken_on": self.run.today().date().isoformat()}
        files = {"file": (f"{moment}.png", picture, "image/png")}
        await self.run.portal.post(who, f"{path}/photos", files=files, data=body)

    async def take_down(self, name: str, round_: int) -> None:
        """The days pass; every notice is photographed once more and confirmed by a person (M58)."""
        began = time.perf_counter()
        self.run.move_clock(DAYS + 1)
        up = [*await self.notices("published", round_), *await self.notices("ended", round_)]

        async def one(notice: dict[str, Any]) -> None:
            who, path = f"township_handler@{notice['township']}", f"{NOTICES}/{notice['notice_id']}"
            await self._photo(who, path, "end")
            await self.run.portal.post(who, f"{path}:confirm")

        await self.run.all(one(notice) for notice in {one["notice_id"]: one for one in up}.values())
        self.run.timed(name, began)

"""What all stages of one run share: the portal, the people, the clock, and waiting with moving counts."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from demo import regions
from demo.client import Portal
from demo.options import Options
from demo.people import Population
from demo.progress import Board, Stage
from kit.clock import CHINA, parse_offset, wall_now
from stack.rooms import ROOMS, Stack

T = TypeVar("T")
OPERATOR = f"operator@{regions.CITY}"
POLL_S = 0.4
STUCK_AFTER_S = 240.0
TOGETHER = 12
"""Requests of a stage that are under way at once."""

Count = tuple[int, int, str]


class Stuck(RuntimeError):
    """A stage made no progress; the text says where things stand."""


@dataclass(slots=True)
class Run:
    """One run of the demonstration."""

    options: Options
    stack: Stack
    portal: Portal
    people: Population
    board: Board
    interrupt: Callable[[str], Awaitable[None]]
    """Told the name of each stage that begins (planned faults strike there)."""
    batches: dict[str, str] = field(default_factory=dict)
    sets: list[str] = field(default_factory=list)
    stages: list[tuple[str, float]] = field(default_factory=list)
    """Each stage with the moment it began."""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def counties(self) -> list[str]:
        """The city's counties by code."""
        return [one.code for one in regions.at("county")]

    @property
    def silent(self) -> str:
        """The township that does not answer after 补贴清单: the last one; none among a user's own people.

        In the second month it catches up.
        """
        awake = self.options.roster or "awake" in self.facts
        return "" if awake else regions.at("township")[-1].code

    async def wait(
        self, name: str, probe: Callable[[], Awaitable[Count]], *, stage: Stage | None = None
    ) -> None:
        """Poll until done = total, showing the count. Raises Stuck after 240 s without any change."""
        stage = stage or await self.begin(name)
        last: Count | None = None
        changed = time.monotonic()
        while True:
            count = await probe()
            stage.show(*count)
            if count[0] >= count[1]:
                return
            if count != last:
                last, changed = count, time.monotonic()
            if time.monotonic() - changed > STUCK_AFTER_S:
                raise Stuck(f"{name}: {count[0]}/{count[1]} {count[2]}; {await self.standstill()}")
            await asyncio.sleep(POLL_S)

    async def begin(self, name: str) -> Stage:
        """Begin a stage by hand, letting planned faults strike."""
        await self.interrupt(name)
        self.stages.append((name, time.monotonic()))
        return self.board.stage(name)

    async def together(self, work: Callable[[T], Awaitable[None]], items: Iterable[T], stage: Stage) -> None:
        """Do the same for many, a dozen at a time, counting."""
        todo = list(items)
        gate, done = asyncio.Semaphore(TOGETHER), 0
        stage.show(0, len(todo))

        async def one(item: T) -> None:
            nonlocal done
            async with gate:
                await work(item)
            done += 1
            stage.show(done, len(todo))

        async with asyncio.TaskGroup() as group:
            for item in todo:
                group.create_task(one(item))

    async def all(self, works: Iterable[Coroutine[Any, Any, None]]) -> None:
        """Do different things at once, a dozen at a time."""
        gate = asyncio.Semaphore(TOGETHER)

        async def one(work: Coroutine[Any, Any, None]) -> None:
            async with gate:
                await work

        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(one(work))

    async def items(self, *, state: str = "todo", **query: Any) -> list[dict[str, Any]]:
        """Work items of the whole city, as the operator sees them."""
        found = await self.portal.get(
            OPERATOR, "/api/orchestrator/v1/work-items", state=state, limit=5000, **query
        )
        return [one for one in found["work_items"] if one["kind"] == "act"]

    async def slices(self, county: str | None = None, **query: Any) -> list[dict[str, Any]]:
        """Slices with their counters, county by county."""
        found: list[dict[str, Any]] = []
        for code in [county] if county else self.counties:
            found += await self.portal.get(f"county_handler@{code}", "/api/batch/v1/slices", **query)
        return found

    async def complete(self, who: str, item: Mapping[str, Any], decision: str, **form: Any) -> None:
        """Complete a work item; what has been completed by an earlier, unanswered try counts as done."""
        path = f"/api/orchestrator/v1/work-items/{item['id']}:complete"
        await self.portal.post(who, path, {"decision": decision, "form": form}, again=("wrong-state",))
        self.portal.receipt("work_item", str(item["id"]))

    async def pages(self, who: str, path: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """All items of a paged list."""
        after: Any = None
        while True:
            page = await self.portal.get(who, path, after=after, **query)
            for item in page["items"]:
                yield item
            after = page["next"]
            if after is None:
                return

    def today(self) -> datetime:
        """Business time, in China."""
        text = self.stack.business_clock_file.read_text(encoding="utf-8")
        return (wall_now() + parse_offset(text)).astimezone(CHINA)

    def move_clock(self, days: int) -> None:
        """Move the business clock of all rooms forward (development only), to nine in the morning."""
        moment = (self.today() + timedelta(days=days)).replace(hour=9, minute=0, second=0, microsecond=0)
        set_clock(self.stack.business_clock_file, moment)
        self.board.say(f"业务日期拨到 {moment:%Y-%m-%d} (business clock moved on {days} days)")

    async def standstill(self) -> str:
        """Where things stand, for the message of a stage that got stuck."""
        found = await self.portal.get(OPERATOR, "/api/orchestrator/v1/instances", limit=1000)
        by_status: dict[str, int] = {}
        for one in found["instances"]:
            by_status[one["status"]] = by_status.get(one["status"], 0) + 1
        nodes: dict[str, int] = {}
        for one in await self.items():
            nodes[one["node"]] = nodes.get(one["node"], 0) + 1
        parked = {}
        for room in ROOMS[:-1]:  # all but the portal itself
            found = await self.portal.get(OPERATOR, f"/api/{room}/v1/parked")
            if found["parked"]:
                parked[room] = found["parked"][0]["reason"]
        where = f"instances {by_status}, open work items {nodes}, parked {parked or 'nothing'}"
        return f"{where}, logs in {self.stack.log_dir}"


def set_clock(file: Path, moment: datetime) -> None:
    """Write the business time that all rooms share; they read it anew at once."""
    fresh = file.with_suffix(".new")
    fresh.write_text(f"{moment.astimezone(UTC).isoformat()}@{wall_now().isoformat()}", encoding="utf-8")
    fresh.replace(file)

"""The naive way: stock SpiffWorkflow, its JSON loaded, stepped and saved in a transaction of its own per
event."""

import time
from collections import defaultdict, deque
from typing import Any

from bench import approval
from engine.tests.stock import Stored, complete, deliver, waits

SCHEMA = """
drop schema if exists naive cascade; create schema naive;
create table naive.instance (id text primary key, state text not null);
create table naive.work_item (inst text, task text, node text, claimed_by text, primary key (inst, task));
create table naive.outbox (id bigserial primary key, inst text, task text, operator text);
"""
SAVE = "insert into naive.instance values ($1, $2) on conflict (id) do update set state = excluded.state"
CLAIM = "update naive.work_item set claimed_by = 'o1' where inst = $1 and task = $2 and claimed_by is null"
Event = tuple[str, int, str]


class Naive:
    """Writes less than our side does: no history, no timers, no message waits."""

    def __init__(self, connection: Any) -> None:
        self.db = connection
        self.stored = Stored(approval.BPMN)
        self.latency: dict[str, list[float]] = defaultdict(list)

    async def run(self, cases: int) -> float:
        """Seconds for `cases` whole approvals, many of them under way at once."""
        await self.db.execute(SCHEMA)
        queue: deque[Event] = deque(("start", number, "") for number in range(cases))
        begun = time.perf_counter()
        while queue:
            event = queue.popleft()
            before = time.perf_counter()
            async with self.db.transaction():
                following = await self._event(*event)
            self.latency[event[0]].append(time.perf_counter() - before)
            queue.extend(following)
        return time.perf_counter() - begun

    async def _event(self, kind: str, number: int, task: str) -> list[Event]:
        key = f"c{number}"
        if kind == "claim":
            await self.db.execute(CLAIM, key, task)
            return [("complete", number, task)]
        if kind == "start":
            before: list[tuple[str, str, str]] = []
            workflow = self.stored.start(approval.data(number))
        else:
            workflow = self.stored.load(
                await self.db.fetchval("select state from naive.instance where id = $1", key)
            )
            before = waits(workflow)
            if kind == "message":
                deliver(workflow, "paid", approval.MESSAGE)
            else:
                complete(workflow, task, approval.answer(number) if kind == "answer" else approval.FORM)
        await self.db.execute(SAVE, key, self.stored.dump(workflow))
        return await self._difference(key, number, before, waits(workflow))

    async def _difference(
        self, key: str, number: int, before: list[tuple[str, str, str]], after: list[tuple[str, str, str]]
    ) -> list[Event]:
        following: list[Event] = []
        for kind, task, node in after:
            if (kind, task, node) in before:
                continue
            if kind == "work_item":
                await self.db.execute("insert into naive.work_item values ($1, $2, $3)", key, task, node)
                following.append(("claim", number, task))
            elif kind == "command":
                await self.db.execute(
                    "insert into naive.outbox (inst, task, operator) values ($1, $2, $3)", key, task, node
                )
                following.append(("answer", number, task))
            elif node == "paid":
                following.append(("message", number, ""))
        for kind, task, node in before:
            if kind == "work_item" and (kind, task, node) not in after:
                await self.db.execute("delete from naive.work_item where inst = $1 and task = $2", key, task)
        return following

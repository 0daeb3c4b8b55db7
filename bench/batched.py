"""Our way: events of many cases stepped together and written in one transaction, states as bytes, waits as
rows."""

import random
import time
from collections import OrderedDict, defaultdict
from typing import Any

from bench import approval
from engine.case import Case
from engine.effects import (
    CancelMessage,
    CancelTimer,
    CloseWorkItem,
    Ended,
    Entered,
    Left,
    OpenWorkItem,
    SendCommand,
    SetTimer,
    WaitMessage,
)  # fmt: skip
from engine.program import compile_program
from engine.reader import read_bpmn

SCHEMA = """
drop schema if exists ours cascade; create schema ours;
create table ours.instance (id text primary key, rev int not null, done bool not null, state bytea not null)
  with (fillfactor = 70);
alter table ours.instance alter column state set storage external;
create table ours.work_item (inst text, task int, node text, claimed_by text, primary key (inst, task));
create table ours.timer (inst text, task int, due interval, primary key (inst, task));
create table ours.wait_msg (inst text, task int, name text, key text, primary key (inst, task));
create index on ours.wait_msg (name, key);
create table ours.outbox (inst text, task int, operator text, primary key (inst, task));
create table ours.history (id bigserial primary key, inst text, task int, node text, what text);
create table ours.consumer_offset (topic text primary key, seen bigint);
insert into ours.consumer_offset values ('bench', 0);
"""
UPSERT = """
insert into ours.instance (id, rev, done, state) select * from unnest($1::text[], $2::int[], $3::bool[],
$4::bytea[])
on conflict (id) do update set rev = excluded.rev, done = excluded.done, state = excluded.state
where ours.instance.rev = excluded.rev - 1 returning 1
"""
INSERTS = {
    "work_item": "insert into ours.work_item (inst, task, node) select * from unnest($1::text[], "
    "$2::int[], $3::text[])",
    "timer": "insert into ours.timer (inst, task, due) select * from unnest($1::text[], $2::int[], "
    "$3::interval[])",
    "wait_msg": "insert into ours.wait_msg (inst, task, name, key)"
    " select * from unnest($1::text[], $2::int[], $3::text[], $4::text[])",
    "outbox": "insert into ours.outbox (inst, task, operator) select * from unnest($1::text[], $2::int[], "
    "$3::text[])",
    "history": "insert into ours.history (inst, task, node, what)"
    " select * from unnest($1::text[], $2::int[], $3::text[], $4::text[])",
}
DELETES = {CloseWorkItem: "work_item", CancelTimer: "timer", CancelMessage: "wait_msg"}
CLAIM = """
update ours.work_item w set claimed_by = 'o1' from unnest($1::text[], $2::int[]) as c(inst, task)
where w.inst = c.inst and w.task = c.task and w.claimed_by is null returning 1
"""
Event = tuple[str, int, int]


class Batched:
    """`batch`: events in one transaction; `cache`: live cases kept in memory; `flight`: cases under way at
    once."""

    def __init__(self, connection: Any, batch: int, cache: int, flight: int = 1000) -> None:
        self.db = connection
        self.batch, self.cache_size, self.flight = batch, cache, flight
        self.program = compile_program(read_bpmn(approval.BPMN, "approval.bpmn"))
        self.cache: OrderedDict[str, tuple[Case, int]] = OrderedDict()
        self.latency: dict[str, list[float]] = defaultdict(list)
        self.hits = self.loads = self.ended = self.state_bytes = self.states = 0

    async def run(self, cases: int) -> float:
        """Seconds for `cases` whole approvals, events of all cases mixed at random."""
        await self.db.execute(SCHEMA)
        rng = random.Random(7)
        queue: list[Event] = []
        next_case = 0
        begun = time.perf_counter()
        while self.ended < cases:
            while next_case < cases and next_case - self.ended < self.flight:
                queue.append(("start", next_case, 0))
                next_case += 1
            rng.shuffle(queue)
            taken, queue = queue[: self.batch], queue[self.batch :]
            before = time.perf_counter()
            queue += await self._transaction(taken)
            spent = time.perf_counter() - before
            for kind, _, _ in taken:
                self.latency[kind].append(spent)
        return time.perf_counter() - begun

    async def _transaction(self, taken: list[Event]) -> list[Event]:
        async with self.db.transaction():
            rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
            gone: dict[str, list[tuple[str, int]]] = defaultdict(list)
            following: list[Event] = []
            claims = [event for event in taken if event[0] == "claim"]
            await self._load([f"c{number}" for kind, number, _ in taken if kind not in ("start", "claim")])
            touched: dict[str, tuple[Case, int]] = {}
            for event in taken:
                if event[0] != "claim":
                    case = self._apply(event, touched)
                    following += self._effects(case, event[1], rows, gone)
            if claims:
                keys = [f"c{number}" for _, number, _ in claims], [task for _, _, task in claims]
                assert len(await self.db.fetch(CLAIM, *keys)) == len(claims)
                following += [("complete", number, task) for _, number, task in claims]
            await self._write(touched, rows, gone)
            await self.db.execute(
                "update ours.consumer_offset set seen = seen + $1 where topic = 'bench'", len(taken)
            )
        self._keep(touched)
        return following

    async def _load(self, keys: list[str]) -> None:
        missing = [key for key in keys if key not in self.cache]
        self.hits += len(keys) - len(missing)
        if missing:
            self.loads += len(missing)
            for row in await self.db.fetch(
                "select id, rev, state from ours.instance where id = any($1)", missing
            ):
                self.cache[row["id"]] = (self.program.load(row["id"], row["state"]), row["rev"])

    def _apply(self, event: Event, touched: dict[str, tuple[Case, int]]) -> Case:
        kind, number, task = event
        key = f"c{number}"
        if kind == "start":
            touched[key] = (self.program.start(key, approval.data(number)), 0)
            return touched[key][0]
        case, rev = touched.get(key) or self.cache[key]
        touched[key] = (case, rev)
        if kind == "answer":
            done = case.complete_command(task, "done", approval.answer(number))
        elif kind == "complete":
            done = case.complete_user_task(task, approval.FORM)
        else:
            done = case.deliver_message(task, approval.MESSAGE)
        assert done, event
        return case

    def _effects(
        self,
        case: Case,
        number: int,
        rows: dict[str, list[tuple[Any, ...]]],
        gone: dict[str, list[tuple[str, int]]],
    ) -> list[Event]:
        following: list[Event] = []
        for effect in case.drain():
            if isinstance(effect, (Entered, Left)):
                rows["history"].append((case.id, effect.task_id, effect.element_id, type(effect).__name__))
            elif isinstance(effect, SendCommand):
                rows["outbox"].append((case.id, effect.task_id, effect.operator))
                following.append(("answer", number, effect.task_id))
            elif isinstance(effect, OpenWorkItem):
                rows["work_item"].append((case.id, effect.task_id, effect.element_id))
                following.append(("claim", number, effect.task_id))
            elif isinstance(effect, SetTimer):
                rows["timer"].append((case.id, effect.task_id, effect.due))
            elif isinstance(effect, WaitMessage):
                rows["wait_msg"].append((case.id, effect.task_id, effect.message_name, effect.correlation))
                following.append(("message", number, effect.task_id))
            elif isinstance(effect, (CloseWorkItem, CancelTimer, CancelMessage)):
                gone[DELETES[type(effect)]].append((case.id, effect.task_id))
            elif isinstance(effect, Ended):
                self.ended += 1
        return following

    async def _write(
        self,
        touched: dict[str, tuple[Case, int]],
        rows: dict[str, list[tuple[Any, ...]]],
        gone: dict[str, list[tuple[str, int]]],
    ) -> None:
        if touched:
            states = [case.dump() for case, _ in touched.values()]
            self.states += len(states)
            self.state_bytes += sum(map(len, states))
            revs = [rev + 1 for _, rev in touched.values()]
            done = [case.done for case, _ in touched.values()]
            written = await self.db.fetch(UPSERT, list(touched), revs, done, states)
            assert len(written) == len(touched), "another owner wrote these cases"
        for table, lines in rows.items():
            await self.db.execute(INSERTS[table], *map(list, zip(*lines, strict=True)))
        for table, keys in gone.items():
            await self.db.execute(
                f"delete from ours.{table} t using unnest($1::text[], $2::int[]) as d(inst, task)"
                " where t.inst = d.inst and t.task = d.task",
                *map(list, zip(*keys, strict=True)),
            )

    def _keep(self, touched: dict[str, tuple[Case, int]]) -> None:
        for key, (case, rev) in touched.items():
            if case.done:
                self.cache.pop(key, None)
            else:
                self.cache[key] = (case, rev + 1)
                self.cache.move_to_end(key)
        while len(self.cache) > self.cache_size:
            self.cache.popitem(last=False)

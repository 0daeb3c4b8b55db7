"""Queries of the orchestrator: whatever one group of messages touches is read and written at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kit.db import Tx

WorkItem = dict[str, Any]


@dataclass
class Instance:
    """A row of `instance`."""

    id: str
    business_key: str
    project: str
    version: str
    process: str
    status: str
    county: str | None
    township: str | None
    rev: int
    state: bytes


@dataclass
class Changes:
    """What a group of steps changes, to be written together."""

    created: list[tuple[Any, ...]] = field(default_factory=list)
    updated: list[tuple[Any, ...]] = field(default_factory=list)
    commands: list[tuple[Any, ...]] = field(default_factory=list)
    commands_gone: list[tuple[str, int]] = field(default_factory=list)
    messages: list[tuple[Any, ...]] = field(default_factory=list)
    messages_gone: list[tuple[str, int]] = field(default_factory=list)
    timers: list[tuple[Any, ...]] = field(default_factory=list)
    timers_gone: list[tuple[str, int]] = field(default_factory=list)
    work_items: list[tuple[Any, ...]] = field(default_factory=list)
    work_items_closed: list[tuple[Any, ...]] = field(default_factory=list)
    work_items_reopened: list[tuple[str]] = field(default_factory=list)
    history: list[tuple[Any, ...]] = field(default_factory=list)


async def newest_starters(
    tx: Tx, projects: Sequence[str], types: Sequence[str]
) -> dict[tuple[str, str], Any]:
    """(project, message type) → version and process of the project's newest version."""
    rows = await tx.fetch(
        "SELECT v.project, s.message_type, s.process, v.version FROM starter s JOIN project_version v "
        "USING (version) WHERE v.project = ANY($1) AND s.message_type = ANY($2) AND v.number = "
        "(SELECT max(number) FROM project_version n WHERE n.project = v.project)",
        list(projects),
        list(types),
    )
    return {(row["project"], row["message_type"]): row for row in rows}


async def newest_version(tx: Tx, project: str) -> str | None:
    found: str | None = await tx.fetchval(
        "SELECT version FROM project_version WHERE project = $1 ORDER BY number DESC LIMIT 1", project
    )
    return found


async def files(tx: Tx, version: str) -> dict[str, str]:
    found: dict[str, str] = await tx.fetchval("SELECT files FROM project_version WHERE version = $1", version)
    return found


async def existing(tx: Tx, ids: Sequence[str]) -> set[str]:
    rows = await tx.fetch("SELECT id FROM instance WHERE id = ANY($1)", list(ids))
    return {row["id"] for row in rows}


async def waits_of_commands(tx: Tx, command_ids: Sequence[str]) -> dict[str, tuple[str, int]]:
    """Command id → (instance, task) for commands whose outcome is still awaited."""
    rows = await tx.fetch(
        "SELECT command_id, instance_id, task_id FROM command_wait WHERE command_id = ANY($1)",
        list(command_ids),
    )
    return {row["command_id"]: (row["instance_id"], row["task_id"]) for row in rows}


async def waits_of_messages(tx: Tx, types: Sequence[str], keys: Sequence[str]) -> list[Any]:
    """Message waits that any of these (type, key) pairs may answer."""
    return await tx.fetch(
        "SELECT * FROM message_wait WHERE (message_type, correlation) IN "
        "(SELECT * FROM unnest($1::text[], $2::text[]))",
        list(types),
        list(keys),
    )


async def lock_instances(tx: Tx, ids: Sequence[str]) -> dict[str, Instance]:
    """Load and lock instances, in one order for everybody."""
    rows = await tx.fetch(
        "SELECT id, business_key, project, version, process, status, county, township, rev, state "
        "FROM instance WHERE id = ANY($1) ORDER BY id FOR UPDATE",
        sorted(set(ids)),
    )
    return {row["id"]: Instance(**dict(row)) for row in rows}


async def work_items_of(tx: Tx, instance_ids: Sequence[str]) -> list[Any]:
    """All work items of these instances (who completed what, and what is open)."""
    return await tx.fetch(
        "SELECT * FROM work_item WHERE instance_id = ANY($1) ORDER BY opened_at, task_id", list(instance_ids)
    )


async def save(tx: Tx, changes: Changes) -> None:
    """Write everything a group of steps changed."""
    await tx.executemany(
        "INSERT INTO instance (id, business_key, project, version, process, status, county, township, rev, "
        "state, started_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10, $11)",
        changes.created,
    )
    if changes.updated:
        moved = await tx.execute(
            "UPDATE instance SET status = new.status, rev = new.rev, state = new.state, "
            "ended_at = new.ended_at FROM unnest($1::text[], $2::text[], $3::int[], $4::bytea[], $5::timestamptz[]) "
            "AS new(id, status, rev, state, ended_at) "
            "WHERE instance.id = new.id AND instance.rev = new.rev - 1",
            *(list(column) for column in zip(*changes.updated, strict=True)),
        )
        if moved != len(changes.updated):
            raise RuntimeError("another owner stepped an instance meanwhile")
    for table, gone in (
        ("command_wait", changes.commands_gone),
        ("message_wait", changes.messages_gone),
        ("timer", changes.timers_gone),
    ):
        if gone:
            await tx.execute(
                f"DELETE FROM {table} WHERE (instance_id, task_id) IN "
                "(SELECT * FROM unnest($1::text[], $2::int[]))",
                [one for one, _ in gone],
                [task for _, task in gone],
            )
    await tx.executemany("INSERT INTO command_wait VALUES ($1, $2, $3, $4, $5, $6)", changes.commands)
    await tx.executemany("INSERT INTO message_wait VALUES ($1, $2, $3, $4, $5, $6, $7)", changes.messages)
    await tx.executemany(
        "INSERT INTO timer VALUES ($1, $2, $3, $4, $5) ON CONFLICT (instance_id, task_id, branch) "
        "DO UPDATE SET due = excluded.due, sent = false",
        changes.timers,
    )
    await tx.executemany(
        "INSERT INTO work_item (id, instance_id, task_id, business_key, project, process, node, name, kind, "
        "role, region, decisions, others, state, opened_at, due_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'open', $14, $15)",
        changes.work_items,
    )
    await tx.executemany(
        "UPDATE work_item SET state = 'open', claimed_by = NULL, completed_by = NULL, decision = NULL "
        "WHERE id = $1 AND state = 'completing'",
        changes.work_items_reopened,
    )
    await tx.executemany(
        "UPDATE work_item SET state = $3, completed_by = $4, decision = $5, closed_at = $6 "
        "WHERE instance_id = $1 AND task_id = $2 AND state NOT IN ('done', 'cancelled')",
        changes.work_items_closed,
    )
    await tx.executemany(
        "INSERT INTO history (instance_id, at, what, element, actor, detail) VALUES ($1, $2, $3, $4, $5, $6)",
        changes.history,
    )


async def open_work_items(tx: Tx, now: datetime) -> list[Any]:
    """How many work items wait for people, by node, overdue or not."""
    return await tx.fetch(
        "SELECT node, due_at < $1 AS overdue, count(*) AS count FROM work_item "
        "WHERE kind = 'act' AND state IN ('open', 'claimed') GROUP BY 1, 2",
        now,
    )


async def due_timers(tx: Tx, now: datetime, limit: int = 500) -> list[Any]:
    """Take the timers that are due: each is handed out once."""
    return await tx.fetch(
        "UPDATE timer SET sent = true FROM instance WHERE (timer.instance_id, task_id, branch) IN (SELECT "
        "instance_id, task_id, branch FROM timer WHERE NOT sent AND due <= $1 ORDER BY due LIMIT $2 "
        "FOR UPDATE SKIP LOCKED) AND instance.id = timer.instance_id "
        "RETURNING timer.instance_id, task_id, branch, instance.business_key",
        now,
        limit,
    )

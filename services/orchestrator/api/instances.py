"""Where an instance stands, since when, waiting for what; its history; and the retry after an incident."""

from typing import Any

from fastapi import Depends

from contracts.orchestrator import RetryIncident
from kit import errors
from kit.auth import Actor, Operation, Reach, Resource, Role, Zone, authorize, guarded_router, require
from kit.db import Tx
from kit.service import CurrentRoom

router = guarded_router(prefix="/api/orchestrator/v1/instances", tags=["instances"])
STAFF = frozenset(Role) - {Role.CITIZEN, Role.SERVICE}
LOOK = Operation("orchestrator.look_at_instance", roles=STAFF)
LIST = Operation("orchestrator.list_instances", roles=STAFF, region=Reach.NONE, project=False)
RETRY = Operation(
    "orchestrator.retry_incident",
    roles=frozenset({Role.OPERATOR}),
    zone=Zone.FINANCE,
    region=Reach.NONE,
    project=False,
    states=frozenset({"incident"}),
)
COLUMNS = "id, business_key, project, version, process, status, county, township, rev, started_at, ended_at"


async def _seen(tx: Tx, instance_id: str, actor: Actor, operation: Operation) -> dict[str, Any]:
    row = await tx.fetchrow(f"SELECT {COLUMNS} FROM instance WHERE id = $1", instance_id)
    if row is None:
        raise errors.not_found()
    region = row["township"] or row["county"]
    authorize(actor, operation, Resource(region=region, project=row["project"], state=row["status"]))
    return dict(row)


@router.get("")
async def list_instances(
    room: CurrentRoom,
    business_key: str | None = None,
    process: str | None = None,
    status: str | None = None,
    limit: int = 100,
    actor: Actor = Depends(require(LIST)),
) -> dict[str, Any]:
    """Instances of the caller's region and projects, newest first."""
    async with room.tx(actor) as tx:
        rows = await tx.fetch(
            f"SELECT {COLUMNS} FROM instance WHERE coalesce(township, county) LIKE $1 || '%' "
            "AND ('*' = ANY($2) OR project = ANY($2)) AND ($3::text IS NULL OR business_key = $3) "
            "AND ($4::text IS NULL OR process = $4) AND ($5::text IS NULL OR status = $5) "
            "ORDER BY started_at DESC, id LIMIT $6",
            actor.region,
            sorted(actor.projects),
            business_key,
            process,
            status,
            min(limit, 1000),
        )
    return {"instances": [dict(row) for row in rows]}


@router.get("/{instance_id}")
async def look(instance_id: str, room: CurrentRoom, actor: Actor = Depends(require(LOOK))) -> dict[str, Any]:
    """The instance with everything it waits for."""
    async with room.tx(actor) as tx:
        instance = await _seen(tx, instance_id, actor, LOOK)
        commands = await tx.fetch(
            "SELECT 'command' AS kind, element, operator AS waits_for, since FROM command_wait "
            "WHERE instance_id = $1 UNION ALL SELECT 'message', element, message_type, since FROM message_wait "
            "WHERE instance_id = $1 UNION ALL SELECT 'timer', element, due::text, due FROM timer "
            "WHERE instance_id = $1 AND NOT sent UNION ALL SELECT 'work_item', node, role || ' @ ' || region, "
            "opened_at FROM work_item WHERE instance_id = $1 AND state IN ('open', 'claimed', 'completing') "
            "AND kind = 'act'",
            instance_id,
        )
    return {**instance, "waits": [dict(row) for row in commands]}


@router.get("/{instance_id}/history")
async def history(
    instance_id: str, room: CurrentRoom, actor: Actor = Depends(require(LOOK))
) -> dict[str, Any]:
    """Everything that happened, in order, with who did it."""
    async with room.tx(actor) as tx:
        await _seen(tx, instance_id, actor, LOOK)
        rows = await tx.fetch(
            "SELECT at, what, element, actor, detail FROM history WHERE instance_id = $1 ORDER BY number",
            instance_id,
        )
    return {"history": [dict(row) for row in rows]}


@router.post("/{instance_id}/tasks/{task_id}:retry", status_code=202)
async def retry(
    instance_id: str, task_id: int, room: CurrentRoom, actor: Actor = Depends(require(RETRY))
) -> dict[str, str]:
    """Try the task of an incident again; taken by the owner of the key."""
    async with room.tx(actor) as tx:
        instance = await _seen(tx, instance_id, actor, RETRY)
        tx.emit(
            RetryIncident(
                business_key=instance["business_key"],
                instance_id=instance_id,
                task_id=task_id,
                actor=actor.sub,
            )
        )
        tx.audit("incident.retry", f"instance/{instance_id}", task=task_id)
    return {"accepted": instance_id}

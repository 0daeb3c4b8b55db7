"""Where an instance stands, since when, waiting for what; its history; and the retry after an incident."""

from typing import Any

from fastapi import Depends
from pydantic import BaseModel, Field

from contracts.orchestrator import RetryIncident, StartInstance
from kit import errors, mask
from kit.auth import Actor, Operation, Reach, Resource, Role, Zone, authorize, guarded_router, require
from kit.db import Tx
from kit.ids import named_id
from kit.service import CurrentRoom
from services.orchestrator import store
from services.orchestrator.handlers import programs

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
START = Operation(
    "orchestrator.start_instance",
    roles=frozenset({Role.OPERATOR}),
    zone=Zone.FINANCE,
    region=Reach.NONE,
    project=False,
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


class StartIn(BaseModel):
    """The fields that the process's start event would carry; the region is theirs."""

    project: str
    process: str
    business_key: str = Field(min_length=1, max_length=100)
    data: dict[str, Any] = {}


@router.post("", status_code=202)
async def start(body: StartIn, room: CurrentRoom, actor: Actor = Depends(require(START))) -> dict[str, str]:
    """Start a process by hand; the same project, process and key again is the same instance."""
    async with room.tx(actor) as tx:
        version = await store.newest_version(tx, body.project)
        project = programs.get(version) if version else None
        if version and project is None:
            project = programs.add(version, await store.files(tx, version))
        if project is None or body.process not in project.programs:
            raise errors.unprocessable("unknown-process", "没有这个项目或流程", "no such project or process")
        if any(isinstance(one, str) and mask.looks_like_pii(one) for one in body.data.values()):
            raise errors.unprocessable(
                "personal-data", "不得含有个人信息", "no person's data in process data"
            )
        tx.emit(
            StartInstance(
                business_key=body.business_key,
                project=body.project,
                process=body.process,
                data=body.data,
                actor=actor.sub,
            )
        )
        tx.audit("instance.start", f"{body.process}/{body.business_key}", project=body.project)
    return {"accepted": named_id("instance", body.process, body.business_key)}


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

"""Deploy a project folder, and look at what is deployed. Versions are immutable, named by their content."""

import hashlib
from typing import Any

import orjson
from fastapi import Depends
from pydantic import BaseModel, Field

from contracts.orchestrator import ProjectDeployed
from kit import errors
from kit.auth import Actor, Operation, Reach, Role, Zone, guarded_router, require
from kit.service import CurrentRoom
from services.orchestrator import engine
from services.orchestrator.handlers import programs

router = guarded_router(prefix="/api/orchestrator/v1/projects", tags=["projects"])
STAFF = frozenset(Role) - {Role.CITIZEN, Role.SERVICE}
DEPLOY = Operation(
    "orchestrator.deploy_project",
    roles=frozenset({Role.OPERATOR}),
    zone=Zone.FINANCE,
    region=Reach.NONE,
    project=False,
)
LIST = Operation("orchestrator.list_projects", roles=STAFF, region=Reach.NONE, project=False)


class Deployment(BaseModel):
    """A folder's files: relative path → text. `project.toml` at the root; shared diagrams under `library/`."""

    files: dict[str, str] = Field(max_length=100)


class Deployed(BaseModel):
    project: str
    version: str
    number: int
    processes: list[str]
    unchanged: bool


@router.post("", status_code=201)
async def deploy(body: Deployment, room: CurrentRoom, actor: Actor = Depends(require(DEPLOY))) -> Deployed:
    """Read, lint and compile the folder; everything wrong is told at once, by element (422)."""
    canonical = orjson.dumps(body.files, option=orjson.OPT_SORT_KEYS)
    version = hashlib.sha256(canonical).hexdigest()
    try:
        project = programs.add(version, body.files, strict=True)
    except engine.ProjectRefused as refused:
        raise errors.unprocessable(
            "project-refused", "项目不能部署", "the project can't be deployed", problems=refused.problems
        ) from None
    code, processes = str(project.manifest["code"]), sorted(project.programs)
    async with room.tx(actor) as tx:
        await tx.execute("SELECT pg_advisory_xact_lock(7204010, hashtext($1))", code)
        newest = await tx.fetchrow(
            "SELECT version, number FROM project_version WHERE project = $1 ORDER BY number DESC LIMIT 1",
            code,
        )
        if newest is not None and newest["version"] == version:
            return Deployed(
                project=code, version=version, number=newest["number"], processes=processes, unchanged=True
            )
        number = 1 if newest is None else newest["number"] + 1
        stored = await tx.execute(
            "INSERT INTO project_version VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (version) DO NOTHING",
            version,
            code,
            number,
            body.files,
            project.manifest,
            tx.now,
            actor.sub,
        )
        if not stored:
            # An older version again: it becomes the newest one under its old name.
            await tx.execute(
                "UPDATE project_version SET number = $2, deployed_at = $3, deployed_by = $4 WHERE version = $1",
                version,
                number,
                tx.now,
                actor.sub,
            )
        else:
            await tx.executemany(
                "INSERT INTO starter VALUES ($1, $2, $3)",
                [
                    (version, name, program.start_message)
                    for name, program in project.programs.items()
                    if program.start_message
                ],
            )
        tx.emit(
            ProjectDeployed(
                project=code,
                version=version,
                manifest=project.manifest,
                rules=project.rules,
                form_schema=project.form_schema,
            )
        )
        tx.audit("project.deploy", f"project/{code}", version=version, number=number)
    return Deployed(project=code, version=version, number=number, processes=processes, unchanged=False)


@router.get("")
async def list_projects(room: CurrentRoom, actor: Actor = Depends(require(LIST))) -> dict[str, Any]:
    """Every project's versions, newest first."""
    async with room.tx(actor) as tx:
        rows = await tx.fetch(
            "SELECT project, version, number, manifest->>'name' AS name, deployed_at, deployed_by, "
            "(SELECT count(*) FROM instance i WHERE i.version = v.version AND i.status <> 'ended') AS running "
            "FROM project_version v ORDER BY project, number DESC"
        )
    return {"projects": [dict(row) for row in rows]}


@router.get("/{version}/files")
async def files(version: str, room: CurrentRoom, actor: Actor = Depends(require(LIST))) -> dict[str, Any]:
    """The folder of a version, as it was deployed."""
    async with room.tx(actor) as tx:
        found = await tx.fetchval("SELECT files FROM project_version WHERE version = $1", version)
    if found is None:
        raise errors.not_found()
    return {"files": found}

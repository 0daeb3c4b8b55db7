"""Door of `orchestrator`: work items and instances. A completion is a message to the key's owner."""

from typing import Any

from contracts.base import Message, command, event


@command("subsidy.orchestrator.complete_work_item.v1", key="business_key", crosses=True)
class CompleteWorkItem(Message):
    """An official decided. `form` holds codes and the manifest root seen, never a person's data."""

    business_key: str
    instance_id: str
    work_item_id: str
    actor: str
    decision: str
    form: dict[str, Any] = {}


@command("subsidy.orchestrator.fire_timer.v1", key="business_key", crosses=True)
class FireTimer(Message):
    business_key: str
    instance_id: str
    task_id: int
    branch: int = 0


@command("subsidy.orchestrator.retry_incident.v1", key="business_key", crosses=True)
class RetryIncident(Message):
    """An operator mended the cause of an incident; the instance tries that task again."""

    business_key: str
    instance_id: str
    task_id: int
    actor: str


@command("subsidy.orchestrator.start_instance.v1", key="business_key", crosses=True)
class StartInstance(Message):
    """An operator starts a process by hand: one that no event starts, or one whose event was missed.

    `data` are the fields that the process's start event would carry; ids and codes, never a person's data.
    """

    business_key: str
    project: str
    process: str
    data: dict[str, Any] = {}
    actor: str


@event("subsidy.orchestrator.project_deployed.v1", key="project", crosses=True)
class ProjectDeployed(Message):
    """A project folder became an immutable version (content hash); rooms keep what concerns them.

    `manifest` is project.toml, `rules` maps file name to DMN text, `form_schema` is the application form.
    """

    project: str
    version: str
    manifest: dict[str, Any]
    rules: dict[str, str]
    form_schema: dict[str, Any]


@event("subsidy.orchestrator.instance_started.v1", key="business_key", crosses=True)
class InstanceStarted(Message):
    business_key: str
    instance_id: str
    project: str
    process: str
    version: str


@event("subsidy.orchestrator.work_item_opened.v1", key="business_key", crosses=True)
class WorkItemOpened(Message):
    business_key: str
    instance_id: str
    work_item_id: str
    project: str
    node: str
    role: str
    region: str
    due_at: str


@event("subsidy.orchestrator.work_item_closed.v1", key="business_key", crosses=True)
class WorkItemClosed(Message):
    """Done, or given up by its instance (empty decision). `actor` is the official who decided, if one did."""

    business_key: str
    instance_id: str
    work_item_id: str
    node: str
    decision: str
    actor: str | None = None


@event("subsidy.orchestrator.instance_ended.v1", key="business_key", crosses=True)
class InstanceEnded(Message):
    business_key: str
    instance_id: str
    process: str

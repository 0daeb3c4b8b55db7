"""Messages in: every room's events, and our own commands, all of one key meeting in one owner."""

from collections.abc import Sequence

from contracts import catalogue
from contracts.base import REGISTRY, Chunk, Message, outcome_name
from contracts.orchestrator import CompleteWorkItem, FireTimer, RetryIncident, StartInstance
from kit import telemetry
from kit.bus import Handlers
from kit.db import Tx
from kit.handlers import Incoming
from kit.service import Room
from services.orchestrator import domain, engine, store
from services.orchestrator.steps import Group

on = Handlers()
programs = engine.Programs()
OUTCOMES = frozenset(name for cls in catalogue.commands() for name in cls.OUTCOMES)
HEARD: tuple[type[Message], ...] = tuple(
    cls
    for cls in REGISTRY.values()
    if not issubclass(cls, Chunk) and (cls.ROOM != "orchestrator" or cls.KIND == "commands")
    if cls.KIND == "events" or cls.ROOM == "orchestrator"
)


@on.together(*HEARD)
async def step(messages: Sequence[Incoming], tx: Tx) -> None:
    """Start, advance and complete the instances that these messages concern."""
    events = [(message, envelope) for message, envelope in messages if message.KIND == "events"]
    causes = [envelope.causation_id for _, envelope in events if envelope.causation_id]
    answers = await store.waits_of_commands(tx, causes)
    heard = await store.waits_of_messages(
        tx, [message.TYPE for message, _ in events], [message.key for message, _ in events]
    )
    group = Group(tx, programs)
    own = [str(getattr(message, "instance_id", "")) for message, _ in messages]
    await group.load([*own, *(one for one, _ in answers.values()), *(row["instance_id"] for row in heard)])
    starters = await store.newest_starters(
        tx,
        [str(getattr(message, "project", "")) for message, _ in events],
        [message.TYPE for message, _ in events],
    )
    for message, envelope in messages:
        group.traceparent = envelope.traceparent
        match message:
            case CompleteWorkItem():
                _complete(group, message)
            case FireTimer():
                case = group.case(message.instance_id)
                if case is not None:
                    case.fire_timer(message.task_id, message.branch)
            case StartInstance():
                version = await store.newest_version(tx, message.project)
                if version is not None:
                    data = message.data | {"project": message.project}
                    await group.start(message.process, version, message.business_key, data)
            case RetryIncident():
                case = group.case(message.instance_id)
                if case is not None and case.retry(message.task_id):
                    group.note(message.instance_id, "retried", "", message.actor)
            case _:
                answer = answers.get(envelope.causation_id or "")
                if answer is not None and message.TYPE in OUTCOMES:
                    _answer(group, message, *answer, envelope.id)
                for row in heard:
                    if row["message_type"] == message.TYPE and row["correlation"] == message.key:
                        case = group.case(row["instance_id"])
                        if case is not None:
                            case.deliver_message(
                                row["task_id"], message.model_dump(mode="json"), row["branch"]
                            )
                starter = starters.get((str(getattr(message, "project", "")), message.TYPE))
                if starter is not None:
                    data = message.model_dump(mode="json")
                    await group.start(starter["process"], starter["version"], message.key, data)
    await group.save()


def _answer(group: Group, message: Message, instance_id: str, task_id: int, cause: str) -> None:
    case = group.case(instance_id)
    name = outcome_name(message.TYPE)
    if case is not None and case.complete_command(task_id, name, message.model_dump(mode="json")):
        group.answered(instance_id, task_id, name)


def _complete(group: Group, message: CompleteWorkItem) -> None:
    """The completion was accepted at the door; four eyes are looked at once more, now under the lock."""
    case = group.case(message.instance_id)
    if case is None:
        return
    item = group.items.get(message.work_item_id)
    if item is None or item["state"] not in ("completing", "open", "claimed"):
        return
    completed = group.completed.setdefault(message.instance_id, {})
    if domain.same_person(item["others"], completed, message.actor):
        group.reopen(message.work_item_id)
        group.note(message.instance_id, "refused", item["node"], message.actor, reason="same person")
        return
    form = {
        **dict.fromkeys(group.form_of(message.instance_id, item["node"])),
        **message.form,
        "decision": message.decision,
        "actor": message.actor,
        "work_item_id": message.work_item_id,
    }
    group.close_item(message.instance_id, item["task_id"], message.actor, message.decision)
    if case.complete_user_task(item["task_id"], form):
        completed[item["node"]] = message.actor
        group.note(message.instance_id, "completed", item["node"], message.actor, decision=message.decision)


@on.worker(every=3.0)
async def measure_work_items(room: Room) -> bool:
    """Keep the metric of open work items."""
    async with room.tx() as tx:
        found = await store.open_work_items(tx, tx.now)
    telemetry.WORK_ITEMS.clear()
    for row in found:
        telemetry.WORK_ITEMS.labels(row["node"], str(row["overdue"]).lower()).set(row["count"])
    return False


@on.worker(every=1.0)
async def fire_timers(room: Room) -> bool:
    """Hand due timers to the owner of their key."""
    async with room.tx() as tx:
        due = await store.due_timers(tx, tx.now)
        for row in due:
            tx.emit(
                FireTimer(
                    business_key=row["business_key"],
                    instance_id=row["instance_id"],
                    task_id=row["task_id"],
                    branch=row["branch"],
                )
            )
    return len(due) == 500

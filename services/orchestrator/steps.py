"""Steps of instances: outcomes, completions and timers in; commands, work items and timers out.

A group of messages is one load, some steps in memory, one save (engine.md §4). A case that fails is set to
incident with its last good state; the others of the group go on.
"""

import calendar
import re
from datetime import UTC, datetime, time, timedelta
from typing import Any

from contracts.orchestrator import InstanceEnded, InstanceStarted, WorkItemClosed, WorkItemOpened
from engine import runtime as fx
from engine.runtime import Case
from kit import telemetry, workdays
from kit.clock import CHINA
from kit.db import Tx
from kit.errors import NonRetryableError
from kit.ids import named_id
from services.orchestrator import domain, engine, store

MONTHS = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?")
CLOSING_HOUR = time(18, 0)
"""Work that is due on a day is due when the offices close."""


class Group:
    """The cases that one group of messages touches."""

    def __init__(self, tx: Tx, programs: engine.Programs) -> None:
        self.tx, self._programs = tx, programs
        self.changes = store.Changes()
        self._rows: dict[str, store.Instance] = {}
        self._cases: dict[str, Case] = {}
        self._new: set[str] = set()
        self._closed: dict[tuple[str, int], tuple[str, str]] = {}
        self._nodes: dict[tuple[str, int], str] = {}
        """Element of every work item that is open or was opened here, by instance and task."""
        self.completed: dict[str, dict[str, str]] = {}
        """Instance → node → who completed it last."""
        self.items: dict[str, Any] = {}
        """Work items of the loaded instances, by id."""
        self.traceparent: str | None = None
        """Of the message at hand; what an instance does is under the last message that moved it."""
        self._traces: dict[str, str | None] = {}

    async def load(self, ids: list[str]) -> None:
        self._rows = await store.lock_instances(self.tx, ids)
        for row in self._rows.values():
            await self._project(row.version)
        for item in await store.work_items_of(self.tx, list(self._rows)):
            self.items[item["id"]] = item
            self._nodes[item["instance_id"], item["task_id"]] = item["node"]
            if item["state"] == "done":
                self.completed.setdefault(item["instance_id"], {})[item["node"]] = item["completed_by"]

    async def _project(self, version: str) -> engine.Project:
        found = self._programs.get(version)
        if found is None:
            found = self._programs.add(version, await store.files(self.tx, version))
        return found

    def case(self, instance_id: str) -> Case | None:
        """The live case, loaded once per group; None when there is no such running instance."""
        row = self._rows.get(instance_id)
        if row is None or row.status == "ended":
            return None
        self._traces[instance_id] = self.traceparent
        if instance_id not in self._cases:
            project = self._programs.get(row.version)
            assert project is not None
            self._cases[instance_id] = project.programs[row.process].load(instance_id, row.state)
        return self._cases[instance_id]

    async def start(self, process: str, version: str, key: str, fields: dict[str, Any]) -> None:
        """A new instance of the process for a key, unless it exists already."""
        instance_id = named_id("instance", process, key)
        data = fields | {"project_version": version}
        if instance_id in self._rows or await store.existing(self.tx, [instance_id]):
            return
        project = await self._project(version)
        if process not in project.programs:
            raise NonRetryableError(f"version {version[:8]} has no process {process}")
        row = store.Instance(
            instance_id,
            key,
            data["project"],
            version,
            process,
            "running",
            data.get("county") or (data["township"][:6] if data.get("township") else None),
            data.get("township"),
            0,
            b"",
        )
        self._rows[instance_id] = row
        self._new.add(instance_id)
        self._cases[instance_id] = project.programs[process].start(instance_id, data)
        self._note(instance_id, "started", process)
        self._traces[instance_id] = self.traceparent
        with telemetry.span(f"start {process}", self.traceparent):
            self.tx.emit(
                InstanceStarted(
                    business_key=key,
                    instance_id=instance_id,
                    project=row.project,
                    process=process,
                    version=version,
                )
            )

    def form_of(self, instance_id: str, element: str) -> tuple[str, ...]:
        """The form fields of a node, as the instance's version of the project names them."""
        project = self._programs.get(self._rows[instance_id].version)
        node = domain.node_of(project.manifest, element) if project is not None else None
        return node.form if node is not None else ()

    def reopen(self, work_item_id: str) -> None:
        """Give a work item back to the desk."""
        self.changes.work_items_reopened.append((work_item_id,))

    def close_item(self, instance_id: str, task_id: int, actor: str, decision: str) -> None:
        """Remember who completed a work item, for when its task is left."""
        self._closed[instance_id, task_id] = (actor, decision)

    def note(self, instance_id: str, what: str, element: str, actor: str | None, **detail: Any) -> None:
        self._note(instance_id, what, element, actor, detail or None)

    def _note(
        self, instance_id: str, what: str, element: str, actor: str | None = None, detail: Any = None
    ) -> None:
        self.changes.history.append((instance_id, self.tx.now, what, element, actor, detail))

    async def save(self) -> None:
        """Turn every case's effects into rows and messages, and write all of it."""
        for instance_id, case in self._cases.items():
            row = self._rows[instance_id]
            with telemetry.span(f"step {row.process}", self._traces.get(instance_id)):
                incident = self._effects(row, case)
            standing = any(live.kind == "incident" for live in case.where())
            status = "ended" if case.done else "incident" if incident or standing else "running"
            ended = self.tx.now if status == "ended" else None
            state = case.dump()
            if instance_id in self._new:
                self.changes.created.append(
                    (
                        row.id,
                        row.business_key,
                        row.project,
                        row.version,
                        row.process,
                        status,
                        row.county,
                        row.township,
                        state,
                        self.tx.now,
                        ended,
                    )
                )
            else:
                self.changes.updated.append((row.id, status, row.rev + 1, state, ended))
        await store.save(self.tx, self.changes)

    def _effects(self, row: store.Instance, case: Case) -> bool:
        """Returns True when the case met an incident that stepping again could not mend here."""
        met = False
        for effect in case.drain():
            match effect:
                case fx.SendCommand():
                    met |= self._send(row, case, effect)
                case fx.OpenWorkItem(task_id, element, name):
                    self._open(row, case, task_id, element, name, "act")
                case fx.CloseWorkItem(task_id, cancelled):
                    self._close(row, task_id, cancelled)
                case fx.CancelCommand(task_id):
                    self.changes.commands_gone.append((row.id, task_id))
                    self._close(row, task_id, True)
                case fx.SetTimer(task_id, element, due, _, _, branch):
                    when = self._due(due)
                    self.changes.timers.append((row.id, task_id, branch, element, when))
                case fx.CancelTimer(task_id):
                    self.changes.timers_gone.append((row.id, task_id))
                case fx.WaitMessage(task_id, element, name, correlation, _, branch):
                    self.changes.messages.append(
                        (row.id, task_id, branch, element, name, correlation, self.tx.now)
                    )
                case fx.CancelMessage(task_id):
                    self.changes.messages_gone.append((row.id, task_id))
                case fx.DecisionMade(element, decision, rules, result):
                    hits = [str(getattr(rule, "id", rule)) for rule in rules]
                    self._note(
                        row.id,
                        "decided",
                        element,
                        None,
                        {"decision": decision, "rules": hits, "result": result},
                    )
                case fx.Incident(_, element, text):
                    met = True
                    self._note(row.id, "incident", element, None, {"text": text})
                case fx.Entered(element):
                    self._note(row.id, "entered", element)
                case fx.Left(element, _, cancelled):
                    self._note(row.id, "cancelled" if cancelled else "left", element)
                case fx.Ended():
                    self._note(row.id, "ended", row.process)
                    self.tx.emit(
                        InstanceEnded(business_key=row.business_key, instance_id=row.id, process=row.process)
                    )
        return met

    def _send(self, row: store.Instance, case: Case, effect: fx.SendCommand) -> bool:
        try:
            command = engine.build_command(effect.operator, case.data, effect.parameters)
        except engine.BadParameters as wrong:
            self._note(row.id, "incident", effect.element_id, None, {"text": str(wrong)})
            return True
        command_id = named_id("command", row.id, effect.task_id)
        self.tx.emit(command, id=command_id)
        self.changes.commands.append(
            (command_id, row.id, effect.task_id, effect.element_id, effect.operator, self.tx.now)
        )
        # A long wait for people in another room is shown on the desk too, when the manifest names the node.
        self._open(row, case, effect.task_id, effect.element_id, "", "await")
        return False

    def _open(
        self, row: store.Instance, case: Case, task_id: int, element: str, name: str, kind: str
    ) -> None:
        project = self._programs.get(row.version)
        assert project is not None
        node = domain.node_of(project.manifest, element, name)
        if node is None:
            return
        item = named_id("work_item", row.id, task_id)
        self._nodes[row.id, task_id] = element
        region = domain.region_of(node, case.data | {"county": row.county, "township": row.township})
        due = self._due(f"working days({node.due_working_days})")
        self.changes.work_items.append(
            (
                item,
                row.id,
                task_id,
                row.business_key,
                row.project,
                row.process,
                element,
                node.name,
                kind,
                node.role,
                region,
                list(node.decisions),
                list(node.others),
                self.tx.now,
                due,
            )
        )
        self.tx.emit(
            WorkItemOpened(
                business_key=row.business_key,
                instance_id=row.id,
                work_item_id=item,
                project=row.project,
                node=element,
                role=node.role,
                region=region,
                due_at=due.isoformat(),
            )
        )

    def _close(self, row: store.Instance, task_id: int, cancelled: bool) -> None:
        actor, decision = self._closed.get((row.id, task_id), ("", ""))
        state = "cancelled" if cancelled else "done"
        self.changes.work_items_closed.append(
            (row.id, task_id, state, actor or None, decision or None, self.tx.now)
        )
        self.tx.emit(
            WorkItemClosed(
                business_key=row.business_key,
                instance_id=row.id,
                work_item_id=named_id("work_item", row.id, task_id),
                node=self._nodes.get((row.id, task_id), ""),
                decision=decision,
                actor=actor or None,
            )
        )

    def answered(self, instance_id: str, task_id: int, cause: str) -> None:
        """An awaited command has its outcome."""
        self.changes.commands_gone.append((instance_id, task_id))
        self.changes.work_items_closed.append((instance_id, task_id, "done", None, cause, self.tx.now))

    def _due(self, due: timedelta | datetime | str) -> datetime:
        if isinstance(due, datetime):
            return due
        if isinstance(due, timedelta):
            return self.tx.now + due
        if months := MONTHS.fullmatch(due):
            count = int(months[1] or 0) * 12 + int(months[2] or 0)
            year, month = divmod(self.tx.now.month - 1 + count, 12)
            last = calendar.monthrange(self.tx.now.year + year, month + 1)[1]
            return self.tx.now.replace(
                year=self.tx.now.year + year, month=month + 1, day=min(self.tx.now.day, last)
            )
        days = int(due.partition("(")[2].rstrip(")"))
        day = workdays.add_working_days(self.tx.today, days)
        return datetime.combine(day, CLOSING_HOUR, CHINA).astimezone(UTC)

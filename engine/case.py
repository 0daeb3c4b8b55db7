"""One running case: takes outcomes, forms, timers and messages; gives effects. Deterministic and without a clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.exceptions import WorkflowException

from engine import effects as fx
from engine.expressions import Expression, TimerError
from engine.prune import prune
from engine.specs import Boundary, BoundarySplit, CommandTask, Node, NoWay, Wait
from engine.tree import CANCELLED, COMPLETED, FUTURE, LIVE, READY, STARTED, WAITING, FTask, FWorkflow
from engine.values import DataError, checked, from_feel, merged

if TYPE_CHECKING:
    from engine.program import Program

STEP_BUDGET = 1_000
"""Engine steps that one outside event may cause before the case stops with an incident."""
FAULTS = (NoWay, DataError, TimerError, WorkflowException)


@dataclass(frozen=True, slots=True)
class Live:
    """Where a case stands: one thing it waits for. Kind: command | work_item | timer | message | incident."""

    task_id: int
    element_id: str
    name: str
    kind: str
    scope: str = ""
    text: str = ""  # the operator, the message's name, or what went wrong
    branch: int = 0


class Case:
    """Made by `Program.start` and `Program.load`; not thread-safe. After any exception other than DataError,
    throw the object away and load the last stored state: the tree may be half stepped."""

    def __init__(self, program: Program, case_id: str) -> None:
        self.program = program
        self.id = case_id
        self.last_id = 0
        self.tick = 0
        self.ready: deque[FTask] = deque()
        self.workflows: dict[int, FWorkflow] = {}  # by the id of the task that holds them; 0 is the top one
        self._effects: list[fx.Effect] = []
        self._data: dict[str, Any] = {}

    # What the caller sees

    @property
    def done(self) -> bool:
        return self.workflows[0].completed

    @property
    def data(self) -> dict[str, Any]:
        """The case's data: of its last live tokens, merged in the order they moved; when done, the final data."""
        if self.done:
            return dict(self.workflows[0].data)
        found: dict[str, Any] = {}
        for task in sorted(self._live(), key=lambda task: task.last_state_change):
            found.update(task.data)
        return found

    def drain(self) -> list[fx.Effect]:
        """The effects since the last drain, in the order they arose."""
        drained, self._effects = self._effects, []
        return drained

    def where(self) -> list[Live]:
        """Everything this case waits for, oldest first."""
        found: list[Live] = []
        for task in sorted(self._live(), key=lambda task: task.id):
            node: Node | None = task.task_spec.node
            if node is None:
                continue
            scope = self._scope(task)
            if "incident" in task.internal_data:
                found.append(
                    Live(task.id, node.id, node.name, "incident", scope, task.internal_data["incident"])
                )
            elif task.state == READY and task.task_spec.manual:
                found.append(Live(task.id, node.id, node.name, "work_item", scope))
            elif task.state == STARTED and isinstance(task.task_spec, CommandTask):
                found.append(Live(task.id, node.id, node.name, "command", scope, node.operator))
            elif task.state == WAITING:
                found += [
                    Live(task.id, wait.element_id, wait.name, wait.kind, scope, wait.message_name, branch)
                    for branch, wait in enumerate(node.waits)
                    if wait.kind != "error" and task.internal_data.get("left") != 0
                ]
        return found

    def dump(self) -> bytes:
        """The whole state as bytes; `Program.load` of the same program gives it back."""
        from engine.state import dump

        return dump(self)

    # What happens to it: each returns False when the task is gone or in another state, that is, for a duplicate

    def complete_command(self, task_id: int, outcome_name: str, outcome: dict[str, Any]) -> bool:
        """The answer to a command: its fields merge into the data, `outcome` holds its name."""
        task = self._find(task_id)
        if task is None or task.state != STARTED or not isinstance(task.task_spec, CommandTask):
            return False
        self._forgive(task)
        task.data.update(merged(outcome))
        task.data["outcome"] = outcome_name
        task.complete()
        return self._run()

    def fail_command(self, task_id: int, error_code: str, details: dict[str, Any] | None = None) -> bool:
        """A business failure: the nearest error boundary takes the token, with `error_code` and the details in the
        data; without one the case stands at an incident, and the command may still be completed or retried."""
        task = self._find(task_id)
        if task is None or task.state != STARTED or not isinstance(task.task_spec, CommandTask):
            return False
        extra = {**merged(details or {}), "error_code": error_code}
        if not self._throw(task, error_code, {**task.data, **extra}):
            self.incident(task, f"命令失败且没有错误边界事件：{error_code} (failed, no error boundary)")
        return self._run()

    def complete_user_task(self, task_id: int, form: dict[str, Any]) -> bool:
        """A work item is done; the form's fields merge into the data."""
        task = self._find(task_id)
        if task is None or task.state != READY or not task.task_spec.manual:
            return False
        task.data.update(merged(form))
        self._effects.append(fx.CloseWorkItem(task.id))
        task.complete()
        return self._run()

    def fire_timer(self, task_id: int, branch: int = 0) -> bool:
        """A timer is due. `branch` is that of the SetTimer effect (0 except behind an event gateway)."""
        return self._deliver(task_id, "timer", branch, {})

    def deliver_message(self, task_id: int, payload: dict[str, Any], branch: int = 0) -> bool:
        """A message came; its fields merge into the data."""
        return self._deliver(task_id, "message", branch, merged(payload))

    def retry(self, task_id: int) -> bool:
        """Try again where an incident stopped the case. A failed command is sent anew under a new task id."""
        task = self._find(task_id)
        if task is None or "incident" not in task.internal_data:
            return False
        self._forgive(task)
        if task.state == READY:
            self.ready.append(task)
        elif task.state == WAITING:
            self.arm(task)
        elif task.parent is not None:
            again = task.parent._add_child(task.task_spec, FUTURE)
            again.data = task.data
            task.workflow.remove(task)
            again._ready()
        return self._run()

    # What the specs ask for

    def send_command(self, task: FTask) -> None:
        node: Node = task.task_spec.node
        parameters = {
            name: _value(name, expression, task.data) if expression else text
            for name, text, expression in node.parameters
        }
        self._effects.append(fx.SendCommand(task.id, node.id, node.operator, parameters, self._scope(task)))

    def open_work_item(self, task: FTask) -> None:
        node: Node = task.task_spec.node
        self._effects.append(fx.OpenWorkItem(task.id, node.id, node.name, self._scope(task)))

    def decide(self, task: FTask) -> None:
        node: Node = task.task_spec.node
        hits = self.program.decisions[node.decision].evaluate(task.data)
        if hits.result is None and hits.problems:
            raise DataError("; ".join(str(problem) for problem in hits.problems))
        result = from_feel(hits.result)
        if node.result_variable or not isinstance(result, dict):
            task.data[node.result_variable or node.decision] = result
        else:
            task.data.update(result)
        self._effects.append(
            fx.DecisionMade(node.id, node.decision, list(hits.rules), result, self._scope(task))
        )

    def arm(self, task: FTask) -> None:
        """Ask for the timers and messages that a waiting token waits for."""
        node: Node = task.task_spec.node
        for branch, wait in enumerate(node.waits):
            try:
                self._arm(task, wait, branch)
            except (TimerError, DataError) as error:
                self.incident(task, str(error))

    def _arm(self, task: FTask, wait: Wait, branch: int) -> None:
        scope = self._scope(task)
        if wait.timer is not None:
            left = task.internal_data.get("left", wait.timer.repeat)
            self._effects.append(
                fx.SetTimer(task.id, wait.element_id, wait.timer.due(task.data), left, scope, branch)
            )
        elif wait.kind == "message":
            key = self.id
            if wait.correlation is not None:
                value = from_feel(wait.correlation.evaluate(task.data))
                if type(value) not in (str, int):
                    raise DataError("关联键为空 (the correlation key is empty)")
                key = str(value)
            self._effects.append(
                fx.WaitMessage(task.id, wait.element_id, wait.message_name, key, scope, branch)
            )

    def cancelled(self, task: FTask) -> None:
        """A wait ended without its answer."""
        spec = task.task_spec
        if isinstance(spec, CommandTask):
            self._effects.append(fx.CancelCommand(task.id))
        elif spec.manual:
            self._effects.append(fx.CloseWorkItem(task.id, cancelled=True))
        elif task.internal_data.get("armed"):
            self._disarm(task, None)

    def _disarm(self, task: FTask, fired: int | None) -> None:
        waits = task.task_spec.node.waits
        if any(wait.kind == "timer" for branch, wait in enumerate(waits) if branch != fired):
            self._effects.append(fx.CancelTimer(task.id))
        if any(wait.kind == "message" for branch, wait in enumerate(waits) if branch != fired):
            self._effects.append(fx.CancelMessage(task.id))

    def incident(self, task: FTask, text: str) -> None:
        task.internal_data["incident"] = text
        node: Node | None = task.task_spec.node
        self._effects.append(fx.Incident(task.id, node.id if node else "", text, self._scope(task)))

    def moved(self, task: FTask, old: int, new: int) -> None:
        """History: a token entered or left one of the analyst's elements."""
        spec = task.task_spec
        attached = spec.joins or isinstance(spec, Boundary)
        was_in = old in (READY, STARTED) or (old == WAITING and not attached)
        if new in (COMPLETED, CANCELLED):
            if was_in:
                self._effects.append(fx.Left(spec.node.id, task.id, new == CANCELLED, self._scope(task)))
        elif new & LIVE and not was_in and not (new == WAITING and attached):
            self._effects.append(fx.Entered(spec.node.id, task.id, self._scope(task)))

    def open_subprocess(self, task: FTask, name: str) -> None:
        workflow = FWorkflow(self, self.program.specs[name], task)
        self.workflows[task.id] = workflow
        workflow.begin(dict(task.data))

    def cancel_subprocess(self, task: FTask) -> None:
        workflow = self.workflows.get(task.id)
        if workflow is not None:
            workflow.cancel()
            del self.workflows[task.id]

    def workflow_completed(self, workflow: FWorkflow) -> None:
        task = workflow.parent_task
        if task is None:
            self._effects.append(fx.Ended())
        elif task.id in self.workflows:
            del self.workflows[task.id]
            task.data = dict(workflow.data)
            task._set_state(READY)

    def catch(self, event: Any) -> None:
        """Spiff's throwing end events call this; only errors concern anybody but their own process."""
        definition, workflow = event.event_definition, event.target
        if type(definition).__name__ != "ErrorEventDefinition":
            return
        source: FTask | None = workflow.parent_task
        if source is not None:
            data = {**event.payload, "error_code": definition.code}
            if self._throw(source, definition.code, data):
                return
        raise NoErrorBoundary(definition.code)

    def evaluate(self, task: FTask, flow_id: str, external_context: Any = None) -> bool:
        """A condition of a sequence flow: null and anything but true do not hold."""
        return self.program.conditions[flow_id].evaluate(task.data) is True

    # Inside

    def begin(self, data: dict[str, Any]) -> None:
        top = FWorkflow(self, self.program.specs[self.program.process_id], None)
        self.workflows[0] = top
        top.begin(checked(data))
        self._run()

    def _run(self) -> bool:
        budget = STEP_BUDGET
        while self.ready:
            task = self.ready.popleft()
            if task.state != READY or task.task_spec.manual or "incident" in task.internal_data:
                continue
            if task.id not in task.workflow.tasks:
                continue
            budget -= 1
            if budget < 0:
                self.incident(task, f"一次事件引起了 {STEP_BUDGET} 步 (runaway: over {STEP_BUDGET} steps)")
                continue
            try:
                task.run()
            except FAULTS as error:
                self.incident(task, str(error))
        for workflow in self.workflows.values():
            prune(workflow)
        return True

    def _deliver(self, task_id: int, kind: str, branch: int, payload: dict[str, Any]) -> bool:
        task = self._find(task_id)
        if task is None or task.state != WAITING or task.task_spec.node is None:
            return False
        waits: list[Wait] = task.task_spec.node.waits
        if not 0 <= branch < len(waits) or waits[branch].kind != kind:
            return False
        if "incident" in task.internal_data or task.internal_data.get("left") == 0:
            return False
        task.data.update(payload)
        timer = waits[branch].timer
        if timer is not None and timer.repeat != 1:
            self._cycle(task, waits[branch], timer.repeat)
            return self._run()
        self._disarm(task, branch)
        task.internal_data = {"event_fired": True, "branch": branch}
        task.task_spec._update(task)
        return self._run()

    def _cycle(self, task: FTask, wait: Wait, repeat: int) -> None:
        """One round of a repeating boundary timer: the token behind it is born, the event keeps waiting."""
        left = task.internal_data.get("left", repeat)
        for spec in task.task_spec.outputs:
            child = task._add_child(spec, FUTURE)
            spec._update(child)
        task.internal_data["left"] = left - 1 if left > 0 else left
        if task.internal_data["left"] and task.state == WAITING:
            self._arm(task, wait, 0)

    def _throw(self, task: FTask, code: str | None, data: dict[str, Any]) -> bool:
        """Give an error to the nearest boundary around `task`, the exact code before a catch-all."""
        current: FTask | None = task
        while current is not None:
            split = current.parent
            if split is not None and isinstance(split.task_spec, BoundarySplit):
                for wanted in (code, None):
                    for event in split.children:
                        if self._catches(event, wanted):
                            event.data = dict(data)
                            event.internal_data = {"event_fired": True}
                            event.task_spec._update(event)
                            return True
            current = current.workflow.parent_task
        return False

    @staticmethod
    def _catches(event: FTask, code: str | None) -> bool:
        node: Node | None = event.task_spec.node
        return (
            event.state == WAITING
            and node is not None
            and any(wait.kind == "error" and wait.error_code == code for wait in node.waits)
        )

    def _forgive(self, task: FTask) -> None:
        task.internal_data.pop("incident", None)

    def _find(self, task_id: int) -> FTask | None:
        for workflow in self.workflows.values():
            task = workflow.tasks.get(task_id)
            if task is not None:
                return task
        return None

    def _live(self) -> Iterator[FTask]:
        for workflow in self.workflows.values():
            for task in workflow.tasks.values():
                if task.state & LIVE:
                    yield task

    def _scope(self, task: FTask) -> str:
        path: list[str] = []
        outer = task.workflow.parent_task
        while outer is not None:
            path.append(outer.task_spec.node.id)
            outer = outer.workflow.parent_task
        return "/".join(reversed(path))


def _value(name: str, expression: Expression, data: dict[str, Any]) -> Any:
    """A parameter's value. FEEL's null on error must not travel to another room as if it were meant."""
    reasons: list[str] = []
    value = expression.evaluate(data, reasons.append)
    if value is None and reasons:
        raise DataError(f"参数 {name}：{reasons[0]} (parameter {name} cannot be computed)")
    return from_feel(value)


class NoErrorBoundary(NoWay):
    """An error end event that nothing around it catches."""

    def __init__(self, code: str | None) -> None:
        Exception.__init__(self, f"没有边界事件捕获错误 {code} (no boundary catches the error)")

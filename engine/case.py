"""One running case: takes outcomes, forms, timers and messages; gives effects. Deterministic and without a
clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from engine import effects as fx
from engine.asking import Asking
from engine.expressions import TimerError
from engine.prune import prune
from engine.specs import BoundarySplit, CommandTask, Node, NoWay, Wait
from engine.standing import Live, standing
from engine.tree import FUTURE, LIVE, READY, STARTED, WAITING, FTask, FWorkflow
from engine.values import DataError, merged

if TYPE_CHECKING:
    from engine.program import Program

STEP_BUDGET = 1_000
"""Engine steps that one outside event may cause before the case stops with an incident."""
FAULTS = (NoWay, DataError, TimerError)


class Case(Asking):
    """Made by `Program.start` and `Program.load`; not thread-safe. After any exception other than DataError,
    throw the object away and load the last stored state: the tree may be half stepped."""

    def __init__(self, program: Program, case_id: str) -> None:
        super().__init__(program, case_id)
        self.last_id = 0
        self.tick = 0
        self.ready: deque[FTask] = deque()
        self.workflows: dict[int, FWorkflow] = {}  # by the id of the task that holds them; 0 is the top one

    # What the caller sees

    @property
    def done(self) -> bool:
        return self.workflows[0].completed

    @property
    def data(self) -> dict[str, Any]:
        """The case's data: of its last live tokens, merged in the order they moved; when done, the final
        data."""
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
        return standing(self)

    def dump(self) -> bytes:
        """The whole state as bytes; `Program.load` of the same program gives it back."""
        from engine.state import dump

        return dump(self)

    # What happens to it: each returns False when the task is gone or in another state, that is, for a
    # duplicate

    def complete_command(self, task_id: int, outcome_name: str, outcome: dict[str, Any]) -> bool:
        """The answer to a command: its fields merge into the data, `outcome` holds its name."""
        task = self._find(task_id)
        if task is None or task.state != STARTED or not isinstance(task.task_spec, CommandTask):
            return False
        answer = {**merged(outcome), "outcome": str(outcome_name)}
        self._forgive(task)
        task.data.update(answer)
        task.complete()
        return self._run()

    def fail_command(self, task_id: int, error_code: str, details: dict[str, Any] | None = None) -> bool:
        """A business failure: the nearest error boundary takes the token, with `error_code` and the details
        in the
        data; without one the case stands at an incident, and the command may still be completed or
        retried."""
        task = self._find(task_id)
        if task is None or task.state != STARTED or not isinstance(task.task_spec, CommandTask):
            return False
        extra = {**merged(details or {}), "error_code": error_code}
        task.internal_data["answered"] = True
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

    def cancel(self) -> bool:
        """End the case where it stands: everything it waits for is withdrawn."""
        if self.done:
            return False
        self.workflows[0].data = self.data
        self.workflows[0].cancel()
        self._effects.append(fx.Ended())
        return self._run()

    def retry(self, task_id: int, corrections: dict[str, Any] | None = None) -> bool:
        """Try again where an incident stopped the case, with corrected data if need be. A failed command is
        sent
        anew under a new task id."""
        task = self._find(task_id)
        if task is None or "incident" not in task.internal_data:
            return False
        corrected = merged(corrections or {})
        self._forgive(task)
        task.data.update(corrected)
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

    # What the specs ask for, beside `Asking`

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
        top.begin(merged(data))
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
        self.disarm(task)
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
        if task.state == WAITING and task.internal_data["left"]:
            self._arm(task, wait, 0)
        elif task.state == WAITING:
            self.disarm(task)

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


class NoErrorBoundary(NoWay):
    """An error end event that nothing around it catches."""

    def __init__(self, code: str | None) -> None:
        Exception.__init__(self, f"没有边界事件捕获错误 {code} (no boundary catches the error)")

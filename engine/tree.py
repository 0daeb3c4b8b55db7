"""A light task tree that Spiff's task specs run on: direct references, ids counted per case, no predictions,
no logs.

It offers Spiff's specs exactly what they ask of Spiff's own `Task` and `Workflow`. What differs, and why, is
in the
README; that both behave alike is proven by `tests/test_oracle.py`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.util.deep_merge import DeepMerge
from SpiffWorkflow.util.task import TaskState

from engine.values import copied

if TYPE_CHECKING:
    from engine.case import Case

MAYBE, FUTURE, WAITING, READY, STARTED = 1, 4, 8, 16, 32
COMPLETED, ERROR, CANCELLED = 64, 128, 256
FINISHED, LIVE = TaskState.FINISHED_MASK, WAITING | READY | STARTED
PREDICTED = TaskState.PREDICTED_MASK
UNFINISHED = TaskState.NOT_FINISHED_MASK


class FTask:
    """One token's visit to one spec. Data are shared with the parent until written: never changed in
    depth."""

    __slots__ = (
        "children", "data", "id", "internal_data", "last_state_change", "parent", "state", "task_spec",
        "thread_id", "triggered", "workflow",
    )  # fmt: skip

    def __init__(
        self, workflow: FWorkflow, spec: Any, parent: FTask | None, state: int, task_id: int
    ) -> None:
        self.id = task_id
        self.workflow = workflow
        self.task_spec = spec
        self.parent = parent
        self.children: list[FTask] = []
        self.state = state
        self.triggered = False
        self.thread_id = 0
        self.data: dict[str, Any] = {}
        self.internal_data: dict[str, Any] = {}
        self.last_state_change = 0
        workflow.tasks[task_id] = self
        if parent is not None:
            parent.children.append(self)

    def has_state(self, mask: int) -> bool:
        return (self.state & mask) != 0

    def _set_state(self, value: int) -> None:
        if value == self.state:
            return
        case = self.workflow.case
        case.tick += 1
        self.last_state_change = case.tick
        if self.task_spec.node is not None:
            case.moved(self, self.state, value)
        self.state = value
        if value == READY:
            case.ready.append(self)

    def _add_child(self, spec: Any, state: int = MAYBE) -> FTask:
        case = self.workflow.case
        case.last_id += 1
        return FTask(self.workflow, spec, self, state, case.last_id)

    def _sync_children(self, specs: list[Any], state: int = MAYBE) -> None:
        wanted = list(specs)
        for child in list(self.children):
            if child.task_spec in wanted:
                wanted.remove(child.task_spec)
                if child.state & UNFINISHED:
                    child._set_state(state)
            else:
                self.workflow.remove(child)
        for spec in wanted:
            self._add_child(spec, state)

    def _drop_children(self, force: bool = False) -> None:
        for child in list(self.children):
            if force or child.state & UNFINISHED:
                self.workflow.remove(child)
            else:
                child._drop_children()

    def _inherit_data(self) -> None:
        if self.task_spec.merges:
            # A join changes data in depth, so it works on copies of its own.
            if self.parent is not None and self.data != self.parent.data:
                DeepMerge.merge(self.data, copied(self.parent.data))
        elif not self.data and self.parent is not None:
            self.data = dict(self.parent.data)

    def set_data(self, **values: Any) -> None:
        self.data.update(values)

    def _set_internal_data(self, **values: Any) -> None:
        self.internal_data.update(values)

    def _get_internal_data(self, name: str, default: Any = None) -> Any:
        return self.internal_data.get(name, default)

    def _ready(self) -> None:
        if self.state & (COMPLETED | CANCELLED):
            return
        self._set_state(READY)
        self.task_spec._on_ready(self)

    def run(self) -> None:
        """One engine step. Children come into being here: the tree holds no predictions."""
        if self.task_spec.foresees and not self.children:
            self.task_spec._predict_hook(self)
        result = self.task_spec._run(self)
        if result is None:
            self._set_state(STARTED)
        else:
            self.complete()

    def complete(self) -> None:
        if not self.children and not self.task_spec.chooses:
            self.task_spec._predict_hook(self)
        self._set_state(COMPLETED)
        self.task_spec._on_complete(self)

    def cancel(self) -> None:
        if self.state & FINISHED:
            for child in list(self.children):
                child.cancel()
        else:
            self._set_state(CANCELLED)
            self._drop_children()
            self.task_spec._on_cancel(self)

    def error(self) -> None:
        """Spiff marks a failed task here; the case turns the failure into an incident instead."""

    def find_ancestor(self, spec_name: str) -> FTask | None:
        task = self.parent
        while task is not None and task.task_spec.name != spec_name:
            task = task.parent
        return task

    def is_descendant_of(self, other: FTask) -> bool:
        task = self.parent
        while task is not None and task is not other:
            task = task.parent
        return task is not None

    def __iter__(self) -> Iterator[FTask]:
        yield self
        for child in self.children:
            yield from child


class FWorkflow:
    """The tokens of one process or subprocess of a case."""

    __slots__ = (
        "case",
        "completed",
        "data",
        "parent_task",
        "side_data",
        "spec",
        "success",
        "task_tree",
        "tasks",
    )

    def __init__(self, case: Case, spec: Any, parent_task: FTask | None) -> None:
        self.case = case
        self.spec = spec
        self.parent_task = parent_task
        self.tasks: dict[int, FTask] = {}
        self.task_tree: FTask | None = None
        self.data: dict[str, Any] = {}
        self.side_data: dict[str, Any] = {}  # of pruned branches that reached the end before the others
        self.completed = False
        self.success = True

    @property
    def top_workflow(self) -> Case:
        return self.case

    @property
    def script_engine(self) -> Case:
        return self.case

    @property
    def data_objects(self) -> None:
        return None

    def begin(self, data: dict[str, Any]) -> None:
        self.case.last_id += 1
        self.task_tree = FTask(self, self.spec.start, None, FUTURE, self.case.last_id)
        self.task_tree.data = data
        self.task_tree._ready()

    def get_tasks(
        self, first: FTask | None = None, spec_name: str | None = None, state: int = 511
    ) -> list[FTask]:
        if first is not None:
            return [first]
        found = [task for task in self.tasks.values() if task.state & state]
        return found if spec_name is None else [task for task in found if task.task_spec.name == spec_name]

    def remove(self, task: FTask) -> None:
        for child in list(task.children):
            self.remove(child)
        if task.parent is not None:
            task.parent.children.remove(task)
        del self.tasks[task.id]

    def _task_completed_notify(self, task: FTask) -> None:
        if task.task_spec.name == "End":
            self._mark_complete(task)
        if self.completed:
            self.case.workflow_completed(self)
            return
        # Only joins need another look: events are delivered by name, never polled.
        for waiting in list(self.tasks.values()):
            if waiting.state == WAITING and waiting.task_spec.joins and waiting.id in self.tasks:
                waiting.task_spec._update(waiting)

    def _mark_complete(self, task: FTask) -> None:
        self.data.update(task.data)
        self.completed = True

    def cancel(self) -> None:
        self.success = False
        self.completed = True
        for task in list(self.tasks.values()):
            if task.id in self.tasks and task.state & UNFINISHED:
                task.cancel()

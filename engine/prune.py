"""Forgets finished history after every step, so that a case of a thousand loops is as small as one of
none."""

from SpiffWorkflow.util.deep_merge import DeepMerge

from engine.tree import CANCELLED, COMPLETED, FINISHED, UNFINISHED, WAITING, FTask, FWorkflow
from engine.values import copied


def prune(workflow: FWorkflow) -> None:
    """Remove what no live token can look at again: finished leaves, finished links of a chain, finished data.

    A join looks at its own cancelled arrivals and their parents while it waits, so these stay. Side branches
    that
    reached the end leave their data to the end's merge."""
    tasks = workflow.tasks
    if workflow.completed:
        tasks.clear()
        workflow.task_tree = None
        return
    waiting = {task.task_spec for task in tasks.values() if task.state == WAITING and task.task_spec.merges}
    _remember_ends(workflow)
    for task in sorted(tasks.values(), key=lambda task: -task.id):
        if not task.state & FINISHED or _awaited(task, waiting):
            continue
        if not task.children and task.parent is not None:
            workflow.remove(task)
        elif len(task.children) == 1 and _is_past(task.children[0], waiting):
            _shorten(workflow, task)
    for task in tasks.values():
        if task.state & FINISHED and not any(
            child.task_spec.merges and (child.state & UNFINISHED or _awaited(child, waiting))
            for child in task.children
        ):
            task.data = {}


def _is_past(task: FTask, waiting: set[object]) -> bool:
    return bool(task.state & FINISHED) and not _awaited(task, waiting)


def _awaited(task: FTask, waiting: set[object]) -> bool:
    return bool(task.state & (CANCELLED | COMPLETED)) and not task.children and task.task_spec in waiting


def _remember_ends(workflow: FWorkflow) -> None:
    ends = [
        task
        for task in workflow.tasks.values()
        if task.state == CANCELLED and task.task_spec is workflow.spec.end and task.parent is not None
    ]
    for task in sorted(ends, key=lambda task: task.last_state_change):
        assert task.parent is not None
        if task.parent.state == COMPLETED:
            DeepMerge.merge(workflow.side_data, copied(task.parent.data))
        workflow.remove(task)


def _shorten(workflow: FWorkflow, task: FTask) -> None:
    child, parent = task.children[0], task.parent
    child.parent = parent
    if parent is None:
        workflow.task_tree = child
    else:
        parent.children[parent.children.index(task)] = child
    del workflow.tasks[task.id]

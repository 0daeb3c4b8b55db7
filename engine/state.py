"""A case's state as bytes: msgpack of the live tree, specs by index, equal data once; never the diagram."""

from __future__ import annotations

from threading import local
from typing import TYPE_CHECKING, Any

import msgpack  # type: ignore[import-untyped]  # it ships no types
import zstandard

from engine.case import Case
from engine.tree import FTask, FWorkflow

if TYPE_CHECKING:
    from engine.program import Program

PLAIN, PACKED = b"\x01", b"\x02"
COMPRESS_FROM = 600
"""Bytes from which compression pays."""
MAX_BYTES = 16_000_000


class _Thread(local):
    """Making a compressor costs more than using it, and one may not serve two threads at once."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=1)
        self.decompressor = zstandard.ZstdDecompressor()


_THREAD = _Thread()


class StateError(ValueError):
    """Bytes that are no state of this program."""


def dump(case: Case) -> bytes:
    datas: dict[bytes, int] = {}
    workflows = [_workflow(case, holder, workflow, datas) for holder, workflow in case.workflows.items()]
    packed: bytes = msgpack.packb([case.program.hash[:16], case.last_id, case.tick, workflows, list(datas)])
    if len(packed) < COMPRESS_FROM:
        return PLAIN + packed
    return PACKED + _THREAD.compressor.compress(packed)


def _workflow(case: Case, holder: int, workflow: FWorkflow, datas: dict[bytes, int]) -> list[Any]:
    tasks = [
        [
            task.id, task.parent.id if task.parent else 0, task.task_spec.index, task.state,
            task.last_state_change, _place(datas, task.data), task.internal_data or None,
        ]
        for task in workflow.tasks.values()
    ]  # fmt: skip
    data = _place(datas, workflow.data)
    return [holder, workflow.spec.name, workflow.completed, data, _place(datas, workflow.side_data), tasks]


def _place(datas: dict[bytes, int], data: dict[str, Any]) -> int:
    """The index of alike data, so that tokens of one branch share one copy; -1 for none. Compared as bytes,
    because Python takes 1, 1.0 and True for equal."""
    return datas.setdefault(msgpack.packb(data), len(datas)) if data else -1


def load(program: Program, case_id: str, state: bytes) -> Case:
    try:
        body = state[1:]
        if state[:1] == PACKED:
            body = _THREAD.decompressor.decompress(body, max_output_size=MAX_BYTES)
        elif state[:1] != PLAIN:
            raise StateError("unknown state format")
        tag, last_id, tick, workflows, datas = msgpack.unpackb(body)
    except (ValueError, zstandard.ZstdError) as error:
        raise StateError(f"not a state: {type(error).__name__}") from error
    if tag != program.hash[:16]:
        raise StateError("a state of another program")
    case = Case(program, case_id)
    case.last_id, case.tick = last_id, tick
    for row in workflows:
        _load_workflow(case, row, datas)
    return case


def _load_workflow(case: Case, row: list[Any], datas: list[bytes]) -> None:
    holder, name, completed, data, side_data, tasks = row
    outer = case._find(holder) if holder else None
    workflow = FWorkflow(case, case.program.specs[name], outer)
    workflow.completed = completed
    workflow.data = msgpack.unpackb(datas[data]) if data >= 0 else {}
    workflow.side_data = msgpack.unpackb(datas[side_data]) if side_data >= 0 else {}
    specs = case.program.spec_lists[name]
    known: dict[int, FTask] = {}
    for task_id, parent, index, state, tick, place, internal in tasks:
        task = FTask(workflow, specs[index], known.get(parent), state, task_id)
        task.last_state_change = tick
        task.data = msgpack.unpackb(datas[place]) if place >= 0 else {}
        task.internal_data = internal or {}
        known[task_id] = task
        if not parent:
            workflow.task_tree = task
    case.workflows[holder] = workflow

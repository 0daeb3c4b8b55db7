"""How a case asks the outside world: every effect arises here, without a clock and without random ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine import effects as fx
from engine.expressions import Expression, TimerError
from engine.specs import Boundary, CommandTask, Node, Wait
from engine.tree import CANCELLED, COMPLETED, LIVE, READY, STARTED, WAITING, FTask
from engine.values import DataError, from_feel

if TYPE_CHECKING:
    from engine.program import Program


class Asking:
    """The half of a case that Spiff's specs call."""

    def __init__(self, program: Program, case_id: str) -> None:
        self.program = program
        self.id = case_id
        self._effects: list[fx.Effect] = []

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
            if not task.internal_data.get("answered"):
                self._effects.append(fx.CancelCommand(task.id))
        elif spec.manual:
            self._effects.append(fx.CloseWorkItem(task.id, cancelled=True))
        elif task.internal_data.get("armed"):
            self.disarm(task)

    def disarm(self, task: FTask) -> None:
        """Withdraw every timer and message wait of a token, the one that just came included."""
        kinds = {wait.kind for wait in task.task_spec.node.waits}
        if "timer" in kinds:
            self._effects.append(fx.CancelTimer(task.id))
        if "message" in kinds:
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

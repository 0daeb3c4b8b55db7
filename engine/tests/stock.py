"""Stock SpiffWorkflow on the same diagrams: the oracle. Nothing of ours but the evaluation of conditions."""

import io
from typing import Any

from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.script_engine.python_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.specs.defaults import ServiceTask, UserTask
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.specs.event_definitions import NoneEventDefinition
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from engine.expressions import feel


class Feel(PythonScriptEngine):  # type: ignore[misc]  # Spiff has no types
    def evaluate(self, task: Any, expression: str, external_context: Any = None) -> Any:
        if expression[0] != "=":
            return expression
        return feel(expression[1:], None).evaluate(task.data) is True


class Timers(Feel):
    """Durations are Python strings to stock Spiff."""

    def evaluate(self, task: Any, expression: str, external_context: Any = None) -> Any:
        return expression if expression.startswith("P") else super().evaluate(task, expression, external_context)


class Async(ServiceTask):  # type: ignore[misc]  # Spiff has no types
    def _run_hook(self, my_task: Any) -> None:
        return None


class Parser(BpmnParser):  # type: ignore[misc]  # Spiff has no types
    OVERRIDE_PARSER_CLASSES = {full_tag("serviceTask"): (TaskParser, Async)}


class Stock:
    """Drives one stock workflow by element name."""

    def __init__(self, xml: bytes, data: dict[str, Any]) -> None:
        parser = Parser()
        parser.add_bpmn_io(io.BytesIO(xml))
        self.workflow = BpmnWorkflow(parser.get_spec("p"), parser.get_subprocess_specs("p"), script_engine=Timers())
        self.workflow.task_tree.data.update(data)
        self.workflow.do_engine_steps()

    def live(self) -> dict[str, list[Any]]:
        """Element id to its live tasks: commands, work items, waiting events."""
        found: dict[str, list[Any]] = {}
        for task in self.workflow.get_tasks():
            spec = task.task_spec
            event = getattr(spec, "event_definition", None)
            if (isinstance(spec, Async) and task.state == TaskState.STARTED) or (
                isinstance(spec, UserTask) and task.state == TaskState.READY
            ):
                found.setdefault(spec.name, []).append(task)
            elif task.state == TaskState.WAITING and event is not None and not isinstance(event, NoneEventDefinition):
                found.setdefault(spec.name, []).append(task)
        return found

    def complete(self, task: Any, data: dict[str, Any]) -> None:
        task.data.update(data)
        if task.state == TaskState.READY:
            task.run()
        else:
            task.complete()
        self.workflow.do_engine_steps()

    def fire(self, task: Any, element_id: str) -> None:
        """Let the event happen, whatever the clock says."""
        definitions = getattr(task.task_spec.event_definition, "event_definitions", None)
        if definitions is None:
            task.internal_data["event_fired"] = True
        else:
            from SpiffWorkflow.bpmn.util import BpmnEvent

            index = [spec.name for spec in task.task_spec.outputs].index(element_id)
            task.internal_data["seen_events"] = [BpmnEvent(definitions[index])]
            task.internal_data["fired_by_test"] = True
            task._ready()
            self.workflow.do_engine_steps()
            return
        task.task_spec._update(task)
        self.workflow.do_engine_steps()

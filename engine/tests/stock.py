"""Stock SpiffWorkflow on the same diagrams: the oracle, and the naive side of the benchmark. Nothing of ours
but the
evaluation of conditions."""

import io
from typing import Any

from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.script_engine.python_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.serializer import DEFAULT_CONFIG, BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.serializer.default.task_spec import BpmnTaskSpecConverter
from SpiffWorkflow.bpmn.specs.defaults import ServiceTask, UserTask
from SpiffWorkflow.bpmn.specs.event_definitions import NoneEventDefinition
from SpiffWorkflow.bpmn.util import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from engine.expressions import feel


class Feel(PythonScriptEngine):  # type: ignore[misc]  # Spiff has no types
    def evaluate(self, task: Any, expression: str, external_context: Any = None) -> Any:
        if expression[0] != "=":
            return expression  # a timer's text, which stock Spiff evaluates too
        return feel(expression[1:], None).evaluate(task.data) is True


class Async(ServiceTask):  # type: ignore[misc]  # Spiff has no types
    def _run_hook(self, my_task: Any) -> None:
        return None


class Parser(BpmnParser):  # type: ignore[misc]  # Spiff has no types
    OVERRIDE_PARSER_CLASSES = {full_tag("serviceTask"): (TaskParser, Async)}


class Stored:
    """Cases the way Spiff's documentation stores them: one JSON with the diagram inside."""

    def __init__(self, xml: bytes) -> None:
        parser = Parser()
        parser.add_bpmn_str(xml)
        self.spec, self.subs = parser.get_spec("p"), parser.get_subprocess_specs("p")
        self.json = BpmnWorkflowSerializer(
            BpmnWorkflowSerializer.configure({**DEFAULT_CONFIG, Async: BpmnTaskSpecConverter})
        )

    def start(self, data: dict[str, Any]) -> Any:
        workflow = BpmnWorkflow(self.spec, self.subs, script_engine=Feel())
        workflow.task_tree.data.update(data)
        workflow.do_engine_steps()
        return workflow

    def load(self, state: str) -> Any:
        workflow = self.json.deserialize_json(state)
        workflow.script_engine = Feel()
        return workflow

    def dump(self, workflow: Any) -> str:
        state: str = self.json.serialize_json(workflow)
        return state


def waits(workflow: Any) -> list[tuple[str, str, str]]:
    """(kind, task id, element id) of everything a stock workflow waits for: command | work_item | event."""
    found: list[tuple[str, str, str]] = []
    for task in workflow.get_tasks(state=TaskState.READY | TaskState.STARTED | TaskState.WAITING):
        spec = task.task_spec
        if task.state == TaskState.READY and spec.manual:
            found.append(("work_item", str(task.id), spec.name))
        elif task.state == TaskState.STARTED and isinstance(spec, Async):
            found.append(("command", str(task.id), spec.name))
        elif task.state == TaskState.WAITING:
            found.append(("event", str(task.id), spec.name))
    return found


def complete(workflow: Any, task_id: str, data: dict[str, Any]) -> None:
    """Finish a command or a work item of a stock workflow."""
    task = next(each for each in workflow.get_tasks() if str(each.id) == task_id)
    task.data.update(data)
    if task.state == TaskState.READY:
        task.run()
    else:
        task.complete()
    workflow.do_engine_steps()


class Stock:
    """Drives one stock workflow by element name."""

    def __init__(self, xml: bytes, data: dict[str, Any]) -> None:
        parser = Parser()
        parser.add_bpmn_io(io.BytesIO(xml))
        self.workflow = BpmnWorkflow(
            parser.get_spec("p"), parser.get_subprocess_specs("p"), script_engine=Feel()
        )
        self.workflow.task_tree.data.update(data)
        self.workflow.do_engine_steps()

    def live(self) -> dict[str, list[Any]]:
        """Element id to its live tasks: commands, work items, waiting events."""
        found: dict[str, list[Any]] = {}
        for task in self.workflow.get_tasks():
            spec = task.task_spec
            event = getattr(spec, "event_definition", None)
            if (
                (isinstance(spec, Async) and task.state == TaskState.STARTED)
                or (isinstance(spec, UserTask) and task.state == TaskState.READY)
                or (
                    task.state == TaskState.WAITING
                    and event is not None
                    and not isinstance(event, NoneEventDefinition)
                )
            ):
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
            task.task_spec._update(task)
        else:
            index = [spec.name for spec in task.task_spec.outputs].index(element_id)
            task.internal_data["seen_events"] = [BpmnEvent(definitions[index])]
            task._ready()
        self.workflow.do_engine_steps()


def deliver(workflow: Any, element_id: str, payload: dict[str, Any]) -> None:
    """Hand a message to the one task of an element that waits for it."""
    task = next(
        task for task in workflow.get_tasks(state=TaskState.WAITING) if task.task_spec.name == element_id
    )
    task.data.update(payload)
    task.internal_data["event_fired"] = True
    task.task_spec._update(task)
    workflow.do_engine_steps()

"""Spiff's task specs, as this engine runs them: waits turn into effects, joins look at the light tree."""

# Spiff has no types, so every class here subclasses Any.
# mypy: disable-error-code="misc"

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.parser.event_parsers import (
    BoundaryEventParser,
    EventBasedGatewayParser,
    IntermediateCatchEventParser,
    ReceiveTaskParser,
    StartEventParser,
)
from SpiffWorkflow.bpmn.parser.task_parsers import CallActivityParser, GatewayParser, SubWorkflowParser
from SpiffWorkflow.bpmn.parser.task_parsers import ConditionalGatewayParser as ChoiceParser
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.specs import control, defaults
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.exceptions import WorkflowException
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.util.deep_merge import DeepMerge

from engine.expressions import Expression, Timer
from engine.tree import FINISHED, FUTURE, STARTED, UNFINISHED, WAITING, FTask
from engine.values import copied

if TYPE_CHECKING:
    from engine.case import Case


@dataclass(slots=True)
class Node:
    """What the runtime knows of one of the analyst's elements."""

    id: str
    kind: str
    name: str = ""
    operator: str = ""
    parameters: list[tuple[str, Any, Expression | None]] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    decision: str = ""
    result_variable: str | None = None
    error_code: str | None = None


@dataclass(slots=True)
class Wait:
    """One thing a token waits for: a timer, a message, or (at a boundary) an error."""

    kind: str
    element_id: str
    name: str = ""
    timer: Timer | None = None
    message_name: str = ""
    correlation: Expression | None = None
    error_code: str | None = None


def case_of(task: FTask) -> Case:
    return task.workflow.case


class CommandTask(defaults.ServiceTask):
    """A service task: sends its command and stays STARTED until the outcome comes."""

    def _run_hook(self, my_task: FTask) -> None:
        case_of(my_task).send_command(my_task)

    def _on_cancel(self, my_task: FTask) -> None:
        case_of(my_task).cancelled(my_task)


class HumanTask(defaults.UserTask):
    """A user task: opens a work item and stays READY until a person completes it."""

    def _on_ready_hook(self, my_task: FTask) -> None:
        case_of(my_task).open_work_item(my_task)

    def _on_cancel(self, my_task: FTask) -> None:
        case_of(my_task).cancelled(my_task)


class RuleTask(defaults.ServiceTask):
    """A business rule task: asks our own DMN."""

    def _run_hook(self, my_task: FTask) -> bool:
        case_of(my_task).decide(my_task)
        return True


class _Catching(CatchingEvent):
    """An event that is delivered by the caller; Spiff's own would poll the clock and compare event
    classes."""

    def _update_hook(self, my_task: FTask) -> bool:
        my_task._inherit_data()
        if not self.node.waits or my_task.internal_data.get("event_fired"):
            return True
        if my_task.state != WAITING:
            my_task._set_state(WAITING)
        if not my_task.internal_data.get("armed"):
            my_task.internal_data["armed"] = True
            case_of(my_task).arm(my_task)
        return False

    def _on_ready_hook(self, my_task: FTask) -> None:
        """Spiff would take the task off its event manager here; we keep none."""

    def _run_hook(self, my_task: FTask) -> bool:
        return True

    def _predict_hook(self, my_task: FTask) -> None:
        TaskSpec._predict_hook(self, my_task)

    def _on_cancel(self, my_task: FTask) -> None:
        case_of(my_task).cancelled(my_task)


class Start(_Catching, defaults.StartEvent):
    pass


class Catch(_Catching, defaults.IntermediateCatchEvent):
    pass


class Receive(_Catching, defaults.ReceiveTask):
    pass


class Boundary(_Catching, defaults.BoundaryEvent):
    pass


class EventGateway(_Catching, defaults.EventBasedGateway):
    """Waits for the events behind it; the one that came first decides the way."""

    def connect(self, child: Any) -> None:
        TaskSpec.connect(self, child)

    def _predict_hook(self, my_task: FTask) -> None:
        chosen = self.node.waits[my_task.internal_data["branch"]].element_id
        matches = [spec for spec in self.outputs if spec.node.id == chosen]
        for child in matches:
            my_task._add_child(child, FUTURE).internal_data["event_fired"] = True

    def _run_hook(self, my_task: FTask) -> bool:
        return True


class _SubProcess(defaults.SubWorkflowTask):
    """A subprocess or call activity: STARTED while its own workflow lives in the same case."""

    def _update_hook(self, my_task: FTask) -> bool:
        my_task._inherit_data()
        my_task._set_state(STARTED)
        case_of(my_task).open_subprocess(my_task, self.spec)
        return False

    def _on_cancel(self, my_task: FTask) -> None:
        case_of(my_task).cancel_subprocess(my_task)


class SubProcess(_SubProcess):
    pass


class CallActivity(_SubProcess):
    def __init__(self, wf_spec: Any, bpmn_id: str, subworkflow_spec: str, **kwargs: Any) -> None:
        super().__init__(wf_spec, bpmn_id, subworkflow_spec, False, **kwargs)


class _Join(UnstructuredJoin):
    """Joins forget the branches they joined, so that a loop through them starts afresh (in Spiff it may
    crash)."""

    def _run_hook(self, my_task: FTask) -> bool:
        UnstructuredJoin._run_hook(self, my_task)
        workflow = my_task.workflow
        for task in list(workflow.tasks.values()):
            stale = (
                task.task_spec is self and task is not my_task and task.state & FINISHED and not task.children
            )
            if stale:
                workflow.remove(task)
        return True


class ParallelJoin(_Join, defaults.ParallelGateway):
    pass


class InclusiveJoin(_Join, defaults.InclusiveGateway):
    """Fires when no token that could still come is on its way. Spiff's own overlooks STARTED service
    tasks."""

    upstream: frozenset[str] = frozenset()

    def _check_threshold_unstructured(self, my_task: FTask) -> bool:
        return len(self._inputs) == 1 or not any(
            task.state & UNFINISHED and task.task_spec.name in self.upstream
            for task in my_task.workflow.tasks.values()
            if task is not my_task and not (task.state == WAITING and isinstance(task.task_spec, Boundary))
        )

    def _run_hook(self, my_task: FTask) -> bool:
        _Join._run_hook(self, my_task)
        matches, default = self._get_matching_outputs(my_task)
        if not matches and not default:
            raise NoWay()
        my_task._sync_children(matches or default, FUTURE)
        return True


class ExclusiveChoice(defaults.ExclusiveGateway):
    def _run_hook(self, my_task: FTask) -> bool:
        try:
            return bool(super()._run_hook(my_task))
        except WorkflowException as error:
            raise NoWay() from error


class NoWay(Exception):
    """No condition of a gateway holds and it has no default flow."""

    def __init__(self) -> None:
        super().__init__("没有一个条件成立，也没有默认流 (no condition holds and there is no default flow)")


class EndJoin(control._EndJoin):
    """The end of a process: waits for every token, then merges what side branches left."""

    def _check_threshold_unstructured(self, my_task: FTask) -> bool:
        return not any(
            task.state & UNFINISHED and task.task_spec is not self for task in my_task.workflow.tasks.values()
        )

    def _run_hook(self, my_task: FTask) -> bool:
        workflow = my_task.workflow
        if workflow.side_data:
            DeepMerge.merge(my_task.data, copied(workflow.side_data))
        UnstructuredJoin._run_hook(self, my_task)
        workflow.data.update(my_task.data)
        return True


class BoundaryJoin(control.BoundaryEventJoin):
    """Ends the boundary events with their activity, and the activity with an interrupting event."""

    def _find_tasks(self, my_task: FTask) -> list[FTask]:
        split = my_task.find_ancestor(self.split_task)
        if split is None:
            return []
        return [t for t in split if t.task_spec is self and t.find_ancestor(self.split_task) is split]


class BoundarySplit(control.BoundaryEventSplit):
    pass


OWN_PARTS = {
    control._EndJoin: EndJoin,
    control.BoundaryEventJoin: BoundaryJoin,
    control.BoundaryEventSplit: BoundarySplit,
}


class Parser(BpmnParser):
    """Spiff's parser with our specs in the place of its own."""

    OVERRIDE_PARSER_CLASSES = {
        full_tag("serviceTask"): (TaskParser, CommandTask),
        full_tag("userTask"): (TaskParser, HumanTask),
        full_tag("manualTask"): (TaskParser, HumanTask),
        full_tag("businessRuleTask"): (TaskParser, RuleTask),
        full_tag("receiveTask"): (ReceiveTaskParser, Receive),
        full_tag("startEvent"): (StartEventParser, Start),
        full_tag("intermediateCatchEvent"): (IntermediateCatchEventParser, Catch),
        full_tag("boundaryEvent"): (BoundaryEventParser, Boundary),
        full_tag("eventBasedGateway"): (EventBasedGatewayParser, EventGateway),
        full_tag("parallelGateway"): (GatewayParser, ParallelJoin),
        full_tag("inclusiveGateway"): (ChoiceParser, InclusiveJoin),
        full_tag("exclusiveGateway"): (ChoiceParser, ExclusiveChoice),
        full_tag("subProcess"): (SubWorkflowParser, SubProcess),
        full_tag("callActivity"): (CallActivityParser, CallActivity),
    }

"""A compiled process: immutable, shared by all its cases, named by the hash of what it was compiled from."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol

from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.specs.event_definitions import NoneEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.specs.Join import Join

from engine import rewrite, specs
from engine.case import Case
from engine.expressions import Expression, FeelError, TimerError, feel, timer
from engine.model import Diagram, DiagramError, Element, Problem, Trigger

ENGINE = "daohu-1"
"""Part of every program's hash: a change of the state's layout makes new programs of old diagrams."""


class Decision(Protocol):
    """What `engine.dmn.read_dmn` gives."""

    def evaluate(self, context: dict[str, Any]) -> Any: ...


class Program:
    """Made by `compile_program`. Holds Spiff's specs; no case ever changes them."""

    def __init__(
        self, diagram: Diagram, decisions: Mapping[str, Decision], names: Collection[str] | None
    ) -> None:
        self.process_id = diagram.process_id
        self.start_message = diagram.start_message
        self.decisions = dict(decisions)
        self.names = None if names is None else frozenset(names)
        self.specs: dict[str, Any] = {}
        self.conditions: dict[str, Expression] = {}
        self.nodes: list[specs.Node] = []
        self.hash = ""
        self.spec_lists: dict[str, list[Any]] = {}

    def start(self, case_id: str, data: dict[str, Any]) -> Case:
        """A new case, stepped to its first waits. Raises DataError for data a case cannot hold."""
        case = Case(self, case_id)
        case.begin(data)
        return case

    def load(self, case_id: str, state: bytes) -> Case:
        """A case from `Case.dump`. Raises StateError for bytes of another program or none."""
        from engine.state import load

        return load(self, case_id, state)


def compile_program(
    diagram: Diagram,
    decisions: Mapping[str, Decision] | None = None,
    library: Mapping[str, Diagram] | None = None,
    names: Collection[str] | None = None,
) -> Program:
    """Compile a linted diagram with its decisions (by id) and the called processes (by process id).

    `names` are the case data that expressions may speak of; None lets them speak of any simple name. Raises
    DiagramError with every text that does not compile; run the linter first for everything else."""
    diagrams = _reachable(diagram, library or {})
    program = Program(diagram, decisions or {}, names)
    digest = hashlib.sha256(ENGINE.encode())
    for part in diagrams:
        digest.update(part.sha256.encode())
    for name in sorted(program.decisions):
        digest.update(f"{name}={program.decisions[name]!r}".encode())
    digest.update(repr(names if names is None else sorted(names)).encode())
    program.hash = digest.hexdigest()
    problems: list[Problem] = []
    for part in diagrams:
        _Compiler(program, part, problems).expressions()
    if problems:
        raise DiagramError(problems)
    try:
        _parse(program, diagrams)
    except (ValidationException, RecursionError) as error:
        raise DiagramError(
            [Problem("", "", f"SpiffWorkflow 拒绝：{error}", f"refused by SpiffWorkflow: {error}")]
        ) from error
    for part in diagrams:
        _Compiler(program, part, problems).nodes()
    if problems:
        raise DiagramError(problems)
    return program


def _reachable(diagram: Diagram, library: Mapping[str, Diagram]) -> list[Diagram]:
    found = {diagram.process_id: diagram}
    todo = [diagram]
    while todo:
        for name in sorted(todo.pop().calls):
            if name not in found:
                if name not in library:
                    raise DiagramError(
                        [Problem("", "", f"找不到流程 {name}", f"no process {name} in the library")]
                    )
                found[name] = library[name]
                todo.append(library[name])
    return list(found.values())


def _parse(program: Program, diagrams: Iterable[Diagram]) -> None:
    parser = specs.Parser()
    for part in diagrams:
        parser.add_bpmn_xml(rewrite.to_spiff(part), filename=part.filename)
    program.specs = {program.process_id: parser.get_spec(program.process_id)}
    program.specs.update(parser.get_subprocess_specs(program.process_id))
    for name, process in program.specs.items():
        program.spec_lists[name] = sorted(process.task_specs.values(), key=lambda spec: spec.name)
        for index, spec in enumerate(program.spec_lists[name]):
            _prepare(spec, index)
        for spec in program.spec_lists[name]:
            if isinstance(spec, specs.InclusiveJoin):
                spec.upstream = frozenset(_upstream(spec))


def _upstream(join: Any) -> set[str]:
    found: set[str] = set()
    todo = [name for name in join._inputs]
    while todo:
        name = todo.pop()
        if name not in found and name != join.name:
            found.add(name)
            todo += join._wf_spec.task_specs[name]._inputs
    return found


def _nothing(*args: object, **kwargs: object) -> None:
    """Stands in for Spiff's self-test on every visit and for its predictions, which we do not keep."""


def _prepare(spec: Any, index: int) -> None:
    spec.__class__ = specs.OWN_PARTS.get(type(spec), type(spec))
    spec.test = spec._predict = _nothing
    spec.index = index
    spec.node = None
    spec.joins = isinstance(spec, Join)
    spec.merges = isinstance(spec, UnstructuredJoin)
    spec.chooses = isinstance(spec, (specs.ExclusiveChoice, specs.InclusiveJoin))
    spec.foresees = isinstance(spec, specs.BoundarySplit)


class _Compiler:
    """One diagram's texts and nodes."""

    def __init__(self, program: Program, diagram: Diagram, problems: list[Problem]) -> None:
        self.program = program
        self.diagram = diagram
        self.problems = problems

    def expressions(self) -> None:
        for flow in self.diagram.flows.values():
            if flow.condition is not None:
                source = self.diagram.elements.get(flow.source)
                compiled = self._feel(flow.id, source.name if source else "", flow.condition)
                if compiled is not None:
                    self.program.conditions[rewrite.condition_name(self.diagram, flow.id)] = compiled

    def _feel(self, element_id: str, name: str, text: str) -> Expression | None:
        try:
            return feel(text, self.program.names)
        except FeelError as error:
            self.problems.append(
                Problem(element_id, name, f"表达式错误：{error}", f"expression refused: {error}")
            )
            return None

    def nodes(self) -> None:
        for element in self.diagram.elements.values():
            process = self.program.specs.get(rewrite.scope_name(self.diagram, element.scope))
            spec = process.task_specs.get(rewrite.spec_name(element.id)) if process else None
            if spec is None:
                continue  # not reachable from the start: the linter has said so
            spec.node = self._node(element)
            self.program.nodes.append(spec.node)
            if element.kind == "endEvent" and element.trigger and element.trigger.kind == "error":
                spec.event_definition.code = element.trigger.name
            elif element.kind in ("intermediateCatchEvent", "receiveTask", "startEvent"):
                spec.event_definition = NoneEventDefinition()

    def _node(self, element: Element) -> specs.Node:
        node = specs.Node(element.id, element.kind, element.name)
        node.operator = element.operator or ""
        node.decision = element.decision or ""
        node.result_variable = element.result_variable
        for parameter in element.parameters:
            compiled = self._feel(element.id, element.name, parameter.text) if parameter.feel else None
            node.parameters.append((parameter.name, parameter.text, compiled))
        if element.kind in ("intermediateCatchEvent", "boundaryEvent", "receiveTask"):
            node.waits = [wait for trigger in element.triggers if (wait := self._wait(element, trigger))]
        elif element.kind == "eventBasedGateway":
            for flow in self.diagram.outgoing(element.id):
                target = self.diagram.elements[flow.target]
                node.waits += [wait for trigger in target.triggers if (wait := self._wait(target, trigger))]
        return node

    def _wait(self, element: Element, trigger: Trigger) -> specs.Wait | None:
        wait = specs.Wait(
            trigger.kind, element.id, element.name, message_name=trigger.name or "", error_code=trigger.name
        )
        try:
            if trigger.kind == "timer":
                wait.timer = timer(trigger.form, trigger.text, self.program.names)
        except (FeelError, TimerError) as error:
            self.problems.append(
                Problem(element.id, element.name, f"计时器错误：{error}", f"timer refused: {error}")
            )
            return None
        if trigger.correlation is not None:
            wait.correlation = self._feel(element.id, element.name, trigger.correlation)
        return wait

"""Every lint rule against a diagram in which exactly that is planted, and clean diagrams that stay clean."""

import pytest

from engine.linter import Operator, errors, lint
from engine.model import Diagram, Problem
from engine.tests.diagrams import (
    boundary,
    catch,
    chain,
    diagram,
    end,
    flow,
    gateway,
    message,
    named_message,
    service,
    start,
    timer,
    user,
)  # fmt: skip
from engine.tests.shapes import EXTRA, SHAPES

OPERATORS = {
    "room.work": Operator("room.work", {"round": False}, {"done"}),
    "room.pay": Operator("room.pay", {"set": True}),
}
ERROR_END = '<bpmn:errorEventDefinition errorRef="e1"/>'


def found(
    body: str, extra: str = EXTRA, library: dict[str, Diagram] | None = None, names: set[str] | None = None
) -> list[Problem]:
    return lint(diagram(body, extra=extra), OPERATORS, {}, {"age"}, library, names)


def around(element: str, id: str = "x") -> str:
    return start() + element + end() + chain("s", id, "end")


def parameter(name: str, value: str) -> str:
    return (
        f'<bpmn:extensionElements><daohu:parameter name="{name}" value="{value}"/></bpmn:extensionElements>'
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_clean_diagrams_are_clean(shape: str) -> None:
    assert errors(found(SHAPES[shape])) == []


PLANTED = {
    "script task": (around('<bpmn:scriptTask id="x"><bpmn:script>import '
                           'os</bpmn:script></bpmn:scriptTask>'), "x", "script"),
    "untyped task": (around('<bpmn:task id="x"/>'), "x", "without a type"),
    "send task": (around('<bpmn:sendTask id="x"/>'), "x", "service task"),
    "complex gateway": (around('<bpmn:complexGateway id="x"/>'), "x", "complex"),
    "link event": (
        around('<bpmn:intermediateThrowEvent '
               'id="x"><bpmn:linkEventDefinition/></bpmn:intermediateThrowEvent>'), "x", "throw",
    ),
    "compensation throw": (
        around('<bpmn:intermediateThrowEvent '
               'id="x"><bpmn:compensateEventDefinition/></bpmn:intermediateThrowEvent>'), "x", "throw",
    ),
    "link catch": (around(catch("x", "<bpmn:linkEventDefinition/>")), "x", "link event"),
    "signal end": (start() + end("x", "<bpmn:signalEventDefinition/>")
    + chain("s", "x"), "x", "signal event"),
    "conditional catch": (around(catch("x", "<bpmn:conditionalEventDefinition/>")), "x", "conditional event"),
    "empty catch": (around(catch("x", "")), "x", "waits for nothing"),
    "two definitions": (around(catch("x", timer() + message("m1"))), "x", "one definition"),
    "message without a name": (around(catch("x", "<bpmn:messageEventDefinition/>")), "x", "no name"),
    "timer start": (start("x", timer()) + user("u") + end() + chain("x", "u", "end"), "x", "timer event"),
    "event subprocess": (
        around(user("x"))
        + f'<bpmn:subProcess id="ev" triggeredByEvent="true">{start("z", message("m1"))}</bpmn:subProcess>',
        "ev", "event subprocesses",
    ),
    "event subprocess, isInterrupting": (
        around(user("x"))
        + '<bpmn:subProcess id="ev" triggeredByEvent="true"><bpmn:startEvent id="z" isInterrupting="false">'
        + message("m1") + "</bpmn:startEvent></bpmn:subProcess>", "ev", "event subprocesses",
    ),
    "transaction": (around('<bpmn:transaction id="x"/>'), "x", "transactions"),
    "ad hoc": (around('<bpmn:adHocSubProcess id="x"/>'), "x", "ad-hoc"),
    "data store": (around(user("x")) + '<bpmn:dataStoreReference id="d"/>', "d", "data stores"),
    "multi-instance": (
        around('<bpmn:userTask id="x" '
               'camunda:candidateGroups="c"><bpmn:multiInstanceLoopCharacteristics/></bpmn:userTask>'),
        "x", "multi-instance",
    ),
    "compensation": (around('<bpmn:serviceTask id="x" implementation="room.work" '
                            'isForCompensation="true"/>'), "x", "compensation"),
    "io specification": (
        around('<bpmn:userTask id="x" '
               'camunda:candidateGroups="c"><bpmn:ioSpecification/></bpmn:userTask>'), "x", "ioSpecification",
    ),
    "unknown operator": (around(service("x", "room.fly")), "x", "unknown operator room.fly"),
    "no operator": (around('<bpmn:serviceTask id="x"/>'), "x", "no operator"),
    "missing parameter": (around(service("x", "room.pay")), "x", "parameter set is missing"),
    "unknown parameter": (around(service("x", inner=parameter("height", "1"))), "x", "no parameter height"),
    "parameter twice": (around(service("x", inner=parameter("round", "1") * 2)), "x", "given twice"),
    "parameter of a person": (
        around('<bpmn:userTask id="x" '
               f'camunda:candidateGroups="c">{parameter("round", "1")}</bpmn:userTask>'), "x", "only service",
    ),
    "juel parameter": (around(service("x", inner=parameter("round", "${x}"))), "x", "write =FEEL"),
    "script parameter": (
        around(service("x", inner="<bpmn:extensionElements><camunda:inputOutput><camunda:inputParameter "
                                  "name='round'>"
        "<camunda:script>1</camunda:script></camunda:inputParameter></camunda:inputOutput>"
        "</bpmn:extensionElements>")),
        "x", "extension element script",
    ),
    "execution listener": (
        around(service("x", inner="<bpmn:extensionElements><camunda:executionListener "
                                  "class='X'/></bpmn:extensionElements>")),
        "x", "executionListener",
    ),
    "java class": (around('<bpmn:serviceTask id="x" camunda:class="X" '
                          'implementation="room.work"/>'), "x", "attribute class"),
    "spiff pre script": (
        around('<bpmn:userTask id="x" camunda:candidateGroups="c"><bpmn:extensionElements>'
        '<q:preScript xmlns:q="http://spiffworkflow.org/bpmn/schema/1.0/core">x=1</q:preScript>'
        "</bpmn:extensionElements></bpmn:userTask>"), "x", "preScript",
    ),
    "foreign element": (around(user("x")) + '<odd:robot id="r"/>', "r", "unknown https://odd.example"),
    "no role": (around('<bpmn:userTask id="x"/>'), "x", "no role"),
    "unknown decision": (around('<bpmn:businessRuleTask id="x" '
                                'camunda:decisionRef="height"/>'), "x", "unknown decision height"),
    "no decision": (around('<bpmn:businessRuleTask id="x"/>'), "x", "names no decision"),
    "unknown call": (around('<bpmn:callActivity id="x" calledElement="nobody"/>'), "x", "no process nobody"),
    "no default": (
        around(gateway("exclusive", "x")) + user("u") + flow("x", "u", "a = 1")
        + flow("u", "end"), "x", "no default",
    ),
    "no condition": (
        around(gateway("exclusive", "x", "x_end")) + user("u") + flow("x", "u")
        + flow("u", "end"), "x", "x_u has no condition",
    ),
    "condition on the default": (
        start() + gateway("exclusive", "x", "x_end") + user("u") + end() + flow("s", "x")
        + flow("x", "end", "b = 1")
        + flow("x", "u", "a = 1") + flow("u", "end"), "x", "default flow would be ignored",
    ),
    "condition behind a parallel gateway": (
        start() + gateway("parallel", "x") + user("u") + end() + flow("s", "x") + flow("x", "u", "a = 1")
        + flow("x", "end") + flow("u", "end"), "x", "would be ignored",
    ),
    "default that goes elsewhere": (around('<bpmn:userTask id="x" default="q" '
                                           'camunda:candidateGroups="c"/>'), "x", "does not leave"),
    "task condition without default": (
        start() + user("x") + user("u") + end() + flow("s", "x") + flow("x", "u", "a = 1") + flow("x", "end")
        + flow("u", "end"), "x", "without a default",
    ),
    "python in a condition": (
        start() + gateway("exclusive", "x", "x_end") + user("u") + end() + flow("s", "x") + flow("x", "end")
        + flow("x", "u", "().__class__.__base__.__subclasses__()")
        + flow("u", "end"), "x_u", "expression refused",
    ),
    "place of the bad text": (
        start() + gateway("exclusive", "x", "x_end") + user("u") + end() + flow("s", "x") + flow("x", "end")
        + flow("x", "u", "age &gt;= ") + flow("u", "end"), "x_u", "column",
    ),
    "bad timer": (around(catch("x", timer("3 days"))), "x", "timer refused"),
    "empty timer": (around(catch("x", timer(""))), "x", "timer refused"),
    "cycle in the flow": (around(catch("x", timer("R3/PT1H", "timeCycle"))), "x", "cycle needs"),
    "two timers on an event gateway": (
        start() + gateway("eventBased", "x") + catch("a", timer()) + catch("b", timer()) + end()
        + chain("s", "x", "a", "end") + chain("x", "b", "end"), "x", "two timers",
    ),
    "same message twice": (
        start() + gateway("eventBased", "x") + catch("a", message("m1")) + catch("b", message("m1")) + end()
        + chain("s", "x", "a", "end") + chain("x", "b", "end"), "x", "same message twice",
    ),
    "a task behind an event gateway": (
        start() + gateway("eventBased", "x") + catch("a", timer()) + user("u") + end()
        + chain("s", "x", "a", "end") + chain("x", "u", "end"), "x", "only catching events",
    ),
    "boundary on nothing": (around(user("u"), "u") + boundary("x", "end", timer())
    + flow("x", "end"), "x", "attached to no activity"),
    "error boundary that does not interrupt": (
        around(service("u"), "u") + boundary("x", "u", ERROR_END, False)
        + flow("x", "end"), "x", "must interrupt",
    ),
    "error end of the top": (start() + end("x", ERROR_END) + chain("s", "x"), "x", "nobody catches"),
    "error end of a subprocess": (
        start() + '<bpmn:subProcess id="sub">' + start("s2") + end("x", ERROR_END) + flow("s2", "x")
        + "</bpmn:subProcess>"
        + end() + chain("s", "sub", "end"), "x", "nobody catches the error refused",
    ),
    "a script from a file as condition": (
        start() + gateway("exclusive", "x", "x_end") + user("u") + end() + flow("s", "x") + flow("x", "end")
        + flow("x", "u", "a = 1").replace("Expression>=", 'Expression camunda:resource="x.js">=')
        + flow("u", "end"),
        "x_u", "attribute resource",
    ),
    "another language": (
        start() + gateway("exclusive", "x", "x_end") + user("u") + end() + flow("s", "x") + flow("x", "end")
        + flow("x", "u", "a = 1").replace("Expression>=", 'Expression language="javascript">=')
        + flow("u", "end"),
        "x_u", "language javascript",
    ),
    "two tokens at once": (around('<bpmn:serviceTask id="x" implementation="room.work" '
                                  'completionQuantity="2"/>'), "x", "quantities"),
    "no start": (user("u") + end() + chain("u", "end"), "p", "one start event"),
    "two starts": (around(user("u"), "u") + start("s2") + flow("s2", "u"), "p", "one start event"),
    "no end": (start() + user("u") + chain("s", "u"), "p", "no end event"),
    "dead end": (around(user("u"), "u") + boundary("b", "u", timer(), False) + service("x")
    + flow("b", "x"), "x", "no way out"),
    "way out of an end": (around(user("u"), "u") + flow("end", "u"), "end", "no way out"),
    "unreachable": (around(user("u"), "u") + user("x") + flow("x", "end"), "x", "cannot be reached"),
    "broken flow": (around(user("u"), "u") + flow("u", "ghost"), "u_ghost", "does not exist"),
    "endless gateway loop": (
        start() + gateway("exclusive", "x", "x_y") + gateway("exclusive", "y") + end() + flow("s", "x")
        + flow("x", "end", "a = 1") + flow("x", "y") + flow("y", "x"), "x", "run for ever",
    ),
    "endless loop through a decision": (
        start() + gateway("exclusive", "x", "x_r")
        + '<bpmn:businessRuleTask id="r" camunda:decisionRef="age"/>' + end()
        + flow("s", "x") + flow("x", "end", "a = 1") + flow("x", "r") + flow("r", "x"), "r", "run for ever",
    ),
    "join behind itself": (
        start() + gateway("parallel", "x") + user("u") + gateway("exclusive", "g", "g_end") + end()
        + chain("s", "x", "u", "g", "end")
        + flow("g", "x", "a = 1"), "x", "comes from behind",
    ),
    "double id": (around(user("x")) + user("x"), "x", "used twice"),
    "flow out of a subprocess": (
        around('<bpmn:subProcess id="x">'
        + around(user("i"), "i").replace('"s"', '"s2"').replace('"end"', '"e2"')
        .replace('"s_i"', '"q1"').replace('"i_end"', '"q2"') + "</bpmn:subProcess>")
        + flow("i", "end"), "i_end", "crosses",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_planted(name: str) -> None:
    body, element_id, words = PLANTED[name]
    problems = errors(found(body))
    assert any(p.element_id == element_id and words in p.message_en for p in problems), [
        str(p) for p in problems
    ]
    assert all(problem.message_zh and problem.message_en for problem in problems)


def test_all_at_once() -> None:
    body = start() + service("a", "room.fly") + '<bpmn:userTask id="b"/><bpmn:scriptTask id="c"/>' + end()
    problems = errors(found(body + chain("s", "a", "b", "c", "end")))
    assert {problem.element_id for problem in problems} == {"a", "b", "c"}


def test_roles_come_from_the_manifest() -> None:
    body = start() + '<bpmn:userTask id="b"/>' + end() + chain("s", "b", "end")
    assert lint(diagram(body), OPERATORS, {"b": {"role": "township"}}, set()) == []
    strangers = lint(diagram(body), OPERATORS, {"b": {"role": "township"}, "ghost": {"role": "x"}}, set())
    assert [(p.element_id, p.severity) for p in strangers] == [("ghost", "warning")]


def test_names_are_declared() -> None:
    body = (
        start() + gateway("exclusive", "x", "x_end") + user("u") + end() + flow("s", "x") + flow("x", "end")
    )
    body += flow("x", "u", "age &gt; 60") + flow("u", "end")
    assert errors(found(body, names={"age"})) == []
    assert [p.element_id for p in errors(found(body, names={"height"}))] == ["x_u"]


def test_called_processes_are_linted_and_may_not_call_themselves() -> None:
    called = diagram(
        start() + service("inner", "room.fly") + end() + chain("s", "inner", "end"), process="lib"
    )
    problems = errors(
        found(around('<bpmn:callActivity id="x" calledElement="lib"/>'), library={"lib": called})
    )
    assert [(problem.element_id, problem.message_en) for problem in problems] == [
        ("inner", "unknown operator room.fly")
    ]
    itself = diagram(around('<bpmn:callActivity id="x" calledElement="p"/>'))
    assert "calls itself" in str(lint(itself, OPERATORS, {}, set(), {"p": itself}))


def test_a_called_process_may_end_in_an_error() -> None:
    called = diagram(
        start() + user("u") + end("bad", ERROR_END) + chain("s", "u", "bad"), process="lib", extra=EXTRA
    )
    body = (
        around('<bpmn:callActivity id="x" calledElement="lib"/>')
        + boundary("b", "x", ERROR_END)
        + flow("b", "end")
    )
    assert errors(found(body, library={"lib": called})) == []


def test_warnings_do_not_forbid() -> None:
    body = around(user("x")) + '<bpmn:dataObjectReference id="d"/>'
    assert [problem.severity for problem in found(body)] == ["warning"]


def test_message_start_needs_its_name() -> None:
    body = start("s", message("b")) + user("u") + end() + chain("s", "u", "end")
    assert errors(found(body, extra=named_message("b", "subsidy.batch.slice_opened.v1"))) == []
    assert [p.element_id for p in errors(found(body, extra='<bpmn:message id="b"/>'))] == ["s"]

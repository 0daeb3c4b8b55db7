"""The reader: hostile files raise, and the vocabularies of three editors mean the same."""

import pytest

from engine.model import DiagramError, Parameter
from engine.program import compile_program
from engine.reader import MAX_BYTES, read_bpmn
from engine.tests.diagrams import HEAD, chain, diagram, document, end, flow, gateway, service, start, user

BODY = start() + user("u") + end() + chain("s", "u", "end")
BOMB = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><x>&c;</x>'
)
HOSTILE = {
    "doctype": b'<!DOCTYPE definitions SYSTEM "http://x/y.dtd">' + document(BODY),
    "doctype in utf-16": ('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY a "b">]>'
    + document(BODY).decode()).encode("utf-16"),
    "entity bomb": BOMB,
    "outside entity": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
    "oversize": document(BODY + " " * MAX_BYTES),
    "not xml": b"hello",
    "empty": b"",
    "broken": document(BODY)[:-20],
    "another root": b"<html/>",
    "no process": f"{HEAD}</bpmn:definitions>".encode(),
    "two processes": document(BODY).replace(b"</bpmn:definitions>", b'<bpmn:process '
                                                                    b'id="q"/></bpmn:definitions>'),
    "too many elements": document("".join(user(f"u{i}") for i in range(600))),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str) -> None:
    with pytest.raises(DiagramError) as raised:
        read_bpmn(HOSTILE[name], "x.bpmn")
    assert raised.value.problems


VOCABULARIES = {
    "standard": service("w", "publicity.open", '<bpmn:extensionElements><daohu:parameter name="round" '
                                               'value="=n + 1"/>'
                        '<daohu:parameter name="kind" value="first"/></bpmn:extensionElements>'),
    "camunda 7": '<bpmn:serviceTask id="w" camunda:type="external" '
                 'camunda:topic="publicity.open"><bpmn:extensionElements>'
                 '<camunda:inputOutput><camunda:inputParameter name="round">=n + 1</camunda:inputParameter>'
                 '<camunda:inputParameter name="kind">first</camunda:inputParameter></camunda:inputOutput>'
                 "</bpmn:extensionElements></bpmn:serviceTask>",
    "camunda 8": '<bpmn:serviceTask id="w"><bpmn:extensionElements><zeebe:taskDefinition '
                 'type="publicity.open"/><zeebe:ioMapping>'
                 '<zeebe:input source="=n + 1" target="round"/><zeebe:input source="first" '
                 'target="kind"/></zeebe:ioMapping>'
                 "</bpmn:extensionElements></bpmn:serviceTask>",
}  # fmt: skip


@pytest.mark.parametrize("name", VOCABULARIES)
def test_editors_agree_on_a_service_task(name: str) -> None:
    read = diagram(start() + VOCABULARIES[name] + end() + chain("s", "w", "end"))
    assert read.problems == []
    element = read.elements["w"]
    assert element.operator == "publicity.open"
    assert element.parameters == [Parameter("round", "n + 1", True), Parameter("kind", "first", False)]


def test_editors_agree_on_decisions_and_groups() -> None:
    called = '<zeebe:calledDecision decisionId="age" resultVariable="r"/>'
    zeebe = f"<bpmn:extensionElements>{called}</bpmn:extensionElements>"
    read = diagram(
        '<bpmn:businessRuleTask id="a" camunda:decisionRef="age" camunda:resultVariable="r"/>'
        f'<bpmn:businessRuleTask id="b">{zeebe}</bpmn:businessRuleTask>'
        '<bpmn:userTask id="u" camunda:candidateGroups="clerk, head"/><bpmn:userTask '
        'id="v"><bpmn:extensionElements>'
        '<zeebe:assignmentDefinition candidateGroups="clerk,head"/></bpmn:extensionElements></bpmn:userTask>'
    )
    assert {(read.elements[e].decision, read.elements[e].result_variable) for e in "ab"} == {("age", "r")}
    assert read.elements["u"].candidate_groups == read.elements["v"].candidate_groups == ("clerk", "head")


def test_other_prefixes_and_drawings_do_not_matter() -> None:
    plain = (
        document(BODY)
        .replace(b"bpmn:", b"")
        .replace(b"xmlns:bpmn=", b"xmlns=")
        .replace(b"xmlns:bpmn", b"xmlns")
    )
    di = b'<di:BPMNDiagram xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI"><di:BPMNPlane/></di:BPMNDiagram></definitions>'
    read = read_bpmn(plain.replace(b"xmlns=", b"xmlns=", 1).replace(b"</definitions>", di), "x")
    assert set(read.elements) == {"s", "u", "end"} and read.problems == []


def test_pools_and_lanes() -> None:
    pools = '<bpmn:participant id="x" processRef="p"/><bpmn:participant id="y"/>'
    extra = f'<bpmn:collaboration id="c">{pools}</bpmn:collaboration>'
    lane = '<bpmn:lane id="l" name="乡镇"><bpmn:flowNodeRef>u</bpmn:flowNodeRef></bpmn:lane>'
    lanes = f'<bpmn:laneSet id="ls">{lane}</bpmn:laneSet>'
    read = diagram(lanes + BODY, extra=extra)
    assert read.elements["u"].lane == "乡镇" and read.problems == []


def test_ids_that_spiff_uses_itself_are_safe() -> None:
    body = (
        start("Start")
        + user("End")
        + user("Root")
        + end("p.EndJoin")
        + chain("Start", "End", "Root", "p.EndJoin")
    )
    case = compile_program(diagram(body)).start("c", {})
    for name in ("End", "Root"):
        (live,) = case.where()
        assert live.element_id == name
        case.complete_user_task(live.task_id, {})
    assert case.done


def test_a_text_with_an_expression_inside_is_no_python() -> None:
    body = (
        start() + gateway("exclusive", "x", "x_end") + user("u") + end() + flow("s", "x") + flow("x", "end")
    )
    hostile = body + flow("x", "u", "().__class__.__base__.__subclasses__()") + flow("u", "end")
    with pytest.raises(DiagramError) as raised:
        compile_program(diagram(hostile))
    assert [problem.element_id for problem in raised.value.problems] == ["x_u"]


def test_a_long_chain_compiles() -> None:
    names = [f"u{i}" for i in range(150)]
    body = start() + "".join(user(name) for name in names) + end() + chain("s", *names, "end")
    case = compile_program(diagram(body)).start("c", {})
    for _ in names:
        (live,) = case.where()
        case.complete_user_task(live.task_id, {})
        assert len(case.workflows[0].tasks) <= 3
    assert case.done


def test_a_lone_process_needs_no_executable_mark() -> None:
    read = read_bpmn(document(BODY).replace(b'isExecutable="true"', b'isExecutable="false"'), "x")
    assert set(read.elements) == {"s", "u", "end"}


def test_what_only_the_manifest_decides_is_a_warning() -> None:
    read = diagram(
        start() + '<bpmn:userTask id="u" camunda:assignee="x" camunda:dueDate="2026-01-01"/>' + end()
    )
    assert [(p.element_id, p.severity) for p in read.problems] == [("u", "warning")] * 2

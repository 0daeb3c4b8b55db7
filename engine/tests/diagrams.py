"""Writes small diagrams in one line per element, the way an editor would."""

import itertools

from engine.model import Diagram
from engine.reader import read_bpmn

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
    ' xmlns:daohu="https://daohu.example/bpmn" xmlns:odd="https://odd.example" targetNamespace="t">'
)


def document(body: str, process: str = "p", extra: str = "") -> bytes:
    inside = f'<bpmn:process id="{process}" isExecutable="true">{body}</bpmn:process>{extra}'
    return f"{HEAD}{inside}</bpmn:definitions>".encode()


def diagram(body: str, process: str = "p", extra: str = "") -> Diagram:
    return read_bpmn(document(body, process, extra), f"{process}.bpmn")


def flow(source: str, target: str, condition: str | None = None) -> str:
    name = f"{source}_{target}"
    inner = f"<bpmn:conditionExpression>={condition}</bpmn:conditionExpression>" if condition else ""
    ends = f'sourceRef="{source}" targetRef="{target}"'
    return f'<bpmn:sequenceFlow id="{name}" {ends}>{inner}</bpmn:sequenceFlow>'


def chain(*ids: str) -> str:
    return "".join(flow(a, b) for a, b in itertools.pairwise(ids))


def start(id: str = "s", inner: str = "") -> str:
    return f'<bpmn:startEvent id="{id}">{inner}</bpmn:startEvent>'


def end(id: str = "end", inner: str = "") -> str:
    return f'<bpmn:endEvent id="{id}">{inner}</bpmn:endEvent>'


def service(id: str, operator: str = "room.work", inner: str = "", attributes: str = "") -> str:
    return f'<bpmn:serviceTask id="{id}" implementation="{operator}" {attributes}>{inner}</bpmn:serviceTask>'


def user(id: str, attributes: str = 'camunda:candidateGroups="clerk"') -> str:
    return f'<bpmn:userTask id="{id}" name="任务 {id}" {attributes}/>'


def gateway(kind: str, id: str, default: str | None = None) -> str:
    extra = f' default="{default}"' if default else ""
    return f'<bpmn:{kind}Gateway id="{id}"{extra}/>'


def timer(text: str = "P3D", form: str = "timeDuration") -> str:
    return f"<bpmn:timerEventDefinition><bpmn:{form}>{text}</bpmn:{form}></bpmn:timerEventDefinition>"


def message(ref: str) -> str:
    return f'<bpmn:messageEventDefinition messageRef="{ref}"/>'


def catch(id: str, inner: str) -> str:
    return f'<bpmn:intermediateCatchEvent id="{id}">{inner}</bpmn:intermediateCatchEvent>'


def boundary(id: str, host: str, inner: str, interrupting: bool = True) -> str:
    cancel = "true" if interrupting else "false"
    attached = f'attachedToRef="{host}" cancelActivity="{cancel}"'
    return f'<bpmn:boundaryEvent id="{id}" {attached}>{inner}</bpmn:boundaryEvent>'


def named_message(id: str, name: str, inner: str = "") -> str:
    return f'<bpmn:message id="{id}" name="{name}">{inner}</bpmn:message>'

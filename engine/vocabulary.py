"""What each editor's vocabulary (Camunda 7, Camunda 8, our own) says about an element, normalised to one
model."""

import re
from collections.abc import Iterator

from lxml import etree

from engine.model import Element, Parameter, Problem

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
DAOHU = "https://daohu.example/bpmn"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
# Drawing and editor bookkeeping: never executed by anybody.
DRAWING = frozenset(
    {
        "http://www.omg.org/spec/BPMN/20100524/DI",
        "http://www.omg.org/spec/DD/20100524/DC",
        "http://www.omg.org/spec/DD/20100524/DI",
        "http://bpmn.io/schema/bpmn/biocolor/1.0",
        "http://www.omg.org/spec/BPMN/non-normative/color/1.0",
        "http://camunda.org/schema/modeler/1.0",
    }
)
# Extension elements we understand, and those that only describe. All others of any vendor are refused: most
# of
# them run code (listeners, scripts, expressions) or change behaviour (retries, connectors) behind our back.
READ = frozenset({
    (CAMUNDA, "inputOutput"), (CAMUNDA, "inputParameter"),
    (ZEEBE, "ioMapping"), (ZEEBE, "input"), (ZEEBE, "taskDefinition"), (ZEEBE, "calledDecision"),
    (ZEEBE, "calledElement"), (ZEEBE, "subscription"), (ZEEBE, "assignmentDefinition"),
    (DAOHU, "parameter"), (DAOHU, "correlation"),
})  # fmt: skip
DESCRIBES = frozenset({
    (CAMUNDA, "properties"), (CAMUNDA, "property"), (CAMUNDA, "formData"), (CAMUNDA, "formField"),
    (ZEEBE, "properties"), (ZEEBE, "property"), (ZEEBE, "userTask"), (ZEEBE, "formDefinition"),
    (ZEEBE, "versionTag"),
})  # fmt: skip
# Vendor attributes on BPMN elements that we read or that only describe.
CAMUNDA_ATTRIBUTES = frozenset({
    "topic", "type", "decisionRef", "decisionRefBinding", "mapDecisionResult", "resultVariable",
    "candidateGroups", "formKey", "formRef", "formRefBinding", "historyTimeToLive", "versionTag",
    "isStartableInTasklist", "modelerTemplate", "modelerTemplateVersion", "calledElementBinding",
    "asyncBefore", "asyncAfter", "exclusive", "jobPriority", "taskPriority",
})  # fmt: skip
# Who does a task, and until when, stands in the project's manifest: here it has no effect, and we say so.
MANIFEST_DECIDES = frozenset({"assignee", "candidateUsers", "dueDate", "followUpDate", "priority"})


def local(node: etree._Element) -> str:
    return etree.QName(node).localname


def namespace(node: etree._Element) -> str:
    return etree.QName(node).namespace or ""


def extensions(node: etree._Element) -> Iterator[etree._Element]:
    """All elements under the node's own extensionElements, at any depth."""
    for holder in node.iterchildren(f"{{{BPMN}}}extensionElements"):
        for found in holder.iterdescendants():
            if isinstance(found.tag, str):
                yield found


def expression(text: str | None) -> str | None:
    """FEEL text without the `=` that marks an expression in Camunda 8; None when there is none."""
    if text is None or not text.strip():
        return None
    text = text.strip()
    return text[1:].strip() if text.startswith("=") else text


def refused(node: etree._Element) -> list[Problem]:
    """Extensions and vendor attributes of one BPMN element that the engine does not honour."""
    found: list[Problem] = []

    def problem(zh: str, en: str) -> None:
        found.append(Problem(node.get("id", ""), node.get("name", ""), zh, en))

    for item in extensions(node):
        key = (namespace(item), local(item))
        if key in READ or key in DESCRIBES or key[0] in DRAWING:
            continue
        problem(f"不支持的扩展元素 {key[1]}", f"extension element {key[1]} of {key[0]} is not supported")
    for name in node.attrib:
        qname = etree.QName(name)
        space, attribute = qname.namespace, qname.localname
        if space is None or space in DRAWING or space in (BPMN, DAOHU, XSI):
            continue
        if space == CAMUNDA and attribute in CAMUNDA_ATTRIBUTES:
            continue
        if space == CAMUNDA and attribute in MANIFEST_DECIDES:
            zh, en = (
                f"{attribute} 不起作用，以项目清单为准",
                f"{attribute} has no effect: the manifest decides",
            )
            found.append(Problem(node.get("id", ""), node.get("name", ""), zh, en, "warning"))
            continue
        problem(f"不支持的扩展属性 {attribute}", f"attribute {attribute} of {space} is not supported")
    return found


def describe(element: Element, node: etree._Element) -> list[Problem]:
    """Fill operator, parameters, decision and groups of `element` from any vocabulary."""
    problems: list[Problem] = []

    def problem(zh: str, en: str) -> None:
        problems.append(Problem(element.id, element.name, zh, en))

    def take(name: str, text: str | None) -> None:
        text = (text or "").strip()
        if "${" in text or "#{" in text:
            problem(
                f"参数 {name} 使用了 JUEL 表达式", f"parameter {name} uses a ${{…}} expression; write =FEEL"
            )
        elif not text.startswith("="):
            element.parameters.append(Parameter(name, text, feel=False))
        else:
            element.parameters.append(Parameter(name, text.removeprefix("=").strip(), feel=True))

    implementation = node.get("implementation") or ""
    if implementation.startswith("##") or implementation.startswith("http"):
        implementation = ""
    topic = node.get(f"{{{CAMUNDA}}}topic")
    element.operator = topic or implementation or None
    element.decision = node.get(f"{{{CAMUNDA}}}decisionRef") or implementation or None
    element.result_variable = node.get(f"{{{CAMUNDA}}}resultVariable")
    groups = node.get(f"{{{CAMUNDA}}}candidateGroups") or ""
    if topic and node.get(f"{{{CAMUNDA}}}type") not in (None, "external"):
        problem("camunda:type 必须为 external", "camunda:type must be external")

    for item in extensions(node):
        key = (namespace(item), local(item))
        if key == (ZEEBE, "taskDefinition"):
            element.operator = (item.get("type") or "").strip() or None
            if (element.operator or "").startswith("="):
                problem("操作名不能是表达式", "the operator must be fixed text, not an expression")
        elif key == (ZEEBE, "calledDecision"):
            element.decision = item.get("decisionId")
            element.result_variable = item.get("resultVariable")
        elif key == (ZEEBE, "calledElement"):
            element.called = item.get("processId")
            if item.get("propagateAllChildVariables") == "false":
                problem("调用活动总是传回全部数据", "a call activity always hands back all data")
        elif key == (ZEEBE, "assignmentDefinition"):
            groups = item.get("candidateGroups") or groups
        elif key == (ZEEBE, "input"):
            take(item.get("target") or "", item.get("source"))
        elif key == (CAMUNDA, "inputParameter"):
            if len(item):
                problem(
                    "inputParameter 只能是文本",
                    "an inputParameter must be plain text, not a script or a list",
                )
            else:
                take(item.get("name") or "", item.text)
        elif key == (DAOHU, "parameter"):
            take(item.get("name") or "", item.get("value"))
    element.candidate_groups = tuple(g.strip() for g in re.split(r"[,，]", groups) if g.strip())
    return problems


def correlation(node: etree._Element) -> str | None:
    """The key a message wait is matched by: FEEL, or None for the case's own id."""
    for item in extensions(node):
        key = (namespace(item), local(item))
        if key == (ZEEBE, "subscription"):
            return expression(item.get("correlationKey"))
        if key == (DAOHU, "correlation"):
            return expression(item.get("value"))
    return None

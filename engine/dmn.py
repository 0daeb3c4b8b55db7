"""Reads DMN 1.1–1.5 decision tables from any editor; compiles every cell, refuses all faults at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from lxml import etree

from engine.decision import Decision, Hits, Rule, RuleHit
from engine.dmn_problems import DmnError, DmnProblem, Problems
from engine.dmn_table import read_table
from engine.model import DiagramError
from engine.reader import parse_xml

NAMESPACES = frozenset({
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "https://www.omg.org/spec/DMN/20211108/MODEL/",
    "https://www.omg.org/spec/DMN/20230324/MODEL/",
})  # fmt: skip
"""DMN 1.1, 1.2, 1.3, 1.4, 1.5: decision tables look the same in all of them."""
MAX_BYTES = 2_000_000
_ENCODING = re.compile(rb"^\s*<\?xml[^>]*encoding\s*=\s*[\"']([^\"']+)")
_DESCRIBES = frozenset({
    "description", "extensionElements", "variable", "question", "allowedAnswers", "authorityRequirement",
    "informationRequirement", "supportedObjective", "impactedPerformanceIndicator", "decisionMaker",
    "decisionOwner", "usingProcess", "usingTask",
})  # fmt: skip
_IGNORED_TOP = frozenset({
    "description", "extensionElements", "inputData", "decision", "knowledgeSource", "textAnnotation",
    "association", "group", "organizationUnit", "performanceIndicator", "elementCollection",
})  # fmt: skip


def read_dmn(xml: bytes, inputs: Collection[str] | None = None) -> dict[str, Decision]:
    """All decision tables of a file by id. Raises DmnError with every problem found.

    `inputs` are the names the FEEL texts may use. Without them the file's `inputData` declare the names, and
    without those the input expressions themselves: then a cell may use only what some input expression uses.
    """
    root = _parse(xml)
    namespace = etree.QName(root).namespace or ""
    problems = Problems()
    if etree.QName(root).localname != "definitions" or namespace not in NAMESPACES:
        raise DmnError([DmnProblem("", "文件 (file)", "不是 DMN 1.1–1.5 文件 (not a DMN 1.1–1.5 file)", "")])
    for child in _children(root):
        name = etree.QName(child).localname
        if etree.QName(child).namespace == namespace and name not in _IGNORED_TOP:
            problems.add(child, name, "不支持的元素 (unsupported element)")
    nodes = _by_id(root, namespace, problems)
    if not nodes:
        problems.add(root, "文件 (file)", "没有决策 (no decision in the file)")
    declared = _declared(root, namespace) if inputs is None else set(inputs)
    decisions: dict[str, Decision] = {}
    reader = _Reader(namespace, nodes, declared, problems, decisions)
    for decision_id in nodes:
        reader.read(decision_id, ())
    if problems.all:
        raise DmnError(problems.all)
    return decisions


def _parse(xml: bytes) -> etree._Element:
    declared = _ENCODING.match(xml[:200])
    encoding = declared[1].lower() if declared else b"utf-8"
    if b"\x00" in xml or xml[:2] in (b"\xff\xfe", b"\xfe\xff") or encoding not in (b"utf-8", b"us-ascii"):
        refusal = "文件须为 UTF-8 编码 (the file must be UTF-8)"
    else:
        try:
            return parse_xml(xml, MAX_BYTES)
        except DiagramError as error:
            refusal = "; ".join(f"{each.message_zh} ({each.message_en})" for each in error.problems)
    raise DmnError([DmnProblem("", "文件 (file)", refusal, "")])


def _children(node: etree._Element) -> Iterator[etree._Element]:
    return (child for child in node if isinstance(child.tag, str))


def _by_id(root: etree._Element, namespace: str, problems: Problems) -> dict[str, etree._Element]:
    nodes: dict[str, etree._Element] = {}
    for node in root.iterchildren(f"{{{namespace}}}decision"):
        decision_id = node.get("id", "")
        if not decision_id or decision_id in nodes:
            problems.add(node, "决策 (decision)", "决策的 id 缺失或重复 (missing or duplicate decision id)")
            continue
        nodes[decision_id] = node
    return nodes


def _variable_name(node: etree._Element, namespace: str) -> str:
    variable = node.find(f"{{{namespace}}}variable")
    name = variable.get("name") if variable is not None else None
    return (name or node.get("name") or node.get("id") or "").strip()


def _declared(root: etree._Element, namespace: str) -> set[str] | None:
    names = {_variable_name(node, namespace) for node in root.iterchildren(f"{{{namespace}}}inputData")}
    return names or None


class _Reader:
    """Reads decisions after those they require, and finds circles among them."""

    def __init__(
        self,
        namespace: str,
        nodes: dict[str, etree._Element],
        declared: set[str] | None,
        problems: Problems,
        done: dict[str, Decision],
    ) -> None:
        self.namespace, self.nodes, self.declared = namespace, nodes, declared
        self.problems, self.done = problems, done

    def read(self, decision_id: str, path: tuple[str, ...]) -> Decision | None:
        if decision_id in self.done:
            return self.done[decision_id]
        node = self.nodes[decision_id]
        name = _variable_name(node, self.namespace)
        if decision_id in path or len(path) > 20:
            self.problems.add(node, f"决策 {name}", "决策互相依赖 (decisions require each other in a circle)")
            return None
        required = [
            found
            for each in self._required(node, name)
            if (found := self.read(each, (*path, decision_id))) is not None
        ]
        decision = self._table(node, decision_id, name, required)
        if decision is not None:
            self.done[decision_id] = decision
        return decision

    def _required(self, node: etree._Element, name: str) -> Iterator[str]:
        for need in node.iterfind(f"{{{self.namespace}}}informationRequirement/{{{self.namespace}}}*"):
            target = need.get("href", "").removeprefix("#")
            if etree.QName(need).localname == "requiredDecision":
                if target in self.nodes:
                    yield target
                else:
                    self.problems.add(need, f"决策 {name}", f"未知的决策 (unknown decision): {target}")

    def _table(
        self, node: etree._Element, decision_id: str, name: str, required: list[Decision]
    ) -> Decision | None:
        tables = []
        for child in _children(node):
            kind = etree.QName(child).localname
            if etree.QName(child).namespace != self.namespace or kind in _DESCRIBES:
                continue
            if kind == "decisionTable":
                tables.append(child)
            else:
                self.problems.add(child, f"决策 {name}", f"只支持决策表 (only decision tables): {kind}")
        if len(tables) != 1:
            self.problems.add(node, f"决策 {name}", "须恰有一张决策表 (exactly one decision table is needed)")
            return None
        declared = None if self.declared is None else self.declared | {each.name for each in required}
        return read_table(tables[0], decision_id, name, declared, tuple(required), self.problems)


__all__ = ["Decision", "DmnError", "DmnProblem", "Hits", "Rule", "RuleHit", "read_dmn"]

"""One decision table from XML: columns, rules, and cells compiled and tried against their declared types."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from lxml import etree

from engine.decision import AGGREGATORS, HIT_POLICIES, Decision, Input, Output, Rule, fits
from engine.dmn_problems import Problems
from engine.feel import (
    Expression,
    FeelError,
    UnaryTests,
    YearsMonths,
    compile_expression,
    compile_unary_tests,
)

MAX_CELLS = 50_000
_TYPES: dict[str, tuple[str | None, Any]] = {
    "": (None, None),
    "any": (None, None),
    "number": ("number", 0),
    "integer": ("number", 0),
    "long": ("number", 0),
    "double": ("number", 0),
    "string": ("string", ""),
    "boolean": ("boolean", True),
    "date": ("date", dt.date(2000, 1, 1)),
    "time": ("time", dt.time()),
    "datetime": ("date and time", dt.datetime(2000, 1, 1)),
    "dateandtime": ("date and time", dt.datetime(2000, 1, 1)),
    "date and time": ("date and time", dt.datetime(2000, 1, 1)),
    "daytimeduration": ("days and time duration", dt.timedelta()),
    "days and time duration": ("days and time duration", dt.timedelta()),
    "yearmonthduration": ("years and months duration", YearsMonths(0)),
    "years and months duration": ("years and months duration", YearsMonths(0)),
}
"""`typeRef` (lower case, without prefix): FEEL's kind, and one value of it to try cells with."""
_NULL = compile_expression("null")


def read_table(
    table: etree._Element,
    decision_id: str,
    name: str,
    declared: set[str] | None,
    requires: tuple[Decision, ...],
    problems: Problems,
) -> Decision | None:
    """The decision, or None after adding what is wrong to `problems`."""
    return _Table(table, decision_id, name, declared, problems).read(requires)


def text_of(node: etree._Element | None) -> str:
    """The content of an element's `<text>`, stripped."""
    if node is None:
        return ""
    for child in node:
        if isinstance(child.tag, str) and etree.QName(child).localname == "text":
            return "".join(map(str, child.itertext())).strip()
    return ""


class _Table:
    def __init__(
        self,
        table: etree._Element,
        decision_id: str,
        name: str,
        declared: set[str] | None,
        problems: Problems,
    ) -> None:
        self.node, self.decision_id, self.name = table, decision_id, name
        self.names, self.problems = declared, problems
        self.tests: dict[str, UnaryTests] = {}  # the same text is compiled once
        self.expressions: dict[str, Expression] = {}

    def add(self, node: etree._Element, place: str, message: str, text: str = "") -> None:
        self.problems.add(node, f"决策 {self.name} {place}".strip(), message, text)

    def children(self, node: etree._Element, name: str) -> list[etree._Element]:
        return [
            child for child in node if isinstance(child.tag, str) and etree.QName(child).localname == name
        ]

    def child(self, node: etree._Element, name: str) -> etree._Element | None:
        return next(iter(self.children(node, name)), None)

    def read(self, requires: tuple[Decision, ...]) -> Decision | None:
        before = len(self.problems.all)
        policy, aggregator = self.policy()
        inputs = [self.input(node) for node in self.children(self.node, "input")]
        if self.names is None and all(column.expression is not _NULL for column in inputs):
            self.names = {name for column in inputs for name in column.expression.names}
            self.names |= {decision.name for decision in requires}
        outputs = list(self.read_outputs())
        rule_nodes = self.children(self.node, "rule")
        if len(rule_nodes) * (len(inputs) + len(outputs)) > MAX_CELLS:
            self.add(self.node, "", f"单元格超过 {MAX_CELLS} 个 (too many cells)")
            return None
        if aggregator and len(outputs) != 1:
            self.add(self.node, "", "汇总须恰有一个输出 (an aggregation needs exactly one output)")
        rules = tuple(self.read_rules(rule_nodes, inputs, outputs))
        if len(self.problems.all) > before:
            return None
        return Decision(
            self.decision_id,
            self.name,
            tuple(inputs),
            tuple(outputs),
            rules,
            policy,
            aggregator,
            requires,
        )

    def policy(self) -> tuple[str, str | None]:
        policy = self.node.get("hitPolicy", "UNIQUE")
        aggregator = self.node.get("aggregation")
        if policy not in HIT_POLICIES:
            self.add(self.node, "", f"不支持的命中策略 (unsupported hit policy): {policy}")
        if aggregator is not None and (aggregator not in AGGREGATORS or policy != "COLLECT"):
            self.add(self.node, "", f"不支持的汇总方式 (unsupported aggregation): {aggregator}")
        return policy, aggregator

    def type_of(self, node: etree._Element, place: str) -> str:
        reference = node.get("typeRef", "").strip().rpartition(":")[2].lower()
        if reference not in _TYPES:
            self.add(node, place, f"不支持的类型 (unsupported type): {node.get('typeRef')}")
            return ""
        return reference

    def language(self, node: etree._Element, place: str) -> None:
        language = node.get("expressionLanguage", "feel")
        if "feel" not in language.lower():
            self.add(node, place, f"只支持 FEEL (only FEEL): {language}")

    def compiled_tests(self, node: etree._Element, place: str, text: str) -> UnaryTests | None:
        self.language(node, place)
        try:
            if text not in self.tests:
                self.tests[text] = compile_unary_tests(text, self.names)
            return self.tests[text]
        except FeelError as error:
            self.add(node, place, str(error), text)
            return None

    def compiled(self, node: etree._Element, place: str, text: str) -> Expression | None:
        self.language(node, place)
        try:
            if text not in self.expressions:
                self.expressions[text] = compile_expression(text, self.names)
            return self.expressions[text]
        except FeelError as error:
            self.add(node, place, str(error), text)
            return None

    def allowed(self, node: etree._Element, name: str, place: str) -> UnaryTests | None:
        holder = self.child(node, name)
        text = text_of(holder)
        return self.compiled_tests(holder, place, text) if holder is not None and text else None

    def input(self, node: etree._Element) -> Input:
        holder = self.child(node, "inputExpression")
        text = text_of(holder)
        name = node.get("label") or text
        place = f"输入 {name}"
        if holder is None or not text:
            self.add(node, place, "缺少输入表达式 (no input expression)")
            return Input(node.get("id", ""), name, _NULL)
        wanted = self.type_of(holder, place)
        expression = self.compiled(holder, place, text)
        allowed = self.allowed(node, "inputValues", place)
        return Input(node.get("id", ""), name, expression or _NULL, _TYPES[wanted][0], allowed)

    def read_outputs(self) -> Iterator[Output]:
        nodes = self.children(self.node, "output")
        if not nodes:
            self.add(self.node, "", "缺少输出列 (no output column)")
        seen: set[str] = set()
        for node in nodes:
            name = (node.get("name") or (self.name if len(nodes) == 1 else "")).strip()
            place = f"输出 {name or node.get('label', '')}".strip()
            if not name or name in seen:
                self.add(node, place, "输出列须有不同的名称 (output columns need different names)")
            seen.add(name)
            wanted = _TYPES[self.type_of(node, place)][0]
            allowed = self.allowed(node, "outputValues", place)
            default_node = self.child(node, "defaultOutputEntry")
            default = None
            if default_node is not None and text_of(default_node):
                default = self.output_cell(default_node, place, Output("", name, wanted, allowed))
            yield Output(node.get("id", ""), name, wanted, allowed, default)

    def count_cells(self, nodes: list[etree._Element], inputs: int, outputs: int) -> None:
        for number, node in enumerate(nodes, 1):
            found = (len(self.children(node, "inputEntry")), len(self.children(node, "outputEntry")))
            if found != (inputs, outputs):
                self.add(node, f"规则 {number}", "单元格数与列数不符 (cells do not match the columns)")

    def read_rules(
        self, nodes: list[etree._Element], inputs: list[Input], outputs: list[Output]
    ) -> Iterator[Rule]:
        self.count_cells(nodes, len(inputs), len(outputs))
        titles = [node.get("name", "") for node in self.children(self.node, "annotation")]
        seen: set[str] = set()
        for number, node in enumerate(nodes, 1):
            rule_id = node.get("id") or f"{self.decision_id}#{number}"
            if rule_id in seen:
                self.add(node, f"规则 {number}", "规则的 id 重复 (duplicate rule id)")
            seen.add(rule_id)
            place = f"规则 {number} ({rule_id})"
            tests = tuple(
                self.input_cell(cell, f"{place} 输入 {column.name}", column)
                for cell, column in zip(self.children(node, "inputEntry"), inputs, strict=False)
            )
            cells = tuple(
                self.output_cell(cell, f"{place} 输出 {column.name}", column)
                for cell, column in zip(self.children(node, "outputEntry"), outputs, strict=False)
            )
            texts = [text_of(entry) for entry in self.children(node, "annotationEntry")]
            titled = titles + [""] * (len(texts) - len(titles))
            description = self.child(node, "description")
            words = "" if description is None else "".join(map(str, description.itertext())).strip()
            yield Rule(rule_id, number, words, tuple(zip(titled, texts, strict=False)), tests, cells)

    def input_cell(self, node: etree._Element, place: str, column: Input) -> UnaryTests | None:
        """None matches everything. A cell that cannot even be compared with its column's type is refused."""
        text = text_of(node)
        if text in ("", "-"):
            return None
        tests = self.compiled_tests(node, place, text)
        sample = next((value for kind, value in _TYPES.values() if kind == column.kind), None)
        if tests is not None and not tests.names and "?" not in text and sample is not None:
            found: list[str] = []
            tests.matches(sample, {}, found.append)
            for message in found:
                self.add(node, place, message, text)
        return tests

    def output_cell(self, node: etree._Element, place: str, column: Output) -> Expression | None:
        """None is null. A constant that fails, or is not what the column declares, is refused."""
        text = text_of(node)
        if not text:
            return None
        cell = self.compiled(node, place, text)
        if cell is not None and not cell.names:
            found: list[str] = []
            fits(cell.evaluate({}, found.append), column.kind, column.allowed, {}, found.append)
            for message in found:
                self.add(node, place, message, text)
        return cell


__all__ = ["read_table", "text_of"]

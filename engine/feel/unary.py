"""Membership, and the tests in a decision table's cells: `>= 60`, `"a","b"`, `not("x")`, `[60..80)`."""

from __future__ import annotations

from typing import Any

from lark import Token, Tree

from engine.feel.code import Code, Fn, Local, Run, settled
from engine.feel.compiler import Node
from engine.feel.logic import any_of, meets, negation
from engine.feel.loops import LoopCompiler
from engine.feel.scope import Scope
from engine.feel.values import Range, kind

_PREDICATES = frozenset(
    {"compare", "between", "in_", "and_op", "or_op", "some", "every", "instance_of", "not_"}
)
"""A cell that is such an expression is true or false by itself; any other is compared with the input."""


class FeelCompiler(LoopCompiler):
    """The whole language."""

    def on_in_(self, node: Tree[Token], scope: Scope) -> Code:
        value, *tests = node.children
        subject = self.code(value, scope)
        parts = [self.test(subject, each, scope) for each in tests]
        return self.joined(any_of, parts, node)

    def on_test(self, node: Tree[Token], scope: Scope) -> Code:
        raise self.fail("此处不能只写比较的一半 (half a comparison is not possible here)", node)

    def test(self, subject: Code, node: Node, scope: Scope) -> Code:
        """`subject` against one test: half a comparison, a range, a list, or a value to equal."""
        if isinstance(node, Tree) and node.data == "test":
            return self.comparison(str(node.children[0]), subject, self.code(node.children[1], scope), node)
        wanted = self.code(node, scope)
        a, b, place = subject.fn, wanted.fn, self.place(node)

        def fn(run: Run, local: Local) -> bool | None:
            x, y = a(run, local), b(run, local)
            result = meets(x, y)
            if result is None and x is not None:
                against = kind(y.low) if type(y) is Range else kind(y)
                run.problem(f"不能比较 (cannot be compared): {kind(x)} = {against} {place}")
            return result

        return settled(Code(fn), subject.fixed and wanted.fixed)

    def on_unary(self, node: Tree[Token], scope: Scope) -> Code:
        return self.any_cell(node.children, node, scope)

    def any_cell(self, nodes: list[Any], node: Node, scope: Scope) -> Code:
        if len(nodes) == 1 and isinstance(nodes[0], Tree) and nodes[0].data == "not_":
            inner = self.any_cell(nodes[0].children, nodes[0], scope).fn
            return Code(lambda run, local: negation(inner(run, local)))
        for each in nodes:
            if isinstance(each, Tree) and each.data == "not_" and not _mentions_input(each):
                raise self.fail("not(…) 须独占一个单元格 (not(…) must be alone in its cell)", each)
        if len(nodes) == 1:
            return self.cell(nodes[0], scope)
        return self.joined(any_of, [self.cell(each, scope) for each in nodes], node)

    def cell(self, node: Node, scope: Scope) -> Code:
        if _asks_itself(node):
            return Code(_truth(self.code(node, scope).fn, self.place(node)))
        return self.test(Code(lambda run, local: run.subject), node, scope)


def _asks_itself(node: Node) -> bool:
    while isinstance(node, Tree) and node.data == "group":
        node = node.children[0]
    if isinstance(node, Token):
        return False
    if node.data == "test":
        return False
    return node.data in _PREDICATES or _mentions_input(node)


def _mentions_input(node: Tree[Token]) -> bool:
    return any(token.type == "QMARK" for token in node.scan_values(lambda value: isinstance(value, Token)))


def _truth(fn: Fn, place: str) -> Fn:
    def run(run: Run, local: Local) -> bool | None:
        value = fn(run, local)
        if type(value) is bool:
            return value
        if value is not None:
            run.problem(f"条件不是真假值 (the condition is not a boolean): {kind(value)} {place}")
        return None

    return run

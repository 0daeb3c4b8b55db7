"""From tree to closures: values, names, operators, calls. `loops` adds iteration, `unary` adds tests."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from lark import Token, Tree

from engine.feel import arithmetic, builtins, logic, temporal
from engine.feel.code import Code, Fn, Local, Run, constant, guarded, settled
from engine.feel.errors import FeelError, FeelNull
from engine.feel.scope import Scope, input_chain, local_name, member
from engine.feel.values import CONTEXT, Range, bounded, kind

Node = Tree[Token] | Token
FUNCTIONS = builtins.table()


def first_token(node: Node) -> Token | None:
    if isinstance(node, Token):
        return node
    return next(iter(node.scan_values(lambda value: isinstance(value, Token))), None)


class Compiler:
    """Compiles one text. `names` collects the inputs it uses; `subject` says if `?` has a meaning."""

    def __init__(self, text: str, *, subject: bool) -> None:
        self.text = text
        self.subject = subject
        self.names: set[str] = set()

    def fail(self, message: str, node: Node) -> FeelError:
        token = first_token(node)
        line, column = (token.line or 1, token.column or 1) if token else (1, 1)
        return FeelError(message, line, column, self.text)

    def place(self, node: Node) -> str:
        token = first_token(node)
        return f"[{token.line}:{token.column}]" if token else "[1:1]"

    def code(self, node: Node, scope: Scope) -> Code:
        name = node.type if isinstance(node, Token) else node.data
        handler: Callable[[Any, Scope], Code] = getattr(self, f"on_{name}")
        return handler(node, scope)

    def codes(self, nodes: list[Any], scope: Scope) -> list[Code]:
        return [self.code(node, scope) for node in nodes]

    def failing(self, fn: Fn, node: Node, *, fixed: bool = False) -> Code:
        """An operation that may turn out null with a reason; settled at once if its parts are."""
        return settled(Code(guarded(fn, self.place(node))), fixed)

    # Literals

    def on_NUMBER(self, token: Token, scope: Scope) -> Code:
        value = Decimal(str(token))
        if CONTEXT.plus(value) != value:
            raise self.fail("数字超过 34 位 (a number of more than 34 digits)", token)
        return constant(value)

    def on_STRING(self, token: Token, scope: Scope) -> Code:
        return constant(str(token))

    def on_AT(self, token: Token, scope: Scope) -> Code:
        try:
            return constant(temporal.literal(str(token)))
        except (FeelNull, ValueError, OverflowError) as error:
            raise self.fail("不是日期、时间或时长 (not a date, time or duration)", token) from error

    def on_NULL(self, token: Token, scope: Scope) -> Code:
        return constant(None)

    def on_TRUE(self, token: Token, scope: Scope) -> Code:
        return constant(True)

    def on_FALSE(self, token: Token, scope: Scope) -> Code:
        return constant(False)

    def on_QMARK(self, token: Token, scope: Scope) -> Code:
        if not self.subject:
            raise self.fail(
                "? 只能用在决策表单元格中 (? has a meaning only in a decision table's cell)", token
            )
        return Code(lambda run, local: run.subject)

    # Names

    def on_NAME(self, token: Token, scope: Scope) -> Code:
        return self.chain([str(token)], token, scope)

    def chain(self, chain: list[str], node: Node, scope: Scope) -> Code:
        name = chain[0]
        if not scope.knows(name):
            raise self.fail(f"未声明的名称 (undeclared name): {name}", node)
        if name in scope.local and (not scope.loose or name == "item"):
            code = Code(local_name(name))
            for each in chain[1:]:
                code = self.member_of(code, each, node)
            return code
        missing = scope.missing_member(chain)
        if missing is not None:
            raise self.fail(f"未声明的成员 (undeclared member): {'.'.join(chain)}", node)
        if not scope.loose or (scope.declared is not None and name in scope.declared):
            self.names.add(".".join(chain))
        return self.failing(input_chain(chain, loose=scope.loose, given=scope.declares(name)), node)

    def on_path(self, node: Tree[Token], scope: Scope) -> Code:
        chain: list[str] = []
        base: Node = node
        while isinstance(base, Tree) and base.data == "path":
            chain.insert(0, str(base.children[1]))
            base = base.children[0]
        if isinstance(base, Token) and base.type == "NAME":
            return self.chain([str(base), *chain], base, scope)
        code = self.code(base, scope)
        for name in chain:
            code = self.member_of(code, name, node)
        return code

    def member_of(self, code: Code, name: str, node: Node) -> Code:
        fn = code.fn
        return self.failing(lambda run, local: member(fn(run, local), name), node, fixed=code.fixed)

    def on_group(self, node: Tree[Token], scope: Scope) -> Code:
        return self.code(node.children[0], scope)

    # Operators

    def on_arith(self, node: Tree[Token], scope: Scope) -> Code:
        first, *rest = node.children
        start = self.code(first, scope)
        signs = [str(token) for token in rest[::2]]
        operands = self.codes(rest[1::2], scope)
        steps = [(sign, operand.fn) for sign, operand in zip(signs, operands, strict=True)]
        begin, calculate = start.fn, arithmetic.calculate

        def fn(run: Run, local: Local) -> Any:
            value = begin(run, local)
            for sign, operand in steps:
                value = calculate(sign, value, operand(run, local))
            return value

        return self.failing(fn, node, fixed=start.fixed and all(operand.fixed for operand in operands))

    def on_negate(self, node: Tree[Token], scope: Scope) -> Code:
        operand = self.code(node.children[1], scope)
        inner = operand.fn
        return self.failing(
            lambda run, local: arithmetic.negative(inner(run, local)), node, fixed=operand.fixed
        )

    def on_compare(self, node: Tree[Token], scope: Scope) -> Code:
        left, right = self.code(node.children[0], scope), self.code(node.children[2], scope)
        return self.comparison(str(node.children[1]), left, right, node)

    def comparison(self, sign: str, left: Code, right: Code, node: Node) -> Code:
        answer, a, b, place = logic.COMPARISONS[sign], left.fn, right.fn, self.place(node)

        def fn(run: Run, local: Local) -> bool | None:
            x, y = a(run, local), b(run, local)
            result = answer(x, y)
            if result is None and x is not None and y is not None:
                run.problem(f"不能比较 (cannot be compared): {kind(x)} {sign} {kind(y)} {place}")
            return result

        return settled(Code(fn), left.fixed and right.fixed)

    def on_between(self, node: Tree[Token], scope: Scope) -> Code:
        value, low, high = self.codes(node.children, scope)
        below = self.comparison("<=", low, value, node)
        above = self.comparison("<=", value, high, node)
        return self.joined(logic.all_of, [below, above], node)

    def on_and_op(self, node: Tree[Token], scope: Scope) -> Code:
        return self.joined(logic.all_of, self.codes(node.children, scope), node)

    def on_or_op(self, node: Tree[Token], scope: Scope) -> Code:
        return self.joined(logic.any_of, self.codes(node.children, scope), node)

    def joined(self, rule: Callable[[Any], bool | None], parts: list[Code], node: Node) -> Code:
        fns = [part.fn for part in parts]
        return settled(
            Code(lambda run, local: rule(fn(run, local) for fn in fns)), all(part.fixed for part in parts)
        )

    def on_not_(self, node: Tree[Token], scope: Scope) -> Code:
        if len(node.children) != 1 or getattr(node.children[0], "data", "") == "test":
            raise self.fail("表达式中 not() 只有一个参数 (not() takes one argument in an expression)", node)
        operand = self.code(node.children[0], scope)
        inner = operand.fn
        return settled(Code(lambda run, local: logic.negation(inner(run, local))), operand.fixed)

    def on_if_(self, node: Tree[Token], scope: Scope) -> Code:
        condition, yes, no = (code.fn for code in self.codes(node.children, scope))
        place = self.place(node)

        def fn(run: Run, local: Local) -> Any:
            answer = condition(run, local)
            if answer is not None and type(answer) is not bool:
                run.problem(f"条件不是真假值 (the condition is not a boolean): {kind(answer)} {place}")
            return yes(run, local) if answer is True else no(run, local)

        return Code(fn)

    def on_instance_of(self, node: Tree[Token], scope: Scope) -> Code:
        value, wanted = self.code(node.children[0], scope), str(node.children[1])
        inner = value.fn

        def fn(run: Run, local: Local) -> bool:
            found = kind(inner(run, local))
            return found != "null" if wanted == "Any" else found == wanted

        return settled(Code(fn), value.fixed)

    # Built values and calls

    def on_list(self, node: Tree[Token], scope: Scope) -> Code:
        parts = self.codes(node.children, scope)
        fns = [part.fn for part in parts]
        fixed = all(part.fixed for part in parts)
        return self.failing(lambda run, local: bounded([fn(run, local) for fn in fns]), node, fixed=fixed)

    def on_context(self, node: Tree[Token], scope: Scope) -> Code:
        entries: list[tuple[str, Fn]] = []
        for entry in node.children:
            assert isinstance(entry, Tree)
            key = str(entry.children[0])
            if any(key == other for other, _ in entries):
                raise self.fail(f"重复的键 (duplicate key): {key}", entry)
            entries.append((key, self.code(entry.children[1], scope).fn))
            scope = scope.plus(key)

        def fn(run: Run, local: Local) -> Any:
            made: dict[str, Any] = {}
            for key, entry_fn in entries:
                made[key] = bounded(entry_fn(run, {**local, **made}))
            return bounded(made)

        return self.failing(fn, node)

    def on_range(self, node: Tree[Token], scope: Scope) -> Code:
        left, low_node, _, high_node, right = node.children
        low, high = self.code(low_node, scope), self.code(high_node, scope)
        a, b, closed, shut = low.fn, high.fn, left == "[", right == "]"
        code = Code(lambda run, local: Range(a(run, local), b(run, local), closed, shut))
        code = settled(code, low.fixed and high.fixed)
        if code.fixed:
            ends = code.fn(Run({}, None), {})
            if logic.less_equal(ends.low, ends.high) is not True:
                raise self.fail(
                    "区间下限大于上限，或两端不可比较 (a range whose ends are out of order)", node
                )
        return code

    def on_call(self, node: Tree[Token], scope: Scope) -> Code:
        name = " ".join(str(node.children[0]).split())
        builtin = FUNCTIONS.get(name)
        if builtin is None:
            reason = builtins.REFUSED.get(name, "未知函数 (unknown function)")
            raise self.fail(f"{reason}: {name}", node)
        least, most = builtin.arity
        arguments = self.codes(node.children[1:], scope)
        if not least <= len(arguments) <= most:
            raise self.fail(f"参数个数不符 (wrong number of arguments): {name}", node)
        call, fns = builtin.checked(), [argument.fn for argument in arguments]
        fixed = all(argument.fixed for argument in arguments)
        return self.failing(lambda run, local: call([fn(run, local) for fn in fns]), node, fixed=fixed)

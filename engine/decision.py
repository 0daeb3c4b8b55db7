"""A decision table at work: which rules hit, what comes out, and every problem on the way, as evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.feel import Expression, UnaryTests, compile_expression
from engine.feel.values import from_python, kind

HIT_POLICIES = frozenset({"UNIQUE", "FIRST", "COLLECT"})
AGGREGATORS = {"SUM": "sum(hits)", "MIN": "min(hits)", "MAX": "max(hits)", "COUNT": "count(hits)"}
_AGGREGATES = {name: compile_expression(text, ["hits"]) for name, text in AGGREGATORS.items()}


@dataclass(frozen=True, slots=True)
class Input:
    """A column of tests. `kind`: the declared FEEL type, None for any. `allowed`: its possible values."""

    id: str
    name: str
    expression: Expression
    kind: str | None = None
    allowed: UnaryTests | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """A column of results. `default` is used when no rule hits."""

    id: str
    name: str
    kind: str | None = None
    allowed: UnaryTests | None = None
    default: Expression | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A row. `annotations` are the texts of the annotation columns, with the column's name."""

    id: str
    number: int
    description: str
    annotations: tuple[tuple[str, str], ...]
    tests: tuple[UnaryTests | None, ...]
    outputs: tuple[Expression | None, ...]


@dataclass(frozen=True, slots=True)
class RuleHit:
    """A rule that hit; `number` counts from 1."""

    decision_id: str
    id: str
    number: int
    description: str
    annotations: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Hits:
    """`result`: a dict by output name; for COLLECT a list of them, or one aggregated; None: no result.

    `rules`: what hit, also in decisions needed first. `problems`: the reasons of nulls; no values in them.
    """

    result: dict[str, Any] | list[dict[str, Any]] | None
    rules: tuple[RuleHit, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """Made by `engine.dmn.read_dmn`: immutable, safe to share between threads."""

    id: str
    name: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    hit_policy: str
    aggregator: str | None = None
    requires: tuple[Decision, ...] = field(default=(), repr=False)

    def evaluate(self, context: Mapping[str, Any]) -> Hits:
        """Decide over one set of facts. Never raises: what cannot be decided is None, with its problems.

        A required decision is evaluated first, unless the context already has its name.
        """
        problems: dict[str, None] = {}
        earlier: tuple[RuleHit, ...] = ()
        for needed in self.requires:
            if needed.name not in context:
                hits = needed.evaluate(context)
                earlier += hits.rules
                problems |= dict.fromkeys(hits.problems)
                context = {**context, needed.name: needed.value_of(hits)}
        found = self._matching(context, _told(problems, self.name))
        here = tuple(RuleHit(self.id, r.id, r.number, r.description, r.annotations) for r in found or ())
        result = None if found is None else self._result(found, context, problems)
        return Hits(result, earlier + here, tuple(problems))

    def evaluate_many(self, rows: Iterable[Mapping[str, Any]]) -> list[Hits]:
        """One result per row, in their order."""
        return [self.evaluate(row) for row in rows]

    def value_of(self, hits: Hits) -> Any:
        """A result as other decisions see it: with a single output column, the bare value."""
        if len(self.outputs) > 1 or hits.result is None:
            return hits.result
        name = self.outputs[0].name
        if isinstance(hits.result, list):
            return [each[name] for each in hits.result]
        return hits.result[name]

    def _matching(self, context: Mapping[str, Any], tell: Callable[[str], None]) -> list[Rule] | None:
        values: list[Any] = []
        usable = True
        for column in self.inputs:
            say = _within(tell, f"输入 {column.name}")
            value = column.expression.evaluate(context, say)
            if value is not None and column.kind is not None and kind(from_python(value)) != column.kind:
                say(f"类型不符 (wrong type): {kind(from_python(value))}, 应为 {column.kind}")
                value = None
            if (
                value is not None
                and column.allowed
                and column.allowed.matches(value, context, say) is not True
            ):
                say("不在允许的取值内 (not one of the allowed values)")
                usable = False
            values.append(value)
        if not usable:
            return None
        found: list[Rule] = []
        for rule in self.rules:
            if self._hits(rule, values, context, tell):
                found.append(rule)
                if self.hit_policy == "FIRST":
                    break
        return found

    def _hits(
        self, rule: Rule, values: list[Any], context: Mapping[str, Any], tell: Callable[[str], None]
    ) -> bool:
        heard: list[str] = []
        for column, test, value in zip(self.inputs, rule.tests, values, strict=True):
            if test is None:
                continue
            answer = test.matches(value, context, heard.append)
            for message in heard:
                tell(f"规则 {rule.id} 输入 {column.name}: {message}")
            heard.clear()
            if answer is not True:
                return False
        return True

    def _result(
        self, found: list[Rule], context: Mapping[str, Any], problems: dict[str, None]
    ) -> dict[str, Any] | list[dict[str, Any]] | None:
        tell = _told(problems, self.name)
        if self.hit_policy == "UNIQUE" and len(found) > 1:
            ids = ", ".join(rule.id for rule in found)
            tell(f"唯一命中策略下有多条规则命中 (UNIQUE, but more than one rule hit): {ids}")
            return None
        rows = [self._row(rule, context, tell) for rule in found]
        if self.hit_policy == "COLLECT":
            return self._collected(rows, tell)
        if rows:
            return rows[0]
        if all(column.default is None for column in self.outputs):
            return None
        return self._typed([column.default for column in self.outputs], context, tell, "默认")

    def _collected(
        self, rows: list[dict[str, Any]], tell: Callable[[str], None]
    ) -> list[dict[str, Any]] | dict[str, Any]:
        if self.aggregator is None:
            return rows
        name = self.outputs[0].name
        hits = [row[name] for row in rows]
        return {name: _AGGREGATES[self.aggregator].evaluate({"hits": hits}, tell)}

    def _row(self, rule: Rule, context: Mapping[str, Any], tell: Callable[[str], None]) -> dict[str, Any]:
        return self._typed(list(rule.outputs), context, tell, f"规则 {rule.id}")

    def _typed(
        self,
        cells: list[Expression | None],
        context: Mapping[str, Any],
        tell: Callable[[str], None],
        place: str,
    ) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for column, cell in zip(self.outputs, cells, strict=True):
            say = _within(tell, f"{place} 输出 {column.name}")
            value = None if cell is None else cell.evaluate(context, say)
            row[column.name] = value if fits(value, column.kind, column.allowed, context, say) else None
        return row


def fits(
    value: Any,
    wanted: str | None,
    allowed: UnaryTests | None,
    context: Mapping[str, Any],
    say: Callable[[str], None],
) -> bool:
    """Is an output of the declared type and among the declared values? null always is."""
    if value is None:
        return True
    if wanted is not None and kind(from_python(value)) != wanted:
        say(f"类型不符 (wrong type): {kind(from_python(value))}, 应为 {wanted}")
        return False
    if allowed is not None and allowed.matches(value, context, say) is not True:
        say("不在允许的取值内 (not one of the allowed values)")
        return False
    return True


def _told(problems: dict[str, None], name: str) -> Callable[[str], None]:
    return lambda message: problems.update({f"决策 {name}: {message}": None})


def _within(tell: Callable[[str], None], place: str) -> Callable[[str], None]:
    return lambda message: tell(f"{place}: {message}")

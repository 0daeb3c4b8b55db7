"""Walks every way a process can take and keeps what surely holds at each step.

A state is (step, last outcome, last decision); commands branch over their outcomes, people over their decisions.
What holds is a set: names of data that are filled, and marks such as `signed:finance_review`. Where ways meet only
what holds on all of them is kept, so that a missing mark means: there is a way around it.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from contracts.base import REGISTRY, outcome_name
from engine.expressions import FeelError, feel
from engine.flat import Key, Step, Way
from services.orchestrator.engine.commands import COMMANDS

State = tuple[Key, str, str]
LITERALS = re.compile(r'"([^"]*)"')
WAITS = frozenset(
    {"serviceTask", "userTask", "manualTask", "receiveTask", "intermediateCatchEvent", "endEvent"}
)
FIELDS = {outcome_name(type_): frozenset(cls.model_fields) for type_, cls in REGISTRY.items()}
JOINS = frozenset({"parallelGateway"})
UNPRICED = frozenset({"signed:department_review", "signed:finance_review"})


@dataclass
class Walk:
    """The states of one process from one start; `holds` is filled by `run`."""

    steps: Mapping[Key, Step]
    nodes: Mapping[str, Mapping[str, Any]]
    start: Mapping[str, Any]
    """Data whose values are known from the start: kind, publicity_done, reissues."""
    given: frozenset[str] = frozenset()
    """Names that the start event fills."""
    holds: dict[State, frozenset[str]] = field(default_factory=dict)
    _into: dict[Key, set[Key]] = field(default_factory=dict)
    _branches: dict[Key, dict[Key, frozenset[str]]] = field(default_factory=dict)

    def run(self) -> "Walk":
        """Follow every way until nothing changes any more."""
        first = next(iter(self.steps))
        todo: list[tuple[Key, State, frozenset[str]]] = [((), (first, "", ""), self.given)]
        while todo:
            source, state, facts = todo.pop()
            if self._joins(state[0]):
                state = (state[0], "", "")
                met = self._joined(source, state[0], facts)
                if met is None:
                    continue
                facts = met
            known = self.holds.get(state)
            kept = facts if known is None else known & facts
            if kept != known:
                self.holds[state] = kept
                todo += [(state[0], after, held) for after, held in self._after(state, kept)]
        return self

    def _joins(self, key: Key) -> bool:
        return self.steps[key].element.kind in JOINS and len(self._sources(key)) > 1

    def _sources(self, key: Key) -> frozenset[Key]:
        if not self._into:
            for source, step in self.steps.items():
                for way in step.ways:
                    self._into.setdefault(way.target, set()).add(source)
        return frozenset(self._into.get(key, ()))

    def _joined(self, source: Key, key: Key, facts: frozenset[str]) -> frozenset[str] | None:
        """At a join all branches have come: what holds on any of them holds. None while one has not been seen."""
        branches = self._branches.setdefault(key, {})
        branches[source] = branches.get(source, facts) & facts
        if set(branches) < self._sources(key):
            return None
        return frozenset().union(*branches.values())

    def at(self, key: Key) -> Iterator[frozenset[str]]:
        """What holds at a step, in each of its states."""
        return (facts for (where, _, _), facts in self.holds.items() if where == key)

    def _after(self, state: State, facts: frozenset[str]) -> Iterator[tuple[State, frozenset[str]]]:
        key, outcome, decision = state
        step = self.steps[key]
        for out, said, held in self._answers(step, outcome, decision, facts):
            for way in self._ways(step, out, said):
                yield (way.target, out, said), held

    def _answers(
        self, step: Step, outcome: str, decision: str, facts: frozenset[str]
    ) -> Iterator[tuple[str, str, frozenset[str]]]:
        """Last outcome, last decision and what holds when the step is left."""
        element = step.element
        command = COMMANDS.get(element.operator or "") if element.kind == "serviceTask" else None
        if command is not None:
            for type_ in command.OUTCOMES or ("",):
                name = outcome_name(type_) if type_ else ""
                yield name, decision, _marked(element, name, facts) | FIELDS.get(name, frozenset())
        elif element.kind == "userTask":
            node = self.nodes.get(element.id, {})
            requires = node.get("requires", {})
            for said in node.get("decisions", ["approve"]):
                left = facts - set(node.get("form", ())) | set(requires.get(said, ()))
                yield outcome, said, left | {"decision", "actor", "work_item_id"}
        else:
            yield outcome, decision, facts

    def _ways(self, step: Step, outcome: str, decision: str) -> list[Way]:
        if not any(way.condition for way in step.ways):
            return step.ways
        data = {**self.start, "outcome": outcome, "decision": decision or None}
        found, sure = [], False
        for way in step.ways:
            if way.condition is None or way.default:
                continue
            results = possible(way.condition, tuple(data.items()))
            if True in results and not sure:
                found.append(way)
            sure = sure or results == {True}
        return found if sure else found + [way for way in step.ways if way.default or way.condition is None]

    def next_waits(self, key: Key, outcome: str, decision: str) -> frozenset[Key]:
        """The waits and ends that follow at once when a wait is answered like this."""
        found: set[Key] = set()
        seen: set[Key] = set()
        todo = [way.target for way in self._ways(self.steps[key], outcome, decision)]
        while todo:
            one = todo.pop()
            step = self.steps[one]
            if one in seen:
                continue
            seen.add(one)
            if step.element.kind in WAITS and not (step.element.kind == "endEvent" and step.ways):
                found.add(one)
            else:
                todo += [way.target for way in self._ways(step, outcome, decision)]
        return frozenset(found)


def _marked(element: Any, outcome: str, facts: frozenset[str]) -> frozenset[str]:
    said = {one.name: one.text.strip('"') for one in element.parameters}
    match outcome:
        case "set_signed" | "slice_signed":
            return facts | {f"signed:{said.get('node', '')}"}
        case "set_calculated":
            return facts - UNPRICED
        case "lines_reopened":
            return facts - {"signed:township_review"}
        case "notice_confirmed" | "set_notices_closed":
            return facts | {f"published:{said.get('round', '')}"}
        case "set_rechecked" | "cards_rechecked" | "slice_verified" | "slice_matched":
            return facts | {outcome}
    return facts


@cache
def possible(condition: str, known: tuple[tuple[str, Any], ...]) -> frozenset[bool]:
    """Whether a condition may hold and may fail, given what is known; every other name may be anything."""
    data = dict(known)
    try:
        compiled = feel(condition, None)
    except FeelError:
        return frozenset({True, False})
    unknown = sorted(name for name in compiled.names if name not in data)
    values = [*LITERALS.findall(condition), "?", True, False, None, 0, 1, []]
    tried = itertools.islice(itertools.product(values, repeat=len(unknown)), 5000)
    return frozenset(
        compiled.evaluate({**data, **dict(zip(unknown, one, strict=True))}) is True for one in tried
    )

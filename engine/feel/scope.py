"""Names at work: which one a text means (checked at compile time) and its value (looked up at evaluation)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.feel.code import Fn, Local, Run
from engine.feel.errors import FeelNull
from engine.feel.names import Declared
from engine.feel.temporal import part
from engine.feel.values import from_python

_MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Scope:
    """`declared` is None when any name may be used. `loose`: in a filter, names may be its keys."""

    declared: dict[str, Declared] | None
    local: frozenset[str] = frozenset()
    loose: bool = False

    def plus(self, *names: str) -> Scope:
        return replace(self, local=self.local | set(names))

    def filtering(self) -> Scope:
        return replace(self, local=self.local | {"item"}, loose=True)

    def knows(self, name: str) -> bool:
        return name in self.local or self.declared is None or name in self.declared or self.loose

    def declares(self, name: str) -> bool:
        return self.declared is None or name in self.declared

    def missing_member(self, chain: list[str]) -> str | None:
        """The first part of `chain` that the declarations exclude, if any."""
        if self.declared is None or chain[0] in self.local or chain[0] not in self.declared:
            return None
        level: dict[str, Declared] | None = self.declared
        for name in chain:
            if level is None:
                return None
            node = level.get(name)
            if node is None:
                return name
            level = None if node.open else node.members
        return None


def member(value: Any, name: str) -> Any:
    """`value.name`. Over a list: of each element. Raises FeelNull when there is no such member."""
    if type(value) is dict:
        if name not in value:
            raise FeelNull(f"没有此成员 (no such member): {name}")
        return value[name]
    if value is None:
        return None
    if type(value) is list:
        return [member(item, name) if type(item) is dict and name in item else None for item in value]
    return part(value, name)


def local_name(name: str) -> Fn:
    return lambda run, local: local[name]


def input_chain(chain: list[str], *, loose: bool, given: bool) -> Fn:
    """`a.b.c` from the inputs, converting only what is asked for.

    `loose`: in a filter the element's keys come first. `given`: the name may come from the inputs at all.
    """
    root, rest = chain[0], chain[1:]

    def look(run: Run, local: Local) -> Any:
        if loose and root in local:
            value = local[root]
            for name in rest:
                value = member(value, name)
            return value
        value = run.data.get(root, _MISSING) if given else _MISSING
        if value is _MISSING:
            raise FeelNull(f"缺少输入 (missing input): {root}")
        for place, name in enumerate(rest):
            if not isinstance(value, Mapping):
                value = from_python(value)
                for later in rest[place:]:
                    value = member(value, later)
                return value
            value = value.get(name, _MISSING)
            if value is _MISSING:
                raise FeelNull(f"没有此成员 (no such member): {name}")
        return from_python(value)

    return look

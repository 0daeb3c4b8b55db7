"""Declared names: which inputs a text may use, such as `申请年龄`, `first name`, `a-b`, `person.age`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from engine.feel.errors import FeelError

RESERVED = frozenset({
    "if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "and", "or", "not", "between",
    "instance", "of", "function", "external", "true", "false", "null",
})  # fmt: skip
_FORBIDDEN = re.compile(r"[\"\[\](){}<>=!,:;?@#\\|&^%$~`\x00-\x08\x0e-\x1f]|\.\.|//|/\*")


@dataclass(slots=True)
class Declared:
    """One declared name. `open`: it was declared itself, so any member may be asked of it."""

    open: bool = False
    members: dict[str, Declared] = field(default_factory=dict)


def normal(name: str) -> str:
    """Any run of white space counts as one space (DMN 1.3 §10.3.1.4)."""
    return " ".join(name.split())


def is_start(char: str) -> bool:
    return char == "_" or char.isalpha()


def is_part(char: str) -> bool:
    return char == "_" or char == "·" or char.isalnum()


def declare(inputs: Collection[str]) -> dict[str, Declared]:
    """The tree of declared names; raises FeelError for one that FEEL could never read."""
    root: dict[str, Declared] = {}
    for name in sorted(inputs):
        level = root
        steps = [normal(part) for part in name.split(".")]
        for place, part in enumerate(steps):
            _check(part, name, root=place == 0)
            node = level.setdefault(part, Declared())
            level = node.members
        node.open = True
    return root


def _check(part: str, name: str, *, root: bool) -> None:
    if not part or not is_start(part[0]) or _FORBIDDEN.search(part) or (root and part in RESERVED):
        raise FeelError(f"不能作为名称 (not a possible name): {name!r}", 1, 1, name)


def all_members(tree: dict[str, Declared]) -> set[str]:
    """Names that may follow a dot anywhere."""
    found: set[str] = set()
    todo = list(tree.values())
    while todo:
        node = todo.pop()
        found.update(node.members)
        todo.extend(node.members.values())
    return found


class Longest:
    """Finds the longest of a set of known names at a place in a text."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_start: dict[str, list[tuple[int, str, re.Pattern[str]]]] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        known = self._by_start.setdefault(name[0], [])
        if any(other == name for _, other, _ in known):
            return
        pattern = r"\s+".join(re.escape(word) for word in name.split(" "))
        known.append((len(name), name, re.compile(pattern)))
        known.sort(key=lambda entry: -entry[0])

    def at(self, text: str, place: int) -> tuple[str, int] | None:
        """(name, end) of the longest known name starting at `place` and not ending inside a word."""
        for _, name, pattern in self._by_start.get(text[place], ()):
            match = pattern.match(text, place)
            if match and (match.end() == len(text) or not is_part(text[match.end()])):
                return name, match.end()
        return None

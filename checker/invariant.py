"""What one invariant found: how many things were looked at, what was wrong, and figures beside it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

KEPT = 20
"""So many wrong things are quoted; all are counted."""


@dataclass
class Invariant:
    """Filled by one checking function. It holds when something was checked and nothing was wrong."""

    name: str
    checked: int = 0
    wrong: int = 0
    examples: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)

    def expect(self, holds: bool, otherwise: str) -> bool:
        """Count one check; `otherwise` says what is wrong, in ids and codes only."""
        self.checked += 1
        if not holds:
            self.fail(otherwise)
        return holds

    def fail(self, what: str) -> None:
        """Note something wrong without counting a check."""
        self.wrong += 1
        if len(self.examples) < KEPT:
            self.examples.append(what)

    @property
    def ok(self) -> bool:
        """Nothing checked is not true, it is unknown: and unknown is red."""
        return self.checked > 0 and self.wrong == 0

    def report(self) -> dict[str, Any]:
        """As it stands in the report."""
        detail: dict[str, Any] = dict(sorted(self.figures.items()))
        if self.wrong:
            detail |= {"wrong": self.wrong, "examples": self.examples}
        return {"ok": self.ok, "checked": self.checked, "detail": detail}

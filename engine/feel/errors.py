"""What can go wrong with a FEEL text: a typed refusal at compile time, a null with a reason later."""

from __future__ import annotations

from collections.abc import Callable

OnProblem = Callable[[str], None]

MAX_TEXT = 10_000
"""Characters in one FEEL text."""
MAX_DEPTH = 60
"""Nesting of a text, and of a value handed in."""
MAX_STEPS = 10_000
"""Iterations of `for`, `some`, `every` and filters in one evaluation together: a rule looks at one case."""
MAX_ITEMS = 10_000
"""Parts of a list or context built by an expression."""
MAX_CHARACTERS = 100_000
"""Characters of a string built by an expression."""


class FeelError(ValueError):
    """A text that is not FEEL, or not the part of FEEL we run: `line` and `column` count from 1."""

    def __init__(self, message: str, line: int, column: int, text: str) -> None:
        super().__init__(f"{message} [行 {line} 列 {column} (line {line}, column {column})]")
        self.message = message
        self.line = line
        self.column = column
        self.text = text


class FeelNull(Exception):
    """Raised inside an operation to say: the result is null, and this is why. Never leaves the package."""

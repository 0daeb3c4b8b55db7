"""What is wrong with a DMN file, collected so that its author hears all of it at once."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree


@dataclass(frozen=True, slots=True)
class DmnProblem:
    """`element_id` in the file, `place` in words, what is wrong, and the FEEL `text` if any."""

    element_id: str
    place: str
    message: str
    text: str

    def __str__(self) -> str:
        return f"[{self.element_id}] {self.place}: {self.message}" + (f": {self.text}" if self.text else "")


class DmnError(ValueError):
    """A file that cannot be used; `problems` holds every reason, never empty."""

    def __init__(self, problems: list[DmnProblem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


class Problems:
    """The list being collected while reading."""

    def __init__(self) -> None:
        self.all: list[DmnProblem] = []

    def add(self, node: etree._Element, place: str, message: str, text: str = "") -> None:
        owner: etree._Element | None = node
        while owner is not None and not owner.get("id"):
            owner = owner.getparent()
        self.all.append(DmnProblem("" if owner is None else owner.get("id", ""), place, message, text[:200]))

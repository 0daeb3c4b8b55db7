"""I11: what should have come of these people, told by the truth they were invented with, beside what did come.

The model knows nothing of rooms, messages or diagrams: only each person's fault and what the regulations say of it.
"""

from typing import Any

from demo.figures import Figures
from demo.people import Person, Population
from demo.setup import PRICES

PAID = ("paid", "death_in_period")
"""A death within the period is still paid: the project's parameter `death_within_period`."""


def predict(people: Population, silent: str, upheld: int) -> dict[str, int]:
    """Counts and fen; `upheld` objections were each about one 低保 person who would have been paid."""
    active = [one for one in people.people if one.township != silent]
    paid = [one for one in active if one.expect in PAID]
    failed = [one for one in active if one.expect == "bank_failed"]

    def count(*outcomes: str) -> int:
        return sum(one.expect in outcomes for one in people.people)

    return {
        "rejected": count("refused", "rejected", "duplicate"),
        "intercepted": count("intercepted"),
        "abnormal_cards": count("abnormal_card"),
        "confirmed": len(paid) + len(failed),
        "paid": len(paid) - upheld,
        "paid_fen": sum(_fen(one) for one in paid) - upheld * _price("minimum_living"),
        "failed": len(failed),
    }


def compare(people: Population, silent: str, found: Figures) -> dict[str, Any]:
    """The invariant as the checker would report it."""
    predicted = predict(people, silent, found.objections_upheld)
    wrong = [
        f"{name}: 预测 (predicted) {value}, 实际 (found) {getattr(found, name)}"
        for name, value in predicted.items()
        if getattr(found, name) != value
    ]
    detail: dict[str, Any] = dict(predicted) | ({"wrong": len(wrong), "examples": wrong} if wrong else {})
    return {"ok": not wrong, "checked": len(people.people), "detail": detail}


def _fen(one: Person) -> int:
    return _price(one.category)


def _price(category: str) -> int:
    return int(PRICES[category].replace(".", ""))

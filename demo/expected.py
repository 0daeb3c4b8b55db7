"""I11: what should have come of these people, told by the truth they were invented with, beside what did come.

The model knows nothing of rooms, messages or diagrams: only each person's fault and what the regulations say of it.
"""

from typing import Any

from demo.figures import Figures
from demo.people import Person, Population
from demo.setup import PRICES
from demo.year import INSTALMENT_FEN, Year

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


def predict_year(people: Population, upheld: int, year: Year) -> dict[str, int]:
    """Fen per period of the batch, after all months: who is paid, who left, who came, what was kept back and made good.

    By the end of the first period's batch everybody entitled has been paid, the silent township and the frozen
    accounts (by 重发) included. A false hit, a lost card and a returned payment delay, they take nothing away.
    """
    entitled = [one for one in people.people if one.expect in (*PAID, "bank_failed")]
    flat = _price("minimum_living")  # everybody with a fate of their own is 低保
    fen = sum(_fen(one) for one in entitled) - upheld * flat
    predicted = {f"paid_fen_{year.periods[0]}": fen}
    fen -= sum(
        _fen(one) for one in entitled if one.expect == "death_in_period"
    )  # confirmed by two people: 停发
    fen -= flat  # moved out: stopped
    fen += sum(_fen(one) for one in year.newcomers)
    predicted[f"paid_fen_{year.periods[1]}"] = fen - flat - INSTALMENT_FEN  # suspended; first instalment
    # Resumed with the missed month made good; one died in the month before; second instalment.
    predicted[f"paid_fen_{year.periods[2]}"] = fen + flat - flat - INSTALMENT_FEN
    dead = 1 + sum(one.expect == "death_in_period" for one in entitled)
    faulty = sum(one.expect == "intercepted" for one in people.people)
    return predicted | {"hits_lifted": 1, "lines_confirmed": dead + faulty, "returned": 1}


def compare(people: Population, silent: str, found: Figures, year: Year | None = None) -> dict[str, Any]:
    """The invariant as the checker would report it."""
    if year is None:
        predicted = predict(people, silent, found.objections_upheld)
        actual = {name: int(getattr(found, name)) for name in predicted}
    else:
        predicted = predict_year(people, found.objections_upheld, year)
        actual = found_in(found, year)
    wrong = [
        f"{name}: 预测 (predicted) {value}, 实际 (found) {actual[name]}"
        for name, value in predicted.items()
        if actual[name] != value
    ]
    detail: dict[str, Any] = dict(predicted) | ({"wrong": len(wrong), "examples": wrong} if wrong else {})
    return {"ok": not wrong, "checked": len(people.people), "detail": detail}


def found_in(found: Figures, year: Year) -> dict[str, int]:
    """What the year model predicts, as it was read back."""
    actual = {
        f"paid_fen_{period}": sum(
            order["payments_fen"].get("PAID", 0) for order in found.orders if order["period"] == period
        )
        for period in year.periods
    }
    returned = sum(order["payments"].get("RETURNED", 0) for order in found.orders)
    return actual | {"hits_lifted": year.lifted, "lines_confirmed": len(year.confirmed), "returned": returned}


def _fen(one: Person) -> int:
    return _price(one.category)


def _price(category: str) -> int:
    return int(PRICES[category].replace(".", ""))

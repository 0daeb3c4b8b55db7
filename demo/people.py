"""The people of the demonstration: one record per application, with the truth and what should come of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

Channel = Literal["citizen", "helper", "roster"]
Category = Literal["destitute", "minimum_living"]
Outcome = Literal[
    "paid",
    "refused",
    "rejected",
    "intercepted",
    "duplicate",
    "abnormal_card",
    "bank_failed",
    "death_in_period",
]

CATEGORY_LABELS: dict[Category, str] = {"destitute": "特困分散供养", "minimum_living": "低保"}

RULES = {
    "bad_check": "R01", "bad_date": "R01", "full_width": "R01", "under_age": "R03", "dead_before": "R04",
    "dead_within": "R04", "duplicate_in_file": "R05", "duplicate_across": "R05", "exclusive": "R06",
    "not_member": "R07", "out_of_region": "R08", "payroll": "R09", "prisoner": "R10",
    "card_other_name": "R12",
}  # fmt: skip
BLOCKING = {"under_age", "dead_before", "exclusive", "not_member", "out_of_region", "prisoner"}


@dataclass(slots=True, frozen=True)
class Card:
    """What 人社 and the bank know. Statuses as in the simulators."""

    ssc_no: str
    bank_code: str
    account_no: str
    account_name: str
    card_status: str = "normal"
    financial_function: str = "active"
    account_status: str = "normal"


@dataclass(slots=True, frozen=True)
class Helper:
    """Someone who applies for others (代办人)."""

    name: str
    id_no: str
    phone: str


@dataclass(slots=True, frozen=True)
class Person:
    """One application. `id_no` is the true number, `id_typed` the spelling that is handed in."""

    ref: str
    name: str
    id_no: str
    id_typed: str
    born: date
    gender: Literal["male", "female"]
    phone: str
    village: str
    category: Category
    channel: Channel
    card: Card | None
    fault: str = ""
    helper: Helper | None = None
    died: date | None = None
    duplicate_of: str | None = None

    @property
    def township(self) -> str:
        """Nine-digit code."""
        return self.village[:9]

    @property
    def member(self) -> bool:
        """Whether the civil affairs register really has this person in the claimed category."""
        return self.fault != "not_member"

    @property
    def rule(self) -> str | None:
        """The rule that should speak, warnings included."""
        return RULES.get(self.fault)

    @property
    def expect(self) -> Outcome:
        """What should become of this application when everybody does their work."""
        if self.duplicate_of:
            return "duplicate"
        if self.fault in ("bad_check", "bad_date", "full_width"):
            return "refused"
        if self.fault in BLOCKING:
            # An import has no 资格校验 of its own: its rows meet the same rules at 预警核实.
            return "intercepted" if self.channel == "roster" else "rejected"
        if self.fault.startswith("card_"):
            return "abnormal_card"
        if self.fault == "dead_within":
            return "death_in_period"
        return "bank_failed" if self.fault == "bank_frozen" else "paid"


@dataclass(slots=True)
class Population:
    """All applications of one period, with the helpers who file some of them."""

    people: list[Person]
    period: str
    seed: int
    helpers: list[Helper] = field(default_factory=list)

    def online(self) -> list[Person]:
        """Those who apply through the citizen's door, themselves or by a helper."""
        return [one for one in self.people if one.channel != "roster"]

    def rosters(self) -> dict[str, list[Person]]:
        """Those who come by file, by township code, in file order."""
        found: dict[str, list[Person]] = {}
        for one in self.people:
            if one.channel == "roster":
                found.setdefault(one.township, []).append(one)
        return dict(sorted(found.items()))

    def originals(self) -> Iterator[Person]:
        """Every real person once."""
        return (one for one in self.people if one.duplicate_of is None)

    def agency_world(self) -> Iterator[dict[str, Any]]:
        """Rows for the agency simulator's `POST /v1/world`."""
        for one in self.originals():
            if card := one.card:
                yield {
                    "id_no": one.id_no,
                    "name": one.name,
                    "ssc_no": card.ssc_no,
                    "card_status": card.card_status,
                    "financial_function": card.financial_function,
                    "bank_code": card.bank_code,
                    "account_no": card.account_no,
                    "account_name": card.account_name,
                }

    def bank_world(self) -> Iterator[dict[str, Any]]:
        """Rows for the bank simulator's `POST /v1/world`."""
        for one in self.originals():
            if card := one.card:
                yield {
                    "account": card.account_no,
                    "name": card.account_name,
                    "status": card.account_status,
                    "bank_code": card.bank_code,
                }

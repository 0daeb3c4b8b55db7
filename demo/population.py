"""Invents the people of the demonstration, each with the truth about them and what should happen to them.

One seed gives the same people for ever. What the system sees is `id_typed`, the rosters and the reference
files; `fault`, `expect` and the truth fields are for the simulators' worlds and for tests only.
"""

import random
from calendar import monthrange
from dataclasses import replace
from datetime import date, timedelta

from demo import invented, regions
from demo.people import Card, Channel, Helper, Person, Population

# Shares of all applications. Bad numbers are 2.1 % together, the rate found in 泸州's first clean-up of 2.8 M
# rows; bad cards 1 %.
RATES: dict[str, float] = {
    "bad_check": 0.007, "bad_date": 0.007, "full_width": 0.007,
    "duplicate_in_file": 0.006, "duplicate_across": 0.006,
    "dead_before": 0.008, "dead_within": 0.002, "under_age": 0.006, "not_member": 0.008,
    "exclusive": 0.004, "out_of_region": 0.004, "payroll": 0.004, "prisoner": 0.002,
    "card_not_found": 0.002, "card_lost": 0.002, "card_cancelled": 0.002, "card_inactive": 0.002,
    "card_other_name": 0.002, "bank_frozen": 0.003,
}  # fmt: skip
SPELLED_15 = 0.01
LOWER_CASE_X = 0.3
"""Share of the numbers ending in X that are typed with a small x."""


def period_days(period: str) -> tuple[date, date]:
    """First and last day of a period such as 202305."""
    year, month = int(period[:4]), int(period[4:])
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def faults(rng: random.Random, count: int, rates: dict[str, float]) -> list[str]:
    """A fault ("" for most) per application; from 300 applications on, each kind occurs at least once."""
    floor = 1 if count >= 300 else 0
    chosen = [name for name, rate in rates.items() if rate for _ in range(max(floor, round(rate * count)))]
    if len(chosen) > count:
        raise ValueError("the rates add up to more than one")
    chosen += [""] * (count - len(chosen))
    rng.shuffle(chosen)
    return chosen


def generate(
    count: int = 500,
    seed: int = 1,
    period: str = "202305",
    online: float = 0.2,
    rates: dict[str, float] | None = None,
) -> Population:
    """Invent `count` applications; `online` is the share not coming by roster, a third of it by helpers."""
    rng = random.Random(seed)
    maker = Maker(rng, period)
    helpers = [maker.helper(n) for n in range(max(1, round(count * online / 18)))]
    people: list[Person] = []
    copies: list[str] = []
    for fault in faults(rng, count, RATES if rates is None else rates):
        if fault.startswith("duplicate_"):
            copies.append(fault)
            continue
        draw = rng.random()
        channel: Channel = "roster" if draw >= online else "helper" if draw < online / 3 else "citizen"
        helper = rng.choice(helpers) if channel == "helper" else None
        people.append(maker.person(channel, fault, helper))
    clean = [one for one in people if not one.fault]
    by_file = [one for one in clean if one.channel == "roster"]
    by_hand = [one for one in clean if one.channel != "roster"]
    for fault in copies:
        pool = (by_file if fault == "duplicate_in_file" else by_hand) or clean
        if not pool:
            raise ValueError("nobody to duplicate: too few applications")
        people.append(maker.copy(rng.choice(pool), fault))
    return Population(people, period, seed, helpers)


class Maker:
    """Makes one person after another; keeps numbers unique."""

    def __init__(self, rng: random.Random, period: str) -> None:
        self.rng = rng
        self.first, self.last = period_days(period)
        self.villages = [place.code for place in regions.at("village")]
        self.used: set[str] = set()
        self.serial = rng.randrange(1000, 5000)

    def identity(self, youngest: int, oldest: int) -> tuple[str, date, bool]:
        """An unused number; ages in full years on the first day of the period, with a year to spare."""
        while True:
            year = self.first.year
            earliest, latest = date(year - oldest, 1, 1), date(year - youngest - 1, 1, 1)
            born, male = invented.birth_date(self.rng, earliest, latest), self.rng.random() < 0.5
            number = invented.id_number(self.rng, born, male)
            if number not in self.used:
                self.used.add(number)
                return number, born, male

    def helper(self, n: int) -> Helper:
        """A grown-up who files for others."""
        return Helper(invented.person_name(self.rng), self.identity(22, 55)[0], invented.phone(9_000_000 + n))

    def person(self, channel: Channel, fault: str, helper: Helper | None) -> Person:
        """Someone new with the given fault."""
        self.serial += 1
        rng = self.rng
        number, born, male = self.identity(40, 58) if fault == "under_age" else self.identity(60, 96)
        died = None
        if fault == "dead_before":
            died = self.first - timedelta(days=rng.randrange(1, 400))
        if fault == "dead_within":
            died = self.first + timedelta(days=rng.randrange((self.last - self.first).days + 1))
        name = invented.person_name(rng)
        return Person(
            ref=f"P{self.serial:07d}",
            name=name,
            id_no=number,
            id_typed=self.typed(number, fault),
            born=born,
            gender="male" if male else "female",
            phone=invented.phone(self.serial),
            village=rng.choice(self.villages),
            category="destitute" if rng.random() < 0.12 else "minimum_living",
            channel=channel,
            card=self.card(name, fault),
            fault=fault,
            helper=helper,
            died=died,
        )

    def typed(self, number: str, fault: str) -> str:
        """The spelling that is handed in."""
        wrong = {
            "bad_check": invented.wrong_check,
            "bad_date": invented.impossible_date,
            "full_width": invented.full_width,
        }
        if fault in wrong:
            return wrong[fault](number)
        if self.rng.random() < SPELLED_15 and number[6:8] == "19":
            return invented.fifteen(number)
        return number.lower() if self.rng.random() < LOWER_CASE_X else number

    def card(self, name: str, fault: str) -> Card | None:
        """The card, with the fault the name says."""
        if fault == "card_not_found":
            return None
        statuses = {"card_lost": "lost", "card_cancelled": "cancelled"}
        other = fault == "card_other_name"
        return Card(
            ssc_no=invented.social_security_no(self.serial),
            bank_code=self.rng.choice(invented.OUTLETS),
            account_no=invented.account_no(self.rng, self.serial),
            account_name=invented.person_name(self.rng) + "氏" if other else name,
            card_status=statuses.get(fault, "normal"),
            financial_function="inactive" if fault == "card_inactive" else "active",
            account_status="frozen" if fault == "bank_frozen" else "normal",
        )

    def copy(self, original: Person, fault: str) -> Person:
        """The same person once more, by roster, where possible under another spelling of the number."""
        self.serial += 1
        number = original.id_no
        typed = (
            invented.fifteen(number) if number[6:8] == "19" and self.rng.random() < 0.5 else number.lower()
        )
        return replace(
            original, ref=f"P{self.serial:07d}", id_typed=typed, channel="roster", helper=None, fault=fault,
            duplicate_of=original.ref,
        )  # fmt: skip

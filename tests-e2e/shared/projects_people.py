"""The people of the six projects: few, invented, each with what must stand on their account in the end."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from demo import invented, regions
from demo.population import Maker

COUNTY = "539901"
TOWNSHIP, LATE = "539901101", "539901102"
"""Where people live; the second one sends its register of areas when the price is already fixed."""
HEADINGS = ("姓名", "身份证号码", "联系电话", "村（社区）", "补贴对象类别", "数量")


@dataclass(frozen=True, slots=True)
class Someone:
    """One beneficiary. `fen` is what the project's rules owe them; `payee`: another one's card is paid."""

    name: str
    id_no: str
    phone: str
    account: str
    ssc_no: str
    bank_code: str
    category: str
    label: str
    fen: int
    quantity: str = "1"
    township: str = TOWNSHIP
    form: Mapping[str, Any] = field(default_factory=dict)
    channel: str = "roster"
    marks: frozenset[str] = frozenset()
    payee: "Someone | None" = None

    @property
    def village(self) -> str:
        """All live in the first village of their township."""
        return regions.at("village", self.township)[0].code

    @property
    def paid_to(self) -> str:
        """The account that the money goes to."""
        return self.payee.account if self.payee else self.account

    def row(self, *, quantity: bool) -> tuple[str, ...]:
        """The person on a roster."""
        cells = (self.name, self.id_no, self.phone, regions.name(self.village), self.label)
        return (*cells, self.quantity) if quantity else cells

    def card(self) -> dict[str, str]:
        """What 人社 knows."""
        return {
            "id_no": self.id_no, "name": self.name, "ssc_no": self.ssc_no, "card_status": "normal",
            "financial_function": "active", "bank_code": self.bank_code, "account_no": self.account,
            "account_name": self.name,
        }  # fmt: skip

    def bank(self) -> dict[str, str]:
        """What the bank knows."""
        return {
            "account": self.account,
            "name": self.name,
            "status": "normal",
            "bank_code": self.bank_code,
        }


class Village:
    """Makes people; numbers, cards and phones are unique."""

    def __init__(self, seed: int = 611) -> None:
        self.rng = random.Random(f"projects|{seed}")
        self.maker = Maker(self.rng, "202305")
        self.serial = 7_310_000
        self.everybody: list[Someone] = []

    def someone(
        self,
        category: str,
        label: str,
        fen: int,
        *,
        age: tuple[int, int] = (30, 55),
        born: date | None = None,
        **more: Any,
    ) -> Someone:
        """Somebody of an age in full years on the first of May 2023 (with a year to spare), or born on a day."""
        self.serial += 1
        number = (
            self.maker.identity(*age)[0]
            if born is None
            else invented.id_number(self.rng, born, self.rng.random() < 0.5)
        )
        marks = frozenset(more.pop("marks", ()))
        one = Someone(
            invented.person_name(self.rng), number, invented.phone(self.serial),
            invented.account_no(self.rng, self.serial), invented.social_security_no(self.serial),
            self.rng.choice(invented.OUTLETS), category, label, fen, marks=marks, **more,
        )  # fmt: skip
        self.everybody.append(one)
        return one


def elderly(make: Village) -> list[Someone]:
    """11810: 50 yuan of 低保, 100 of 特困; one citizen who is on no register."""
    low, poor = ("minimum_living", "低保"), ("destitute", "特困分散供养")
    return [
        *(make.someone(*low, 50_00, age=(62, 78), marks={"member"}) for _ in range(3)),
        *(make.someone(*poor, 100_00, age=(62, 78), marks={"member"}) for _ in range(2)),
        make.someone(*low, 50_00, age=(62, 78), marks={"member"}, channel="citizen"),
        make.someone(*low, 0, age=(62, 78), marks={"refused"}, channel="citizen"),
    ]


def households(make: Village) -> list[Someone]:
    """11820: a flat sum by grade to the head; one owns a car and is visited, one is refused by the visit."""

    def head(grade: str, label: str, fen: int, **more: Any) -> Someone:
        form = {"members": 3, "yearly_income": 5200}
        return make.someone(grade, label, fen, form=form, channel="counter", **more)

    return [
        head("grade_a", "A档", 534_00),
        head("grade_b", "B档", 400_50),
        head("grade_b", "B档", 400_50),
        head("grade_c", "C档", 267_33, marks={"vehicle"}),
        head("grade_c", "C档", 267_33),
        head("grade_c", "C档", 0, marks={"refused"}),
    ]


POOL_FEN = 98_765_43
"""An odd sum: no price of four decimals divides it."""
AREAS = ("3.37", "11.25", "0.66", "7.0001")
TYPED = {"11.25": "12.5"}
"""An area as the register has it, before it is measured and corrected."""
LATE_AREAS = ("4.19", "2.81")
RESERVED = "7.25"
"""What the late township declares beforehand; it comes with less."""


def farmland(make: Village) -> list[Someone]:
    """21010: what an area yields is only known when the pool is divided (`fen` is 0 here); one claims 600 亩."""
    kind = ("contract", "确权承包地")
    return [
        *(make.someone(*kind, 0, quantity=TYPED.get(area, area)) for area in AREAS),
        make.someone(*kind, 0, quantity="600", marks={"refused"}),
        *(make.someone(*kind, 0, quantity=area, township=LATE) for area in LATE_AREAS),
    ]


def aged(make: Village) -> list[Someone]:
    """11830: 60, 120 and 500 yuan from 80, 90 and 100 years; one is 79."""
    bands = (("age_80", "80至89周岁", 60_00, (81, 89)), ("age_90", "90至99周岁", 120_00, (91, 99)))
    return [
        *(make.someone(*band[:3], age=band[3]) for band in bands for _ in range(2)),
        make.someone("age_100", "100周岁及以上", 500_00, age=(101, 104)),
        make.someone("age_80", "80至89周岁", 0, age=(74, 78), marks={"refused"}),
    ]


def children(make: Village) -> list[Someone]:
    """31010: 300 yuan a month until the third birthday, to the child's own card or a parent's."""

    def child(born: date, months: int, **more: Any) -> Someone:
        form = {"relation": "母亲", "birth_month": f"{born:%Y-%m}"}
        owed = 0 if "refused" in more.get("marks", ()) else months * 300_00
        marks = {"birth"} | set(more.pop("marks", ()))
        return make.someone(
            "first_child", "一孩", owed, born=born, quantity=str(months), form=form, channel="helper",
            marks=marks, **more,
        )  # fmt: skip

    mother = make.someone("", "", 0, marks={"payee"})
    return [
        child(date(2022, 3, 9), 12),
        child(date(2020, 5, 17), 5),
        child(date(2021, 11, 2), 12, payee=mother),
        child(date(2020, 9, 30), 9, payee=mother),
        child(date(2022, 7, 1), 12, marks={"refused"}),
    ]


def machines(make: Village) -> list[Someone]:
    """21020: a fixed sum for each machine of a kind; one machine is not the one on the invoice."""

    def buyer(kind: str, label: str, count: int, fen: int, **more: Any) -> Someone:
        form = {
            "machine": f"{label}-504",
            "invoice_no": f"{make.serial % 10**8:08d}",
            "invoice_fen": 9_800_000,
        }
        owed = 0 if "refused" in more.get("marks", ()) else count * fen
        return make.someone(kind, label, owed, quantity=str(count), form=form, channel="citizen", **more)

    return [
        buyer("tractor", "轮式拖拉机", 1, 12_300_00),
        buyer("tractor", "轮式拖拉机", 2, 12_300_00),
        buyer("tiller", "微耕机", 3, 480_05),
        buyer("harvester", "谷物联合收割机", 1, 33_999_99),
        buyer("tiller", "微耕机", 1, 480_05, marks={"refused"}),
    ]

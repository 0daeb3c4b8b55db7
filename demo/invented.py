"""Invented names and numbers: valid in form, and on codes that nobody real can have."""

import random
from datetime import date, timedelta

from kit.checkdigits import cnaps_check_digit, luhn_check_digit
from kit.idnumber import check_character

ID_PREFIXES = ("532699", "510999")
"""Region codes that GB/T 2260 has not assigned."""

_SURNAMES = "赵钱孙李周吴郑冯陈褚卫蒋沈韩杨朱秦许何吕张孔曹严金魏陶姜谢邹柏窦章苏潘葛范彭鲁韦马苗方俞任袁柳唐"
_COMPOUND = ("欧阳", "司徒", "上官", "诸葛", "令狐", "慕容")
_OLD = "桂秀淑玉凤兰菊香琴素翠银珍莲德福贵荣寿廷永正开朝国文明光金世宗祥应存有怀启"
_RARE = "霁漪鹭岫荻蘅澜葭栖箬絮茗笺蓼筱桐砚萤泠漱澄陌篁汀澹霭枕垭苇溆沅汐璟珩琬"
_MINORITY = ("阿依", "木呷", "惹作", "石则", "果果", "尔古", "沙玛", "吉克")

OUTLETS = tuple(
    f"{first}{cnaps_check_digit(first)}"
    for first in ("40299990001", "10299990002", "10399990003", "40399990004")
)
"""Outlet numbers (联行号) with a right check digit in an area code that does not exist."""


def person_name(rng: random.Random) -> str:
    """A name of at least three characters, one of them rare, so that no real person is meant.

    Three characters and up also keep a search for leaked names free of chance hits.
    """
    kind = rng.random()
    rare = rng.choice(_RARE)
    if kind < 0.02:
        return f"{rng.choice(_MINORITY)}·{rng.choice(_MINORITY)}{rare}"
    if kind < 0.05:
        return rng.choice(_COMPOUND) + rng.choice(_OLD) + rare
    return rng.choice(_SURNAMES) + rng.choice(_OLD) + rare


def birth_date(rng: random.Random, earliest: date, latest: date) -> date:
    """A day between the two, both included."""
    return earliest + timedelta(days=rng.randrange((latest - earliest).days + 1))


def id_number(rng: random.Random, born: date, male: bool) -> str:
    """A valid 18-character number (GB 11643); its 17th digit is odd for a man."""
    sequence = rng.randrange(1, 500) * 2 - (1 if male else 0)
    body = f"{rng.choice(ID_PREFIXES)}{born:%Y%m%d}{sequence:03d}"
    return body + check_character(body)


def wrong_check(number: str) -> str:
    """The number with another last digit."""
    return number[:17] + ("0" if number[17] != "0" else "1")


def impossible_date(number: str) -> str:
    """The number with 30 February as birthday, and the check digit that would fit it."""
    body = f"{number[:10]}0230{number[14:17]}"
    return body + check_character(body)


def full_width(number: str) -> str:
    """The number in full-width characters, as an input method writes it."""
    return "".join(chr(ord(character) + 0xFEE0) for character in number)


def fifteen(number: str) -> str:
    """The old 15-digit spelling of a number of someone born in the 20th century."""
    return number[:6] + number[8:17]


def phone(serial: int) -> str:
    """An 11-digit mobile number in block 154, which no operator has been given."""
    return f"1540{serial % 10_000_000:07d}"


def social_security_no(serial: int) -> str:
    """A nine-character social security card number."""
    return f"Y{serial % 100_000_000:08d}"


def account_no(rng: random.Random, serial: int) -> str:
    """A card account of 16 or 19 digits with a valid Luhn digit; unique by its serial."""
    body = f"623000{serial:012d}" if rng.random() < 0.7 else f"623000{serial:09d}"
    return body + luhn_check_digit(body)

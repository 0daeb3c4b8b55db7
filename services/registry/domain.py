"""What the registry decides without a database: who may read what, and how names compare."""

import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from contracts.registry import PersonIn

CHILD_UNDER_YEARS = 14
"""Below this age a person's data are sensitive (个人信息保护法 art. 28): posted masked (decisions §5)."""
MAX_NAME_LENGTH = 60
_DOTS = dict.fromkeys(map(ord, "•・‧∙．●"), "·")


class RoomOperation(StrEnum):
    """What other rooms may ask; the value is the operation's name in `x-authz` and in the audit."""

    RESOLVE = "registry.resolve"
    PROFILES = "registry.read_profiles"
    IDENTITIES = "registry.read_identities"
    NAMES = "registry.read_names"
    READ_ACCOUNTS = "registry.read_accounts"
    PUT_ACCOUNTS = "registry.put_accounts"
    BLIND_INDEXES = "registry.blind_indexes"


ALLOWED_ROOMS: dict[RoomOperation, frozenset[str]] = {
    RoomOperation.RESOLVE: frozenset({"application", "batch", "portal"}),
    RoomOperation.PROFILES: frozenset({"verification"}),
    RoomOperation.IDENTITIES: frozenset({"card_matching"}),
    RoomOperation.NAMES: frozenset({"publicity", "batch"}),
    RoomOperation.READ_ACCOUNTS: frozenset({"payment"}),
    RoomOperation.PUT_ACCOUNTS: frozenset({"card_matching"}),
    RoomOperation.BLIND_INDEXES: frozenset({"verification"}),
}
"""Minimal use (PIPL art. 6): a room that needs no number is never given one. The one place that says so."""


class NameProblem(StrEnum):
    """Why a text is no name, or not this person's."""

    EMPTY = "name_empty"
    TOO_LONG = "name_too_long"
    CHARACTERS = "name_characters"
    DIFFERS = "name_differs"


NAME_MESSAGES = {
    NameProblem.EMPTY: "姓名为空 (name is empty)",
    NameProblem.TOO_LONG: "姓名过长 (name is too long)",
    NameProblem.CHARACTERS: "姓名含非法字符 (name has characters that no name has)",
    NameProblem.DIFFERS: "该身份证号已登记在其他姓名下 (this ID number is registered under another name)",
}

NOT_KNOWN = "not_known"
NOT_KNOWN_MESSAGE = "该人员尚未登记 (this person is not registered)"


@dataclass(frozen=True, slots=True)
class Person:
    """One usable person of a request: canonical, keyed, not yet known to be new."""

    place: int
    source: PersonIn
    number: str
    name: str
    blind_index: str
    notices: tuple[str, ...]


def canonical_name(text: str) -> str | NameProblem:
    """One spelling per name: no blanks, one kind of middle dot, composed characters; or what is wrong."""
    name = "".join(unicodedata.normalize("NFC", text).translate(_DOTS).split())
    if not name:
        return NameProblem.EMPTY
    if len(name) > MAX_NAME_LENGTH:
        return NameProblem.TOO_LONG
    if name[0] in "-·" or any(_in_no_name(unicodedata.category(character)) for character in name):
        return NameProblem.CHARACTERS
    return name


def _in_no_name(category: str) -> bool:
    # Unassigned and private-use characters stay allowed: rare characters of real names stand there.
    return category in {"Cc", "Cf", "Cs"} or category[0] in "NSZ"


def birth_date_of(number: str) -> date:
    """The birth date in a canonical number; it was checked when the person was registered."""
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def gender_of(number: str) -> str:
    """`male` or `female`, from the 17th digit of a canonical number: odd is male."""
    return "male" if int(number[16]) % 2 else "female"


def is_child(birth_date: date, today: date) -> bool:
    """Whether the person has not yet completed the fourteenth year of life."""
    birthday_passed = (today.month, today.day) >= (birth_date.month, birth_date.day)
    return today.year - birth_date.year - (not birthday_passed) < CHILD_UNDER_YEARS


def digest_of(subject_ids: Iterable[str]) -> str:
    """SHA-256 over the sorted ids: names the set of persons an audit row is about; hex."""
    return "sha256:" + hashlib.sha256("\n".join(sorted(set(subject_ids))).encode()).hexdigest()

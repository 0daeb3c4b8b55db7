"""What the registry decides without a database: who may read what, and how names compare."""

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from contracts.registry import Basis, PersonIn

CHILD_UNDER_YEARS = 14
"""Below this age a person's data are sensitive (个人信息保护法 art. 28): posted masked (decisions §5)."""
MAX_NAME_LENGTH = 60
_DOTS = dict.fromkeys(map(ord, "•・･‧∙⋅．.●"), "·")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


class RoomOperation(StrEnum):
    """What other rooms may ask; the value is the operation's name in `x-authz` and in the audit."""

    RESOLVE = "registry.resolve"
    PROFILES = "registry.read_profiles"
    IDENTITIES = "registry.read_identities"
    NAMES = "registry.read_names"
    READ_ACCOUNTS = "registry.read_accounts"
    PUT_ACCOUNTS = "registry.put_accounts"
    BLIND_INDEXES = "registry.blind_indexes"
    HOUSEHOLDS = "registry.resolve_households"
    CHECK_PAYEES = "registry.check_payees"
    TOKENS = "registry.agency_tokens"


ALLOWED_ROOMS: dict[RoomOperation, frozenset[str]] = {
    RoomOperation.RESOLVE: frozenset({"application", "batch", "portal"}),
    RoomOperation.PROFILES: frozenset({"verification"}),
    RoomOperation.IDENTITIES: frozenset({"card_matching"}),
    RoomOperation.NAMES: frozenset({"publicity", "batch"}),
    RoomOperation.READ_ACCOUNTS: frozenset({"payment"}),
    RoomOperation.PUT_ACCOUNTS: frozenset({"card_matching"}),
    RoomOperation.BLIND_INDEXES: frozenset({"verification"}),
    RoomOperation.HOUSEHOLDS: frozenset({"application", "batch"}),
    RoomOperation.CHECK_PAYEES: frozenset({"batch", "card_matching", "payment"}),
    RoomOperation.TOKENS: frozenset({"exchange"}),
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
    """One spelling per name: no blanks, one kind of middle dot, no full-width letters, composed characters.

    Or what is wrong. A variant character is another spelling: it becomes the person's by two people's decision.
    """
    name = "".join(unicodedata.normalize("NFC", text).translate(_DOTS).translate(_FULL_WIDTH).split())
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


class Kind(StrEnum):
    """What officials change: who is paid, households, another spelling of a name, erasure."""

    PAYEE = "payee"
    HEAD = "head"
    SPLIT = "split"
    JOIN = "join"
    LEAVE = "leave"
    ALIAS = "alias"
    ERASE = "erase"


OF_HOUSEHOLDS = frozenset({Kind.HEAD, Kind.SPLIT, Kind.JOIN, Kind.LEAVE})
DEATH = "death"
"""The reason with which a change of head also lets the former head leave."""


class Wrong(StrEnum):
    """Why a change does not fit what stands."""

    NOT_A_HOUSEHOLD = "not_a_household"
    IS_A_HOUSEHOLD = "is_a_household"
    NO_MEMBER = "no_member"
    ALREADY_MEMBER = "already_member"
    MEMBER_ELSEWHERE = "member_elsewhere"
    ALREADY_HEAD = "already_head"
    HEAD_STAYS = "head_stays"
    NOBODY = "nobody"
    ONE_PERSON = "one_person"
    BASIS = "basis"
    VALIDITY = "validity"
    SAME_NAME = "same_name"


WRONG_MESSAGES = {
    Wrong.NOT_A_HOUSEHOLD: "不是家庭户 (not a household)",
    Wrong.IS_A_HOUSEHOLD: "不是自然人 (not a single person)",
    Wrong.NO_MEMBER: "不是该户成员 (not a member of this household)",
    Wrong.ALREADY_MEMBER: "已是该户成员 (already a member of this household)",
    Wrong.MEMBER_ELSEWHERE: "已登记在其他户 (a member of another household)",
    Wrong.ALREADY_HEAD: "已是户主 (already the head)",
    Wrong.HEAD_STAYS: "户主须先变更才能迁出 (a head leaves only after a change of head)",
    Wrong.NOBODY: "未指明人员 (nobody is named)",
    Wrong.ONE_PERSON: "应指明一人 (exactly one person is to be named)",
    Wrong.BASIS: "收款依据与收款人不符 (the basis does not fit the payee)",
    Wrong.VALIDITY: "有效期不正确；代领须有截止日 (validity is wrong; 代领 needs a last day)",
    Wrong.SAME_NAME: "姓名已一致 (the name is known already)",
}


@dataclass(frozen=True, slots=True)
class Home:
    """A household as it stands."""

    household_id: str
    subject_id: str
    township: str
    head_id: str
    members: frozenset[str]
    rev: int


def wrong_household(
    kind: Kind, home: Home, persons: Sequence[str], elsewhere: frozenset[str]
) -> Wrong | None:
    """Why these persons can't be made head, be split off, join or leave; `elsewhere` live in other households."""
    named = frozenset(persons)
    if not named:
        return Wrong.NOBODY
    if kind is Kind.JOIN:
        if named & home.members:
            return Wrong.ALREADY_MEMBER
        return Wrong.MEMBER_ELSEWHERE if named & elsewhere else None
    if named - home.members:
        return Wrong.NO_MEMBER
    if kind is Kind.HEAD:
        if len(named) != 1:
            return Wrong.ONE_PERSON
        return Wrong.ALREADY_HEAD if home.head_id in named else None
    return Wrong.HEAD_STAYS if home.head_id in named else None


def wrong_payee(
    basis: Basis, subject_id: str, head_id: str | None, persons: Sequence[str], first: date, last: date | None
) -> Wrong | None:
    """Why this person can't be the payee on this ground, from the first to the last day."""
    if len(set(persons)) != 1:
        return Wrong.ONE_PERSON
    fits = {
        Basis.SELF: persons[0] == subject_id,
        Basis.HOUSEHOLD_HEAD: persons[0] == head_id,
        Basis.GUARDIAN: persons[0] != subject_id and head_id is None,
        Basis.AUTHORISED: persons[0] not in (subject_id, head_id),
    }
    if not fits[basis]:
        return Wrong.BASIS
    if (last is not None and last < first) or (basis is Basis.AUTHORISED and last is None):
        return Wrong.VALIDITY
    return None

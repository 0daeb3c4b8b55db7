"""Resident ID numbers (GB 11643): one canonical spelling per person, or a reason in words for the refusal.

One person under two spellings would be paid twice, so 15 digits and a lower-case x are normalised and
flagged. Full-width digits are refused: such a file was typed, not exported, and deserves a second look.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from operator import mul

from kit.checkdigits import cnaps_valid, luhn_valid

__all__ = [
    "Gender",
    "IdFlag",
    "IdNumber",
    "IdProblem",
    "IdReason",
    "check_character",
    "cnaps_valid",
    "luhn_valid",
    "normalise",
]

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_ZEROS = ord("0") * sum(_WEIGHTS)
_DIGITS = frozenset("0123456789")
_EARLIEST_BIRTH_YEAR = 1850


class Gender(StrEnum):
    """From the 17th digit: odd is male."""

    MALE = "male"
    FEMALE = "female"


class IdFlag(StrEnum):
    """How the given spelling differed from the canonical one."""

    TRIMMED = "trimmed"
    LOWER_CASE_X = "lower_case_x"
    FIFTEEN_DIGITS = "fifteen_digits"


class IdReason(StrEnum):
    """Why a text is no ID number."""

    EMPTY = "id_empty"
    FULL_WIDTH = "id_full_width"
    WRONG_LENGTH = "id_wrong_length"
    NOT_DIGITS = "id_not_digits"
    IMPOSSIBLE_DATE = "id_impossible_date"
    WRONG_CHECK_DIGIT = "id_wrong_check_digit"


_MESSAGES = {
    IdReason.EMPTY: "身份证号为空 (ID number is empty)",
    IdReason.FULL_WIDTH: "身份证号含全角字符 (ID number has full-width characters)",
    IdReason.WRONG_LENGTH: "身份证号应为18位或15位 (ID number must have 18 or 15 characters)",
    IdReason.NOT_DIGITS: "身份证号含非法字符 (ID number has characters that are not digits)",
    IdReason.IMPOSSIBLE_DATE: "身份证号中的出生日期不存在 (ID number has an impossible birth date)",
    IdReason.WRONG_CHECK_DIGIT: "身份证校验码错误 (wrong check digit)",
}


@dataclass(frozen=True, slots=True)
class IdProblem:
    """A refusal; it never repeats the text that was refused."""

    reason: IdReason

    @property
    def code(self) -> str:
        """The machine-readable reason."""
        return self.reason.value

    @property
    def message(self) -> str:
        """The reason in words, Chinese first."""
        return _MESSAGES[self.reason]


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A canonical 18-character number. The region prefix is where it was first issued, never a residence."""

    number: str = field(repr=False)
    birth_date: date = field(repr=False)
    gender: Gender
    flags: frozenset[IdFlag] = frozenset()

    def __str__(self) -> str:
        # Interpolated by accident into a log line, the whole number would leak.
        return "IdNumber(***)"


def check_character(first_seventeen: str) -> str:
    """The 18th character: Σ digit × weight mod 11, looked up (ISO 7064 MOD 11-2)."""
    if len(first_seventeen) != len(_WEIGHTS):
        raise ValueError("seventeen digits")
    # Character codes instead of int(): a roster has a hundred thousand numbers, looked at in several rooms.
    return _CHECK[(sum(map(mul, first_seventeen.encode("ascii"), _WEIGHTS)) - _ZEROS) % 11]


def _is_full_width(character: str) -> bool:
    return "\uff01" <= character <= "\uff5e" or character == "\u3000"


def _birth_date(digits: str, today: date | None) -> date | None:
    try:
        born = date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
    except ValueError:
        return None
    return born if born.year >= _EARLIEST_BIRTH_YEAR and (today is None or born <= today) else None


def normalise(text: str, *, today: date | None = None) -> IdNumber | IdProblem:
    """The canonical number, or the first reason against it; with `today`, no birth may lie in the future."""
    flags: set[IdFlag] = set()
    if not text.isascii() and any(_is_full_width(character) for character in text):
        return IdProblem(IdReason.FULL_WIDTH)
    trimmed = text.strip()
    if trimmed != text:
        flags.add(IdFlag.TRIMMED)
    if not trimmed:
        return IdProblem(IdReason.EMPTY)
    if len(trimmed) not in (15, 18):
        return IdProblem(IdReason.WRONG_LENGTH)
    body, last = (trimmed, "") if len(trimmed) == 15 else (trimmed[:17], trimmed[17])
    if not _DIGITS.issuperset(body) or (last and last not in _DIGITS and last not in "Xx"):
        return IdProblem(IdReason.NOT_DIGITS)
    if not last:
        flags.add(IdFlag.FIFTEEN_DIGITS)
        body = f"{body[:6]}19{body[6:]}"
        last = check_character(body)
    born = _birth_date(body, today)
    if born is None:
        return IdProblem(IdReason.IMPOSSIBLE_DATE)
    if last == "x":
        flags.add(IdFlag.LOWER_CASE_X)
    if last.upper() != check_character(body):
        return IdProblem(IdReason.WRONG_CHECK_DIGIT)
    gender = Gender.MALE if int(body[16]) % 2 else Gender.FEMALE
    return IdNumber(body + last.upper(), born, gender, frozenset(flags))

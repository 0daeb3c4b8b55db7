"""Masking for screens and notices, a scanner for what should have been masked, and a logging filter."""

import logging
import re
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field

from kit.checkdigits import luhn_valid
from kit.idnumber import IdNumber, normalise

# The two-character family names one meets; anything rarer is masked as if it had one character.
_FAMILIES = (
    "欧阳司马上官诸葛东方皇甫尉迟公孙慕容令狐宇文长孙司徒司空夏侯轩辕端木南宫西门呼延"
    "赫连澹台公冶宗政濮阳淳于单于太叔申屠仲孙钟离闻人鲜于闾丘亓官独孤拓跋百里东郭"
)
_COMPOUND = frozenset(_FAMILIES[i : i + 2] for i in range(0, len(_FAMILIES), 2))


def mask_name(name: str) -> str:
    """张三 → 张*, 张小三 → 张*三, 欧阳小某 → 欧**某, 欧阳某 → 欧**: as the field's own notices do it.

    Only the first character and, from three on, the last stay; a two-character family name shows its first.
    """
    text = name.strip()
    if len(text) <= 1:
        return "*" * len(text)
    if len(text) == 2 or (len(text) == 3 and text[:2] in _COMPOUND):
        return text[0] + "*" * (len(text) - 1)
    return text[0] + "*" * (len(text) - 2) + text[-1]


def mask_phone(phone: str) -> str:
    """13812341234 → 138****1234; anything else keeps its last two characters at most."""
    text = phone.strip()
    if re.fullmatch(r"1[0-9]{10}", text):
        return f"{text[:3]}****{text[-4:]}"
    return _tail(text, 2)


def mask_id(number: str) -> str:
    """First digit and last three stay: 5**************01X. Never on a public notice, not even so."""
    text = number.strip()
    return text[0] + "*" * (len(text) - 4) + text[-3:] if len(text) >= 15 else "*" * len(text)


def mask_account(account: str) -> str:
    """The last four digits stay."""
    return _tail(account.strip(), 4)


def _tail(text: str, shown: int) -> str:
    return "*" * (len(text) - shown) + text[-shown:] if len(text) > 2 * shown else "*" * len(text)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that looks like a person's data: its kind and where it stands, never itself."""

    kind: str
    start: int
    end: int
    text: str = field(repr=False)


# Not next to further digits or letters: a UUID's or a hash's middle is nobody's number.
_NUMBER = re.compile(r"(?<![0-9A-Za-z])[1-9](?:[ -]?[0-9]){9,18}(?:[ -]?[Xx])?(?![0-9A-Za-z])")
_UUID = re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")


def _kind(digits: str) -> str | None:
    if len(digits) in (15, 18) and isinstance(normalise(digits), IdNumber):
        return "id_number"
    if re.fullmatch(r"1[3-9][0-9]{9}", digits):
        return "phone"
    if re.fullmatch(r"[0-9]{16,19}", digits) and luhn_valid(digits) and digits[0] in "3456":
        return "account"
    return None


def find_pii(text: str) -> Iterator[Finding]:
    """ID numbers (by check digit), mobile numbers and cards (by Luhn), also spaced or dashed. Names can't be
    told from other words: a canary test plants and greps its own."""
    skipped = [match.span() for match in _UUID.finditer(text)]
    for match in _NUMBER.finditer(text):
        if any(start <= match.start() < end or start < match.end() <= end for start, end in skipped):
            continue
        kind = _kind(re.sub(r"[ -]", "", match[0]))
        if kind is not None:
            yield Finding(kind, match.start(), match.end(), match[0])


def looks_like_pii(text: str) -> bool:
    """Whether the text holds what looks like an ID number, a mobile number or a card."""
    return next(find_pii(text), None) is not None


def redact(text: str) -> str:
    """The text with such numbers replaced by their kind."""
    parts, done = [], 0
    for finding in find_pii(text):
        parts += [text[done : finding.start], f"[{finding.kind}]"]
        done = finding.end
    return "".join([*parts, text[done:]])


class RedactingFilter(logging.Filter):
    """Put on every handler: redacts the finished message; of an exception only its type and place stay."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact in place; never drops a record."""
        message = redact(record.getMessage())
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            where = "".join(traceback.format_tb(error.__traceback__)).rstrip()
            message = f"{message}\n{type(error).__name__} at\n{where}"
        record.exc_info = record.exc_text = None
        record.msg, record.args = message, ()
        return True

"""Dated photos as evidence that a posted sheet hung from the first day to the last (M58)."""

from datetime import date
from enum import StrEnum

MAX_PHOTO_BYTES = 5 * 1024 * 1024
_MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


class Moment(StrEnum):
    """Which end of the notice a photo proves."""

    START = "start"
    END = "end"


def media_type(data: bytes) -> str | None:
    """What the bytes themselves say they are: PNG, JPEG, or None; a file's name proves nothing."""
    return next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), None)


def date_fits(moment: Moment, taken_on: date, starts_on: date, ends_on: date, today: date) -> bool:
    """A start photo is from the notice's days, an end photo from its last day on; neither from tomorrow."""
    earliest, latest = (starts_on, ends_on) if moment is Moment.START else (ends_on, today)
    return earliest <= taken_on <= min(latest, today)


def lacking(offline: bool, have: frozenset[Moment]) -> list[Moment]:
    """What an offline notice still needs before its confirmation."""
    return [one for one in Moment if one not in have] if offline else []

"""What a check knows of a person or household."""

from datetime import date
from typing import NamedTuple


class Person(NamedTuple):
    """For one transaction only, never stored. A household has its head's data and the indexes of all members."""

    subject_id: str
    birth_date: date
    gender: str
    blind_index: str
    members: tuple[str, ...] = ()
